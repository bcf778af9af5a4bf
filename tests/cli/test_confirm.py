"""`tldops confirm`: a contact was confirmed, today and by whom."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.support import World
from tests.support.people import people
from tests.support.terminal import on_a_terminal

TEN = people(10)
ADA = "“Ada Example, #1, .nl, +31 6 12345678” ada@nic.example, ada@example.net"


def test_confirmation_reaches_the_card_with_the_next_sync(tldops: World) -> None:
    """`confirm` is recorded with how and by whom; the card shows the day after the next sync."""
    tldops.sync(ADA)
    assert tldops.do("status", "--json").json["never_confirmed"] == 1
    tldops.do("confirm", "ada@example.net", "--how", "answered the yearly mail")
    entry = tldops.do("audit", "--json").json[-1]
    assert (entry["action"], entry["detail"]["how"]) == ("confirm", "answered the yearly mail")
    assert tldops.contacts()["Ada Example"].confirmed_on is None
    tldops.do("sync", "--yes")
    assert tldops.contacts()["Ada Example"].confirmed_on == datetime.now(UTC).date()
    assert tldops.do("status", "--json").json["never_confirmed"] == 0


def test_confirmation_is_all_or_nothing(tldops: World) -> None:
    """Somebody unknown among several: exit 1, and nobody is confirmed."""
    tldops.sync(*TEN)
    said = tldops.refused("confirm", TEN[0].login, "nobody@nic.example", TEN[1].login, code=1)
    assert "nobody@nic.example" in said
    assert tldops.do("status", "--json").json["never_confirmed"] == 10


def test_who_was_confirmed_is_found_by_anything_and_named(tldops: World) -> None:
    """A part of the name, a ccTLD, or the lines of a file; each is said with name and address."""
    tldops.sync(ADA, *TEN[1:])
    listed = tldops.folder / "answered.txt"
    listed.write_text(f"# who answered\n\n{TEN[2].login}\nPERSON 04\n", encoding="utf-8")
    shown = tldops.do("confirm", ".nl", "Person 02", "--file", str(listed)).out
    assert "Confirmed today: .nl Ada Example <ada@nic.example>\n" in shown
    for person in TEN[1:4]:
        assert f"Confirmed today: .{person.cctld} {person.name} <{person.login}>\n" in shown
    assert tldops.do("status", "--json").json["never_confirmed"] == 6


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"x" * (1024 * 1024 + 1)])
def test_a_file_that_is_no_list_of_people_is_refused(tldops: World, content: bytes) -> None:
    """With one message, and nobody is confirmed."""
    tldops.sync(*TEN)
    (tldops.folder / "answered.txt").write_bytes(content)
    assert "answered.txt: " in tldops.refused("confirm", "--file", str(tldops.folder / "answered.txt"), code=2)
    assert "answered.txt" in tldops.refused("confirm", "--file", "no-answered.txt", code=2)


def test_several_people_are_named_where_nobody_can_be_asked(tldops: World) -> None:
    """Exit 1, with those who may be meant, and nobody is confirmed."""
    tldops.sync(*TEN)
    said = tldops.refused("confirm", "person", code=1)
    assert "may be 10 people" in said
    assert all(person.login in said for person in TEN)


def test_a_terminal_asks_which_one(tldops: World) -> None:
    """The number typed is the person who is recorded."""
    tldops.sync(*TEN)
    shown = on_a_terminal(tldops, "2\n", "confirm", "person", question=b"Which one?")
    assert shown.code == 0
    asked = [line.split() for line in shown.out.splitlines() if line.startswith("  ")]
    assert f"Confirmed today: {' '.join(asked[1][1:])}" in shown.out
    assert tldops.do("status", "--json").json["never_confirmed"] == 9


def test_the_card_says_that_nobody_confirmed_it_for_too_long(tldops: World) -> None:
    """The same file a year later: one generation on the day, no hazard, and none after it; a confirmation ends it."""
    day = datetime.now(UTC).date()
    row = "Ada Example,1,.nl,ada@nic.example,ada@example.net,+31 6 12345678"
    tldops.members.write_text(f"name,slot,cctlds,email,oob_email,phones,confirmed_on\n{row},{day}\n")
    tldops.do("sync", "--yes")
    tldops.ahead = timedelta(days=360)
    tldops.do("sync", "--yes")
    assert tldops.generation() == 1
    for days in (370, 380):
        tldops.ahead = timedelta(days=days)
        tldops.do("sync", "--yes")
        assert tldops.generation() == 2
        assert f"Not confirmed since {day}" in tldops.do("export", "--format", "vcf").out.replace("\r\n ", "")
    tldops.do("confirm", "ada@nic.example")
    tldops.do("sync", "--yes")
    card = tldops.do("export", "--format", "vcf").out.replace("\r\n ", "")
    assert f"Last confirmed: {day + timedelta(days=380)}" in card
    assert "Not confirmed" not in card
