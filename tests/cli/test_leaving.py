"""Who leaves the list is out at once, and the card stays for some days: a mail that bounced takes nobody away."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

import pytest

from radicale_tldops.store.read import load_cards
from tests.support import Client, World, serve
from tests.support.lists import follow, subscribe
from tests.support.people import Person, people
from tests.support.waiting import until

FORTY = people(40)
LEAVER, REST = FORTY[0], FORTY[1:]
LIST = '[subscribers]\nfile = "list.txt"\n'


@pytest.fixture
def listed(tldops: World) -> World:
    """Forty people in the roster and on a list of its own, at noon of tomorrow: no day ends during a test."""
    noon = datetime.combine(datetime.now(UTC).date() + timedelta(days=1), time(12), UTC)
    tldops.ahead = noon - datetime.now(UTC)
    tldops.configure(LIST)
    subscribe(tldops, FORTY)
    tldops.sync(*FORTY)
    return tldops


def today(tldops: World) -> date:
    """Return the day of the world's clock."""
    return (datetime.now(UTC) + tldops.ahead).date()


def cards(tldops: World) -> Mapping[str, str]:
    """Return the cards, unfolded, by the name of the person."""
    texts = [text.replace("\r\n ", "") for text in load_cards(tldops.folder / "roster.sqlite")]
    return {text.partition("\r\nFN:")[2].partition(" (")[0]: text for text in texts}


def note(since: date) -> str:
    """Return what the card of somebody who left says."""
    return f"\\nNot on the list since {since}"


def leave(tldops: World, *gone: Person) -> date:
    """Take people off the list and sync; return the day."""
    subscribe(tldops, [person for person in FORTY if person not in gone])
    tldops.do("sync", "--yes")
    return today(tldops)


def test_the_card_stays_and_says_since_when(listed: World) -> None:
    """The login ends, the device waits, and one line is added to the card; plan and status say so."""
    device, before = listed.device(LEAVER.login), cards(listed)
    subscribe(listed, REST)
    shown = listed.do("sync", "--yes").out
    day = today(listed)
    assert f"    not on the list since: none -> {day}" in shown.splitlines()
    assert f"{LEAVER.name}: not on the list since {day}; the card stays until {day + timedelta(days=30)}" in shown
    assert f"- {LEAVER.login}: may no longer log in; suspends 1 device" in shown.splitlines()
    assert listed.logins() == {person.login for person in REST}
    assert listed.devices(device.user) == [False]
    after = cards(listed)
    assert after[LEAVER.name].replace(note(day), "") == before[LEAVER.name] != after[LEAVER.name]
    assert {**after, LEAVER.name: ""} == {**before, LEAVER.name: ""}
    assert f"- 1 person no longer on the list: {LEAVER.name} since {day}" in listed.do("status").out.splitlines()
    (away,) = listed.do("status", "--json").json["off_list"]
    assert away == {"name": LEAVER.name, "cctlds": [LEAVER.cctld], "since": day.isoformat()}


def test_the_days_pass_without_a_generation_and_then_the_card_goes(listed: World) -> None:
    """Each sync says until when the card stays; the last one removes it, with the reason."""
    day = leave(listed, LEAVER)
    generation, kept = listed.generation(), cards(listed)
    for days in (0, 1, 17, 30):
        listed.ahead += timedelta(days=days) - (today(listed) - day)
        assert "[left-list]" in listed.do("sync", "--yes").out
        assert (listed.generation(), cards(listed)) == (generation, kept)
    listed.ahead += timedelta(days=1)
    shown = listed.do("sync", "--yes").out.splitlines()
    place = shown.index(f"- .{LEAVER.cctld} {LEAVER.name}")
    assert shown[place + 1] == f"    left the list on {day}, still in line 1"
    assert set(cards(listed)) == {person.name for person in REST}
    assert "no longer on the list" not in listed.do("status").out
    listed.do("sync", "--yes")
    assert listed.generation() == generation + 1


def test_who_returns_in_time_has_the_same_card_again(listed: World) -> None:
    """The line goes, every other byte stays, and so do the UID and the device."""
    device, before = listed.device(LEAVER.login), cards(listed)
    leave(listed, LEAVER)
    listed.ahead += timedelta(days=29)
    subscribe(listed, FORTY)
    listed.do("sync", "--yes")
    assert cards(listed) == before
    assert listed.devices(device.user) == [True]
    assert "off_list" in listed.do("status", "--json").json
    assert listed.do("status", "--json").json["off_list"] == []


def test_who_returns_later_has_the_same_uid(listed: World) -> None:
    """The card comes back as it was; the device password does not."""
    device, before = listed.device(LEAVER.login), cards(listed)
    leave(listed, LEAVER)
    listed.ahead += timedelta(days=31)
    listed.do("sync", "--yes")
    subscribe(listed, FORTY)
    listed.do("sync", "--yes")
    assert cards(listed) == before
    assert listed.devices(device.user) == [False]


def test_the_day_is_the_one_on_which_access_ended(listed: World) -> None:
    """`follow` ends it and leaves the cards alone; the sync of another day writes that day."""
    subscribe(listed, REST)
    before = cards(listed)
    follow(listed)
    day = today(listed)
    assert cards(listed) == before
    assert listed.do("status", "--json").json["off_list"][0]["since"] == day.isoformat()
    listed.ahead += timedelta(days=3)
    listed.do("sync", "--yes")
    assert note(day) in cards(listed)[LEAVER.name]


def test_a_second_absence_has_days_of_its_own(listed: World) -> None:
    """Back for a day, seen by `follow` alone: the card says the day of the second leave."""
    leave(listed, LEAVER)
    listed.ahead += timedelta(days=20)
    subscribe(listed, FORTY)
    follow(listed)
    listed.ahead += timedelta(days=1)
    subscribe(listed, REST)
    follow(listed)
    day = today(listed)
    listed.ahead += timedelta(days=20)
    listed.do("sync", "--yes")
    assert note(day) in cards(listed)[LEAVER.name]


def test_a_plan_that_was_reviewed_yesterday_is_the_same(listed: World) -> None:
    """The day in the card is the one on which it is applied."""
    subscribe(listed, REST)
    reviewed = listed("plan", "--json").json["id"]
    listed.ahead += timedelta(days=1)
    listed.do("sync", "--plan", reviewed)
    assert note(today(listed)) in cards(listed)[LEAVER.name]


def test_the_file_still_corrects_the_card(listed: World) -> None:
    """A new number of somebody who left the list is a new number."""
    leave(listed, LEAVER)
    listed.write(LEAVER.line.replace(LEAVER.phone, "+1 202 555 0199"), *REST)
    listed.do("sync", "--yes")
    assert "202-555-0199" in cards(listed)[LEAVER.name]
    assert note(today(listed)) in cards(listed)[LEAVER.name]


def test_only_who_has_a_card_keeps_it(listed: World) -> None:
    """A newcomer who is not on the list gets none, and neither does somebody who was out of the file meanwhile."""
    newcomer = people(60)[59]
    subscribe(listed, REST)
    listed.sync(*REST)
    listed.sync(*FORTY, newcomer)
    assert set(cards(listed)) == {person.name for person in REST}


def test_any_address_of_the_record_keeps_a_person_on_the_list(listed: World) -> None:
    """Subscribed under the out-of-band address alone, nobody has left."""
    line = LEAVER.line.replace(LEAVER.phone, f"{LEAVER.phone}, leaver@example.net")
    subscribe(listed, ["leaver@example.net", *REST])
    listed.sync(line, *REST)
    assert "Not on the list" not in cards(listed)[LEAVER.name]
    assert "leaver@example.net" in listed.logins()


def test_the_last_contact_of_a_cctld_stays_beyond_the_days(listed: World) -> None:
    """Removal after the days is a removal: held with the note until somebody forces it."""
    lone = Person(41, "no", 1)
    subscribe(listed, [*FORTY, lone])
    listed.sync(*FORTY, lone)
    leave(listed, lone)
    kept = cards(listed)
    listed.ahead += timedelta(days=31)
    result = listed("sync", "--yes")
    assert result.code == 1
    assert f".no would have no contact without {lone.name}" in result.err
    assert cards(listed) == kept
    listed.force("last-contact")
    assert lone.name not in cards(listed)


def test_many_removals_after_the_days_are_a_hazard(listed: World) -> None:
    """Six left together with consent: their cards go together with consent, too."""
    subscribe(listed, FORTY[6:])
    listed.configure(f"{LIST}[guards]\nmismatch = '50 %'\n")
    listed.force("mass-access")
    assert len(cards(listed)) == 40
    listed.ahead += timedelta(days=31)
    assert "6 people would be removed" in listed.refused("sync", "--yes", code=1)


@pytest.mark.parametrize("fault", ["missing", "another"])
def test_a_list_that_is_not_right_starts_and_ends_nothing(listed: World, fault: str) -> None:
    """Neither the day on which somebody left, nor the removal of a card, comes from such a list."""
    day = leave(listed, LEAVER)
    kept, at = cards(listed), listed.folder / "list.txt"
    listed.ahead += timedelta(days=31)
    if fault == "missing":
        at.rename(listed.folder / "aside")
        listed.refused("sync", "--yes", code=2)
        (listed.folder / "aside").rename(at)
    else:
        subscribe(listed, people(80)[30:])
        listed.refused("sync", "--yes", code=1)
    assert cards(listed) == kept
    subscribe(listed, FORTY)
    listed.do("sync", "--yes")
    assert note(day) not in cards(listed)[LEAVER.name]
    assert len(cards(listed)) == 40


def test_a_broken_record_changes_nothing(listed: World) -> None:
    """Held people keep the bytes of their card, whether they leave meanwhile or the days pass."""
    broken = LEAVER.line.replace("#1", "#9")
    before = cards(listed)
    listed.write(broken, *REST)
    subscribe(listed, REST)
    for days in (0, 40):
        listed.ahead += timedelta(days=days)
        listed("sync", "--yes", "--quarantine")
        assert cards(listed) == before
    assert listed.do("status", "--json").json["off_list"][0]["name"] == LEAVER.name
    listed.write(*FORTY)
    listed.do("sync", "--yes")
    assert set(cards(listed)) == {person.name for person in REST}


def test_a_record_that_could_be_anybodys_keeps_everybody(listed: World) -> None:
    """Nobody is removed in such a run, neither one whose days have passed; the plan says both."""
    day = leave(listed, LEAVER)
    kept = cards(listed)
    listed.ahead += timedelta(days=31)
    listed.write(*FORTY, '"Some Body" <stray@example.net>')
    held = listed("sync", "--yes", "--quarantine").out
    assert f"left the list on {day}, still in line 1, but a broken record could be this person's" in held
    assert cards(listed) == kept


def test_a_file_that_may_be_cut_off_takes_nobody_who_stands_in_it(listed: World) -> None:
    """Whose days have passed is in the file: the missing line break is no reason to stop."""
    leave(listed, LEAVER)
    listed.ahead += timedelta(days=31)
    listed.members.write_text(listed.members.read_text().rstrip("\n"))
    listed.do("sync", "--yes")
    assert LEAVER.name not in cards(listed)


@pytest.mark.parametrize(("days", "stays"), [(0, False), (7, True)])
def test_the_days_are_a_setting(listed: World, days: int, stays: bool) -> None:
    """Without any the card goes with the login."""
    listed.configure(f"{LIST}leaving_grace_days = {days}\n")
    leave(listed, LEAVER)
    assert (LEAVER.name in cards(listed)) is stays
    listed.ahead += timedelta(days=8)
    listed.do("sync", "--yes")
    assert LEAVER.name not in cards(listed)


def test_without_a_list_of_its_own_nobody_leaves_it(listed: World) -> None:
    """The file is the list again: everybody in it is on it, and the line goes."""
    before = cards(listed)
    leave(listed, LEAVER)
    listed.configure()
    listed.do("sync", "--yes")
    assert cards(listed) == before
    assert LEAVER.login in listed.logins()


def test_what_a_client_sees(listed: World) -> None:
    """Over HTTP: the card before, within the days, after them, and after the return."""
    device = listed.device(REST[0].login)
    with serve(listed) as url:
        client = Client(url, device)
        book = client.book()

        def card() -> str:
            found = [text for text in client.cards(book).values() if f"FN:{LEAVER.name}" in text]
            return found[0].replace("\r\n ", "") if found else ""

        before = card()
        assert before
        day = leave(listed, LEAVER)
        until(lambda: note(day) in card(), "the card never says that the person left")
        listed.ahead += timedelta(days=31)
        listed.do("sync", "--yes")
        until(lambda: not card(), "the card never goes")
        subscribe(listed, FORTY)
        listed.do("sync", "--yes")
        until(lambda: card() == before, "the card never comes back as it was")


def test_a_colleague_who_is_not_on_the_list_gets_no_card(listed: World) -> None:
    """Somebody else with the same out-of-band address and family name, in the row of a person who left."""
    anna = Person(70, "zm", 3)
    first = f'"Anna Smith, #3, .zm, {anna.phone}, team@registry.example.org" <anna@nic.example>'
    second = '"Jan Smith, #3, .zm, +1 202 555 9999, team@registry.example.org" <jan@nic.example>'
    subscribe(listed, [*FORTY, "anna@nic.example"])
    listed.sync(*FORTY, first)
    subscribe(listed, FORTY)
    listed.write(*FORTY, second)
    assert "last-contact: .zm would have no contact without Anna Smith" in listed("sync", "--yes").out
    assert "Anna Smith" in cards(listed)
    assert "Jan Smith" not in cards(listed)
