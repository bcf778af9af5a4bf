"""The command line inside this process."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sync.cli.context import App
from tests.support import World


@pytest.fixture
def tldops(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> World:
    """A world whose commands run in this process, with a clock that a test may set ahead and 80 columns."""
    world = World(tmp_path, lambda: (lambda both: (both.out, both.err))(capsys.readouterr()))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(App, "now", property(lambda app: datetime.now(UTC) + world.ahead))
    return world
