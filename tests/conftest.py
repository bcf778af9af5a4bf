"""Fixtures that all the tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import JANE, JOHN, World, serve
from tests.support.mailman import Mailman, mailman
from tests.support.site import SERVERS, Site, running


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of `make clients`."""
    parser.addoption("--desktop", action="store_true", help="also drive clients under a virtual display")
    parser.addoption("--pictures", action="store_true", help="with --desktop: write the pictures of the README anew")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the simulated year, the longest test: started last, it would run alone for minutes."""
    items.sort(key=lambda item: item.path.name != "test_year.py")


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A folder with a configuration and no store yet."""
    return World(tmp_path)


@pytest.fixture(scope="module", params=SERVERS)
def standing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server with the community's two lines, of both kinds, for tests that only read."""
    with running(World(tmp_path_factory.mktemp(request.param)), request.param, (JOHN, JANE)) as site:
        yield site


@pytest.fixture(params=SERVERS)
def either_server(request: pytest.FixtureRequest, world: World) -> Iterator[str]:
    """The URL of a server with the community's two lines: `tldops serve`, then the plugins in stock Radicale."""
    world.sync(JOHN, JANE)
    with serve(world, request.param) as url:
        yield url


@pytest.fixture(scope="session")
def mailman_core(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mailman]:
    """A running Mailman Core for the whole session; each test makes a list of its own."""
    with mailman(tmp_path_factory.mktemp("mailman")) as core:
        yield core
