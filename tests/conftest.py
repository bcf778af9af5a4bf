"""Fixtures that all the tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import JANE, JOHN, Workspace, serve


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A folder with a configuration and no store yet."""
    return Workspace(tmp_path)


@pytest.fixture(params=["tldops", "radicale"])
def either_server(request: pytest.FixtureRequest, workspace: Workspace) -> Iterator[str]:
    """The URL of a server with the community's two lines: `tldops serve`, then the plugins in stock Radicale."""
    workspace.sync(JOHN, JANE)
    with serve(workspace, request.param) as url:
        yield url
