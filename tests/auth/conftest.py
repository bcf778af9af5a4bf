"""A directory with a few people, a store with some of them, and a gate between the two."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from radicale_tldops.login import directory as directories
from radicale_tldops.login import ldap
from radicale_tldops.login.gate import Gate
from radicale_tldops.roster.snapshot import Style
from radicale_tldops.serve.live import POLL_SECONDS, LiveStore
from radicale_tldops.settings import AuthSettings, DirectorySettings, LdapLoginSettings, Settings, StoreSettings
from radicale_tldops.store.members import add_device
from radicale_tldops.store.write import allow, deny
from tests.support.clock import START, Clock
from tests.support.directory import PEOPLE, Directory, directory, person
from tests.support.store import Store, denial, login

HOME = "192.0.2.7"
PASSWORDS = {name: f"{name}'s own password, chosen" for name in ("jane", "john", "mara", "zoe", "twin")}
"""What people chose at the directory. Zoe is not on the list."""

PEOPLE_THERE = (
    person("jane", "jane@nic.example", password=PASSWORDS["jane"]),
    person("john", "private@elsewhere.example", "john@nic.example", password=PASSWORDS["john"]),
    person("mara", "mara@nic.example", "mara.other@nic.example", password=PASSWORDS["mara"]),
    person("zoe", "zoe@nic.example", password=PASSWORDS["zoe"]),
    person("twin1", "twin@nic.example", password=PASSWORDS["twin"]),
    person("twin2", "twin@nic.example", password=PASSWORDS["twin"]),
)
READERS = ("jane", "john", "mara", "mara.other", "twin")


@dataclass
class Place:
    """A store with readers, a gate over it, and the clock of both."""

    store: Store
    settings: Settings
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.live = LiveStore(self.settings, self.clock)
        self.gate = Gate(self.settings, self.live, self.clock)

    def with_directory(self, asked: DirectorySettings, **changes: str) -> "Place":
        """The same store, and a gate that asks a directory; `changes` are further settings of [auth.ldap]."""
        ldap = replace(LdapLoginSettings(people_base=PEOPLE), **changes)
        return Place(self.store, replace(self.settings, ldap=asked, auth=AuthSettings(ldap=ldap)))

    def enter(self, user: str, password: str, peer: str = HOME) -> str:
        """Ask the gate; return the login of the reader, or "" for nobody."""
        identity = self.gate.identify(user, password, peer)
        return identity.reader.login if identity else ""

    def device(self, name: str, style: Style = Style.PLAIN) -> str:
        """Issue a device password, and let the gate see it."""
        reader = self.live.snapshot().readers[login(name)]
        _, password = add_device(self.store.members, reader, "phone", style, "tester", START)
        self.clock.now += POLL_SECONDS
        return password

    def deny(self, name: str) -> None:
        """Deny a login, and let the gate see it."""
        deny(self.store.roster, denial(login(name)))
        self.clock.now += POLL_SECONDS

    def allow(self, name: str) -> None:
        """Lift a denial, and let the gate see it."""
        allow(self.store.roster, login(name))
        self.clock.now += POLL_SECONDS

    def apply(self, put: Sequence[str] = (), remove: Sequence[str] = ()) -> None:
        """Write a generation, and let the gate see it."""
        self.store.apply(put=put, remove=remove)
        self.clock.now += POLL_SECONDS


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Readers, and no directory."""
    store = Store(tmp_path)
    store.apply(put=READERS)
    return Place(store, Settings(store=StoreSettings(store.roster, store.members)))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for a directory no longer than a second."""
    monkeypatch.setattr(directories, "ANSWER_SECONDS", 1.0)
    monkeypatch.setattr(ldap, "LOGIN_SECONDS", 1.0)


@pytest.fixture(scope="session")
def slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Directory]:
    """A directory that the tests share: none of them changes it."""
    with directory(tmp_path_factory.mktemp("slapd"), *PEOPLE_THERE) as running:
        yield running


@pytest.fixture
def asking(place: Place, slapd: Directory) -> Place:
    """Readers, and a gate that asks the directory by StartTLS."""
    return place.with_directory(slapd.settings())
