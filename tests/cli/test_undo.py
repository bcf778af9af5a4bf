"""A wrong sync is undone: cards by one command, access and devices by the next sync of the right file."""

from datetime import timedelta

from tests.support import World
from tests.support.people import people

TEN = people(10)


def test_a_wrong_sync_of_an_hour_ago_is_undone(tldops: World) -> None:
    """One command brings the cards back and says what it does not; the next right file the devices, the wrong none."""
    tldops.sync(*TEN)
    before = tldops.contacts()
    kept, lost = tldops.device(TEN[5].login), tldops.device(TEN[0].login)
    tldops.do("access", "deny", TEN[9].login, "--reason", "left")
    tldops.ahead = timedelta(minutes=1)
    tldops.sync(*TEN[2:])
    assert tldops.devices(lost.user) == [False]
    tldops.ahead = timedelta(hours=1)
    shown = tldops.do("rollback", "--yes").out
    assert tldops.contacts() == before
    for line in (
        f"- access of 2 people: {TEN[0].name}, {TEN[1].name}",
        "    correct the membership file, then: tldops sync",
        "- 1 device password suspended since: the same sync makes them good again",
        "- access of those who are denied, 1",
        "The file is refused as it is now (stale-source): members.txt",
    ):
        assert line in shown.splitlines(), line
    assert "stale-source" in tldops.refused("sync", "--yes", code=1)
    assert tldops.contacts() == before
    tldops.ahead = timedelta(hours=2)
    tldops.sync(*TEN)
    assert tldops.contacts() == before
    assert tldops.devices(lost.user) == tldops.devices(kept.user) == [True]


def test_without_a_number_the_last_change_of_cards_is_undone(tldops: World) -> None:
    """Generations that changed logins alone are passed over; before the first one there is nothing."""
    tldops.do("init")
    assert "nothing before the first generation" in tldops.refused("rollback", "--yes", code=2)
    tldops.sync(*TEN)
    assert "nothing before the first generation" in tldops.refused("rollback", "--yes", code=2)
    before = tldops.contacts()
    tldops.sync(*TEN[:9], TEN[9].line.replace("Person 10", "Person Tenn"))
    (tldops.folder / "list.txt").write_text("".join(f"{person.login}\n" for person in TEN[:9]))
    tldops.configure('[subscribers]\nfile = "list.txt"\n')
    tldops.do("follow", "--yes")
    assert tldops.do("history", "--json").json[0]["kind"] == "access"
    plan = tldops("rollback", "--json", "--yes").json
    assert plan["applied"] is True
    assert tldops.contacts() == before
    shown = tldops.do("rollback", "1", "--yes").out
    assert "Nothing to do" in shown
    assert "This brings back" not in shown
