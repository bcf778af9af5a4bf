"""Fixtures that all the tests share."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import JANE, JOHN, Client, Login, Workspace, serve
from tests.support.mailman import Mailman, mailman


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of `make clients`."""
    parser.addoption("--desktop", action="store_true", help="also drive clients under a virtual display")
    parser.addoption("--pictures", action="store_true", help="with --desktop: write the pictures of the README anew")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A folder with a configuration and no store yet."""
    return Workspace(tmp_path)


@dataclass(frozen=True)
class Standing:
    """A server that several tests of a module share: they only read from it."""

    kind: str
    url: str
    workspace: Workspace
    login: Login

    def client(self) -> Client:
        """A client with John's device password, style plain."""
        return Client(self.url, self.login)


@pytest.fixture(scope="module", params=["tldops", "radicale"])
def standing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """A server with the community's two lines, of both kinds, and John's device password."""
    workspace = Workspace(tmp_path_factory.mktemp(request.param))
    workspace.sync(JOHN, JANE)
    login = workspace.device("john.doe@nic.nl")
    with serve(workspace, request.param) as url:
        yield Standing(request.param, url, workspace, login)


@pytest.fixture(params=["tldops", "radicale"])
def either_server(request: pytest.FixtureRequest, workspace: Workspace) -> Iterator[str]:
    """The URL of a server with the community's two lines: `tldops serve`, then the plugins in stock Radicale."""
    workspace.sync(JOHN, JANE)
    with serve(workspace, request.param) as url:
        yield url


@pytest.fixture(scope="session")
def mailman_core(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mailman]:
    """A running Mailman Core for the whole session; each test makes a list of its own."""
    with mailman(tmp_path_factory.mktemp("mailman")) as core:
        yield core
