"""vdirsyncer, which keeps a folder of .vcf files, with `read_only = true`."""

from pathlib import Path

import pytest

from tests.clients.vdir import Member
from tests.support import JANE, JOHN
from tests.support.people import ANNLIE
from tests.support.site import Site

pytestmark = pytest.mark.client

STRANGER = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:mallory\r\nFN:Mallory Example\r\nN:Example;Mallory;;;\r\nEND:VCARD\r\n"


def downloaded(site: Site, folder: Path) -> Member:
    """Return a member whose vdirsyncer has fetched the book once."""
    member = Member(folder)
    member.configure(site.url, site.login)
    member.discover()
    assert member.sync().count("Copying (uploading) item ") == 5
    return member


def file_of(member: Member, name: str) -> Path:
    """Return the file of the contact with this name."""
    (found,) = (file for file, card in member.files().items() if f"\nFN:{name} (" in card)
    return member.book / found


def test_discovery_finds_the_one_book_from_the_hosts_url(site: Site, tmp_path: Path) -> None:
    """The bare URL is enough: one collection is found, with its display name, and none is asked for or made up."""
    member = Member(tmp_path / "member")
    member.configure(site.url, site.login)
    said = member.discover()
    assert '- "tld-ops" ("TLD-OPS")' in said
    assert 'collections = ["tld-ops"]' in said
    member.sync()
    member.metasync()
    assert [path.name for path in (tmp_path / "member" / "contacts").iterdir()] == ["tld-ops"]
    assert (member.book / "displayname").read_text() == "TLD-OPS"


def test_the_folder_is_the_book(site: Site, tmp_path: Path) -> None:
    """Every card arrives line for line, in the file that its href names, and a second run does nothing."""
    member = downloaded(site, tmp_path / "member")
    client = site.client()
    book = client.book()
    files = member.files()
    assert len(files) == 5
    assert set(files) == set(site.cards())
    for name, card in files.items():
        assert card.splitlines() == client.request("GET", f"{book}{name}").body.decode().splitlines()
    assert " item " not in member.sync()
    assert member.files() == files


def test_changes_and_removals_reach_the_files(changing_site: Site, tmp_path: Path) -> None:
    """A changed contact keeps its file and UID, a removed one's file goes, the others are not touched."""
    member = downloaded(changing_site, tmp_path / "member")
    john, jane, annlie = (file_of(member, name) for name in ("John Doe", "Jane Doe", "Annlie Example"))
    before = member.files()
    untouched = annlie.stat()
    changing_site.change(JOHN.replace("123456789", "201234567"), JANE.replace("Jane", "Janet"), ANNLIE)
    member.sync()
    after = member.files()
    assert set(after) == {john.name, jane.name, annlie.name}
    assert "+31 20 123 4567" in after[john.name]
    assert "FN:Janet Doe (.vn)" in after[jane.name].splitlines()
    for file in (john, jane):
        assert f"UID:{file.stem}" in before[file.name].splitlines()
        assert f"UID:{file.stem}" in after[file.name].splitlines()
    assert (annlie.stat().st_ino, annlie.stat().st_mtime_ns) == (untouched.st_ino, untouched.st_mtime_ns)


def test_nothing_done_here_changes_the_server(site: Site, tmp_path: Path) -> None:
    """An edit, a removal and a new file stay on this side, and two runs later the folder is the book again."""
    member = downloaded(site, tmp_path / "member")
    roster, cards = member.files(), site.cards()
    john, jane = file_of(member, "John Doe"), file_of(member, "Jane Doe")
    john.write_bytes(john.read_bytes().replace(b"+31 12 345 6789", b"+31 20 000 0000"))
    jane.unlink()
    (member.book / "mallory.vcf").write_bytes(STRANGER.encode())
    for _ in range(2):
        member.sync()
        assert site.cards() == cards
    assert member.files() == roster


def test_without_read_only_the_server_refuses_and_stands(site: Site, tmp_path: Path) -> None:
    """A member who left `read_only` out learns that an edit is forbidden; the book stays, and so does his own edit."""
    member = Member(tmp_path / "member")
    member.configure(site.url, site.login, read_only=False)
    member.discover()
    member.sync()
    cards = site.cards()
    john = file_of(member, "John Doe")
    edited = john.read_bytes().replace(b"+31 12 345 6789", b"+31 20 000 0000")
    john.write_bytes(edited)
    assert "403" in member.sync(code=1)
    assert site.cards() == cards
    assert john.read_bytes() == edited


def test_the_roster_wins_over_an_edit_of_the_same_contact(changing_site: Site, tmp_path: Path) -> None:
    """A contact that was edited here and changed there is the roster's version after the next run."""
    member = downloaded(changing_site, tmp_path / "member")
    john = file_of(member, "John Doe")
    john.write_bytes(john.read_bytes().replace(b"+31 12 345 6789", b"+31 20 000 0000"))
    changing_site.change(JOHN.replace("123456789", "201234567"), JANE, ANNLIE)
    member.sync()
    assert "+31 20 123 4567" in member.files()[john.name]
    assert "+31 20 000 0000" not in member.files()[john.name]


def test_the_groups_style_brings_a_group_card_for_each_cctld(site: Site, tmp_path: Path) -> None:
    """The style "groups" brings the same contacts, and for each ccTLD a group that names its members."""
    plain = downloaded(site, tmp_path / "plain")
    member = Member(tmp_path / "groups")
    member.configure(site.url, site.groups())
    member.discover()
    member.sync()
    files = member.files()
    groups = {name: card for name, card in files.items() if "X-ADDRESSBOOKSERVER-KIND:group" in card.splitlines()}
    assert {name: card for name, card in files.items() if name not in groups} == plain.files()
    john, jane, regis, ivan, annlie = (
        file_of(plain, name).stem for name in ("John Doe", "Jane Doe", "Régis Example", "Иван Пример", "Annlie Example")
    )
    members = {".nl": john, ".vn": jane, ".fr": regis, ".re": regis, ".pm": regis, ".рф": ivan, ".ie": annlie}
    assert {
        _value(card, "FN"): _value(card, "X-ADDRESSBOOKSERVER-MEMBER:urn:uuid") for card in groups.values()
    } == members


def _value(card: str, name: str) -> str:
    """Return the value of the one line with this name."""
    (found,) = (line.removeprefix(f"{name}:") for line in card.splitlines() if line.startswith(f"{name}:"))
    return found
