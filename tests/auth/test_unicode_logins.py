"""Every spelling of a login is that login, and what only looks like it is not."""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import pytest

from radicale_tldops.roster.login import canonical_login
from radicale_tldops.roster.snapshot import Style
from radicale_tldops.serve.live import POLL_SECONDS
from radicale_tldops.settings import Settings, StoreSettings
from radicale_tldops.store.members import add_device
from radicale_tldops.store.values import Change, Counts, NewReader, Stamp
from radicale_tldops.store.write import apply_change
from tests.auth.conftest import Place
from tests.support.clock import START
from tests.support.directory import PEOPLE, directory
from tests.support.store import Store, new_card, uid

LISTED = {
    "plain": "jane.doe@nic.example",
    "composed": "j\u00f6rg@nic.example",
    "kelvin": "kim@nic.example",
    "sharp": "gro\u00df@nic.example",
    "idn": "anna@xn--mnchen-3ya.example",
    "idn ss": "otto@strasse.example",
    "idn sharp": "emil@xn--strae-oqa.example",
    "greek": "nikos@xn--hxajbheg2az3al.example",
    "arabic": "huda@xn--mgbh0fb.example",
    "cyrillic": "\u0438\u0432\u0430\u043d@nic.example",
    "cyrillic look-alike": "\u0430nna@nic.example",
    "latin look-alike": "anna@nic.example",
    "dotless": "\u0131lk@nic.example",
    "dotted": "ilk@nic.example",
    "ligature": "office@nic.example",
}
"""Who is on the list; the keys say what is special."""

# What is typed, and who of the list that is; "" is nobody.
SPELLINGS = (
    # Case.
    ("JANE.DOE@NIC.EXAMPLE", "plain"), ("Jane.Doe@Nic.Example", "plain"), ("jane.doe@nic.example~groups", "plain"),
    # NFC and NFD, in upper and lower case.
    ("j\u00f6rg@nic.example", "composed"), ("jo\u0308rg@nic.example", "composed"),
    ("J\u00d6RG@nic.example", "composed"),
    ("JO\u0308RG@NIC.EXAMPLE", "composed"), ("jorg@nic.example", ""), ("joerg@nic.example", ""),
    # Full-width letters, the full-width at sign and the dots that IDNA knows.
    ("\uff4a\uff41\uff4e\uff45.doe@nic.example", "plain"), ("jane.doe@\uff4e\uff49\uff43.example", "plain"),
    ("jane\uff0edoe@nic.example", "plain"), ("jane.doe@nic\u3002example", "plain"),
    ("jane.doe@nic\uff0eexample", "plain"),
    ("jane.doe@nic\uff61example", "plain"), ("jane.doe\uff20nic.example", ""), ("jane.doe\ufe6bnic.example", ""),
    # The Kelvin sign is a capital K (Unicode, NFKC); letters in circles and mathematical ones are letters.
    ("\u212aim@nic.example", "kelvin"), ("KIM@nic.example", "kelvin"), ("\u24d9ane.doe@nic.example", "plain"),
    ("\U0001d423ane.doe@nic.example", "plain"), ("\u1d0bim@nic.example", ""), ("\u03baim@nic.example", ""),
    # Sharp s folds in the local part, and is a letter of its own in a domain (RFC 5894, 7.2).
    ("gro\u00df@nic.example", "sharp"), ("gross@nic.example", "sharp"), ("GROSS@NIC.EXAMPLE", "sharp"),
    ("gro\u1e9e@nic.example", "sharp"), ("otto@strasse.example", "idn ss"), ("otto@stra\u00dfe.example", ""),
    ("emil@stra\u00dfe.example", "idn sharp"), ("emil@strasse.example", ""),
    # IDN domains in both forms, in every case and composition.
    ("anna@m\u00fcnchen.example", "idn"), ("anna@xn--mnchen-3ya.example", "idn"), ("anna@M\u00dcNCHEN.example", "idn"),
    ("anna@mu\u0308nchen.example", "idn"), ("anna@XN--MNCHEN-3YA.EXAMPLE", "idn"), ("anna@munchen.example", ""),
    ("anna@muenchen.example", ""),
    ("nikos@\u03c0\u03b1\u03c1\u03ac\u03b4\u03b5\u03b9\u03b3\u03bc\u03b1.example", "greek"),
    ("huda@\u0645\u062b\u0627\u0644.example", "arabic"),
    # Look-alikes: another letter is another login, on the list or not.
    ("\u0430nna@nic.example", "cyrillic look-alike"), ("anna@nic.example", "latin look-alike"),
    ("\u0410nna@nic.example", "cyrillic look-alike"), ("ann\u0430@nic.example", ""), ("jane.doe@ni\u0441.example", ""),
    ("j\u0430ne.doe@nic.example", ""), ("jane.doe@nic.ex\u0430mple", ""), ("\u0437ane@nic.example", ""),
    ("\u0438\u0432\u0430\u043d@nic.example", "cyrillic"), ("\u0418\u0412\u0410\u041d@nic.example", "cyrillic"),
    # The dotless i is no i, and the dotted capital I is an i with a dot above it.
    ("\u0131lk@nic.example", "dotless"), ("ilk@nic.example", "dotted"), ("ILK@nic.example", "dotted"),
    ("\u0130lk@nic.example", ""), ("\ufb03ce@nic.example", ""), ("o\ufb03ce@nic.example", "ligature"),
    # What does not show, turns the direction, or is no character at all.
    ("jane.doe\u200b@nic.example", ""), ("jane.doe\u00ad@nic.example", ""), ("\u202ejane.doe@nic.example", ""),
    ("jane.doe@nic.example\u2028", ""), ("jane.doe@nic.example\n", ""), ("jane.doe@nic.example\x00", ""),
    ("jane.doe@nic.example ", ""), (" jane.doe@nic.example", ""), ("jane.doe@nic.example\u00a0", ""),
    ("jane.doe@nic.example\ufeff", ""), ("jane.doe@nic.example\ud800", ""), ("jane.doe@nic.example\ue000", ""),
    ("jane.doe\u034f@nic.example", ""), ("jane.doe\u0301@nic.example", ""), ("jane.doe@nic.example.", ""),
    ("jane.doe@@nic.example", ""), ("jane.doe", ""), ("jane.doe@", ""), ("@nic.example", ""), ("jane.doe@nic", ""),
)  # fmt: skip


PASSWORD = "one password for everybody"
EACH = pytest.mark.parametrize(("typed", "who"), SPELLINGS, ids=[ascii(typed) for typed, _ in SPELLINGS])


@dataclass(frozen=True)
class Listed:
    """A gate over a store with all of them on the list, without and with a directory."""

    by_device: Place
    by_directory: Place
    passwords: Mapping[str, str]


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listed]:
    """Everybody has a device password, and at the directory all have the same one."""
    folder = tmp_path_factory.mktemp("unicode")
    store = Store(folder)
    change = Change(
        cards=[new_card(name, "") for name in LISTED],
        readers=[NewReader(canonical_login(address), uid(name), name) for name, address in LISTED.items()],
    )
    counts = Counts(people=len(LISTED), readers=len(LISTED), added=len(LISTED))
    apply_change(store.roster, 0, change, Stamp(START, "tester", counts=counts))
    by_device = Place(store, Settings(store=StoreSettings(store.roster, store.members)))
    readers = by_device.live.snapshot().readers
    passwords = {
        name: add_device(store.members, readers[canonical_login(address)], name, Style.PLAIN, "tester", START)[1]
        for name, address in LISTED.items()
    }
    by_device.clock.now += POLL_SECONDS
    # What is not ASCII is base64 in LDIF; `mail` takes ASCII alone (RFC 4524, 2.16).
    entries = [
        f"dn: cn={number},{PEOPLE}\nobjectClass: inetOrgPerson\ncn: {number}\nsn: x\n"
        f"uid:: {spelt}\ndescription:: {spelt}\nuserPassword: {PASSWORD}\n"
        for number, address in enumerate(LISTED.values())
        for spelt in [base64.b64encode(canonical_login(address).encode()).decode()]
    ]
    with directory(folder / "slapd", *entries) as running:
        by_directory = by_device.with_directory(
            replace(running.settings(), mail_attribute="description"), filter="(uid={login})"
        )
        yield Listed(by_device, by_directory, passwords)


def test_nobody_on_the_list_is_another_one() -> None:
    """As many logins as people."""
    assert len({canonical_login(address) for address in LISTED.values()} - {""}) == len(LISTED)


@EACH
def test_a_device_password_lets_in_its_owner_under_every_spelling(listed: Listed, typed: str, who: str) -> None:
    """And under what is no spelling of the owner's login, nobody's password lets in anybody."""
    found = {name for name, password in listed.passwords.items() if listed.by_device.enter(typed, password)}
    assert found == ({who} if who else set())


@EACH
def test_a_bind_lets_in_the_one_whose_login_it_is(listed: Listed, typed: str, who: str) -> None:
    """All have the same password there: a login that were taken for another one would let in."""
    # An address for each, so that no throttle answers in place of the directory.
    peer = f"192.0.2.{[spelling for spelling, _ in SPELLINGS].index(typed) + 1}"
    entered = listed.by_directory.enter(typed, PASSWORD, peer)
    assert entered == (canonical_login(LISTED[who]) if who else "")
