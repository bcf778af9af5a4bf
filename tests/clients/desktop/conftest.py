"""The demo's contacts on a server, and a Thunderbird that has their book. `make clients` runs what needs them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.clients.desktop.pictures import FOLDER
from tests.clients.desktop.thunderbird import Added, Thunderbird, missing, thunderbird
from tests.data.membership import Person, as_csv, people
from tests.support import World, serve
from tests.support.servers import skip_where
from tests.support.site import Site

BOOK = "TLD-OPS"

ZELIE = "Zélie Lemodèle"


def few_changes() -> list[Person]:
    """Return the demo's contacts after a new number, a new name, one new contact, and one contact who left."""
    jane, daan, *others = people(400)
    others.remove(next(person for person in others if person.name == ZELIE))
    eva = replace(daan, name="Eva Voorbeeld", slot=2, email="eva@nic-nl.example", phones=("+31100000572",))
    eva = replace(eva, oob_email="", pgp_fingerprint="", pgp_url="")
    return [replace(jane, phones=("+31610000146",)), replace(daan, name="Daan van Voorbeeld"), eva, *others]


@pytest.fixture(scope="session")
def asked_for(request: pytest.FixtureRequest) -> None:
    """Skip what needs large packages, unless it is asked for."""
    if not request.config.getoption("--desktop"):
        pytest.skip("needs large packages: make clients")


@pytest.fixture(scope="session")
def desktop(asked_for: None) -> None:
    """Skip what drives a program under a virtual display where the program is missing."""
    skip_where(missing())


@pytest.fixture(scope="session")
def pictures(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder for the pictures: the one of the documentation with `--pictures`."""
    return FOLDER if request.config.getoption("--pictures") else tmp_path_factory.mktemp("pictures")


@pytest.fixture(scope="module")
def demo(desktop: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server with the demo's 400 contacts, and Jane Doe's device password."""
    world = World(tmp_path_factory.mktemp("demo"))
    world.sync(*as_csv(people(400)).splitlines())
    login = world.device("jane.doe@nic-nl.example")
    with serve(world) as url:
        yield Site("tldops", url, world, login)


@pytest.fixture(scope="module")
def mail(desktop: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Thunderbird]:
    """Thunderbird with a new profile and without the book."""
    with thunderbird(tmp_path_factory.mktemp("thunderbird")) as running:
        yield running


@dataclass(frozen=True)
class Setup:
    """Thunderbird after the book was added, and what it said meanwhile."""

    mail: Thunderbird
    added: Added


@pytest.fixture(scope="module")
def setup(demo: Site, mail: Thunderbird) -> Setup:
    """Add the book as a member does."""
    added = mail.add_address_book(demo.url, demo.login)
    mail.press_continue()
    mail.until("return MailServices.ab.directories.some(book => book.dirName == given[0]);", BOOK)
    return Setup(mail, added)
