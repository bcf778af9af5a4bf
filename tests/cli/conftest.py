"""The command line inside this process."""

from datetime import UTC, datetime

import pytest

from sync.cli.context import App
from tests.support import Workspace
from tests.support.command import Tldops


@pytest.fixture
def tldops(workspace: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Tldops:
    """`tldops` in an empty workspace, with a clock that a test may set ahead and a terminal of 80 columns."""
    command = Tldops(workspace, lambda: (lambda both: (both.out, both.err))(capsys.readouterr()))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(App, "now", property(lambda app: datetime.now(UTC) + command.ahead))
    return command
