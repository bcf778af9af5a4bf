"""`tldops confirm`: a contact was confirmed, today and by whom."""

from datetime import UTC, datetime, timedelta

from tests.support import World
from tests.support.people import people

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
    """One unknown address among several: exit 2, and nobody is confirmed."""
    tldops.sync(*TEN)
    said = tldops.refused("confirm", TEN[0].login, "nobody@nic.example", TEN[1].login, code=2)
    assert "nobody@nic.example" in said
    assert tldops.do("status", "--json").json["never_confirmed"] == 10


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
