"""A record with an error is never applied, and nobody loses card or access because of it."""

from datetime import timedelta

import pytest

from tests.support import World
from tests.support.people import people

TEN = people(10)
BROKEN = TEN[3].line.replace("#1", "#9")
"""A slot that does not exist; the address tells whose record it is."""
STRAY = '"Kim Example #1 .kr +82 2 000 0000" <kim@nic.example>'
"""Nobody in the roster has anything in common with it."""


def lines(*some: str) -> list[str]:
    """The lines of the ten people, but for the fourth, and these."""
    return [*(person.line for person in TEN if person is not TEN[3]), *some]


def test_errors_stop_the_sync(tldops: World) -> None:
    """With one broken record `sync` applies nothing, not even what is sound, and says how to go on."""
    tldops.sync(*TEN[:9])
    tldops.write(*lines(BROKEN))
    before = tldops.data()
    result = tldops("sync", "--yes")
    assert result.code == 1
    assert "1 error in" in result.err
    assert "--quarantine" in result.err
    assert f"{tldops.members}:10: error: " in result.out
    assert tldops.data() == before


def test_quarantine_holds_the_person_and_applies_the_rest(tldops: World) -> None:
    """With --quarantine the person stays byte for byte, keeps login and device; the others are brought up to date."""
    tldops.sync(*TEN[:9])
    tldops.do("device", "add", TEN[3].login, "--label", "phone")
    cards = tldops.do("export", "--format", "vcf").out.split("BEGIN:VCARD")
    (card,) = (text for text in cards if TEN[3].name in text)
    tldops.write(*lines(BROKEN))
    result = tldops.do("sync", "--yes", "--quarantine")
    assert f"= .{TEN[3].cctld} {TEN[3].name}" in result.out
    assert f"the record is broken ({tldops.members}:10)" in result.out
    assert "1 person held" in result.out
    assert set(tldops.contacts()) == {person.name for person in TEN}
    assert TEN[3].login in tldops.logins()
    assert tldops.devices(TEN[3].login) == [True]
    assert card in tldops.do("export", "--format", "vcf").out.split("BEGIN:VCARD")
    (held,) = tldops.do("status", "--json").json["held"]
    assert held["name"] == TEN[3].name
    assert TEN[3].name in tldops.do("status").out


def test_held_is_over_when_the_record_is_mended(tldops: World) -> None:
    """The next sync with the record put right applies it, and nobody is held any more."""
    tldops.sync(*TEN)
    tldops.write(*lines(BROKEN))
    tldops.do("sync", "--yes", "--quarantine")
    tldops.write(*lines(TEN[3].line.replace("Person", "Persona")))
    tldops.do("sync", "--yes")
    assert "Persona 04" in tldops.contacts()
    assert tldops.do("status", "--json").json["held"] == []


def test_nobody_is_removed_while_a_broken_record_is_anybodys(tldops: World) -> None:
    """A broken record that is tied to nobody could be that of whoever is missing: all of them are held."""
    tldops.sync(*TEN)
    tldops.write(*(person.line for person in TEN[2:]), STRAY)
    result = tldops("sync", "--yes", "--quarantine")
    assert result.code == 0
    assert result.out.count("a broken record could be this person's") == 2
    assert "0 removed, 2 held" in result.out
    assert len(tldops.contacts()) == 10
    assert {TEN[0].login, TEN[1].login} <= tldops.logins()


def test_a_tied_broken_record_does_not_hold_the_others(tldops: World) -> None:
    """When it is certain whose the broken record is, somebody else who is missing is removed as usual."""
    tldops.sync(*TEN)
    tldops.write(*(line for line in lines(BROKEN) if TEN[0].login not in line))
    tldops.do("sync", "--yes", "--quarantine")
    assert set(tldops.contacts()) == {person.name for person in TEN[1:]}
    assert TEN[0].login not in tldops.logins()


def test_broken_newcomer_is_not_let_in(tldops: World) -> None:
    """A broken record of somebody new gives neither card nor login."""
    tldops.sync(*TEN)
    tldops.write(*(person.line for person in TEN), STRAY)
    assert "Nothing to do" in tldops.do("sync", "--yes", "--quarantine").out
    assert "kim@nic.example" not in tldops.logins()


@pytest.mark.parametrize("quarantine", [False, True])
def test_conflict_holds_both(tldops: World, quarantine: bool) -> None:
    """Two people who claim one slot are both in error, whoever had it before; neither card changes."""
    tldops.sync(*TEN)
    usurper = TEN[3].line.replace(TEN[3].name, "New Person").replace(TEN[3].login, "new@nic.example")
    tldops.write(*(person.line for person in TEN), usurper)
    result = tldops("sync", "--yes", *(["--quarantine"] if quarantine else []))
    assert result.code == (0 if quarantine else 1)
    assert result.out.count("[slot-taken]") == 2
    assert set(tldops.contacts()) == {person.name for person in TEN}
    assert TEN[3].login in tldops.logins()


def test_separate_list_ends_the_access_of_held_people_too(tldops: World) -> None:
    """Holding keeps the card; who is not on the list does not read, broken record or not."""
    listed = tldops.folder / "list.txt"
    listed.write_text("".join(f"{person.login}\n" for person in TEN))
    tldops.configure('[subscribers]\nfile = "list.txt"\n')
    tldops.sync(*TEN)
    listed.write_text("".join(f"{person.login}\n" for person in TEN if person is not TEN[3]))
    tldops.write(*lines(BROKEN))
    tldops.do("sync", "--yes", "--quarantine")
    assert TEN[3].name in tldops.contacts()
    assert TEN[3].login not in tldops.logins()


@pytest.mark.parametrize("gone", [1, 6])
def test_errors_and_another_plan_than_the_reviewed_one(tldops: World, gone: int) -> None:
    """With a broken record who left the list goes all the same, but not by a plan that nobody has seen."""
    listed = tldops.folder / "list.txt"
    listed.write_text("".join(f"{person.login}\n" for person in TEN))
    tldops.configure('[subscribers]\nfile = "list.txt"\n[guards]\nmismatch = "100 %"\n')
    tldops.sync(*TEN)
    listed.write_text("".join(f"{person.login}\n" for person in TEN[gone:]))
    tldops.write(*lines(BROKEN))
    force = ("--force", "mass-access")
    said = tldops.refused("sync", "--plan", "deadbeefdeadbeef", *force, code=1)
    assert "not deadbeefdeadbeef, because the inputs or the store have changed" in said
    assert len(tldops.logins()) == 10
    plan = tldops("plan", "--json").json["id"]
    result = tldops("sync", "--plan", plan, *force)
    assert result.code == 1
    assert "removed in generation 2" in result.err
    assert tldops.logins() == {person.login for person in TEN[gone:]}


def test_held_people_off_the_list_are_measured_once(tldops: World) -> None:
    """Of ten people two are not on the list; with a broken record besides, which holds them, they are two of eleven."""
    listed = tldops.folder / "list.txt"
    tldops.configure('[subscribers]\nfile = "list.txt"\n')
    listed.write_text("".join(f"{person.login}\n" for person in TEN))
    tldops.sync(*TEN)
    listed.write_text("".join(f"{person.login}\n" for person in TEN[:8]))
    for count, more in ((10, []), (11, [STRAY])):
        tldops.write(*(person.line for person in TEN), *more)
        (mismatch,) = {hazard["message"] for hazard in tldops("plan", "--json").json["hazards"]}
        assert f"disagree about 2 people of {count}: 2 of the file are not on the list" in mismatch


def _table(tldops: World, row: str, *, heading: str = "confirmed_on") -> None:
    """Write nine people as a table, and the first of them as `row`."""
    rows = [f"{person.name};{person.slot};{person.cctld};{person.phone};{person.login};" for person in TEN[1:9]]
    tldops.write(f"name;slot;cctlds;phones;email;{heading}", row, *rows)


def test_the_days_of_a_kept_value_go_on_while_the_record_is_broken(tldops: World) -> None:
    """A date that is not understood keeps the old one for thirty days, whatever else is wrong in between."""
    person = TEN[0]
    row = f"{person.name};%s;{person.cctld};{person.phone};{person.login};%s"
    _table(tldops, row % (1, "2026-01-02"))
    tldops.do("sync", "--yes")
    steps = ((0, 1, "soon", 0), (10, 9, "soon", 0), (20, 1, "soon", 0), (31, 1, "soon", 1))
    said = []
    for days, slot, day, code in steps:
        tldops.ahead = timedelta(days=days)
        _table(tldops, row % (slot, day))
        result = tldops("sync", "--yes", *(["--quarantine"] if slot == 9 else []))
        assert result.code == code
        said += [line.rpartition("since ")[2][:10] for line in result.out.splitlines() if "is kept since" in line]
    assert len(said) == 3
    assert len(set(said)) == 1


def test_a_column_that_is_gone_is_not_forgotten_while_its_people_are_held(tldops: World) -> None:
    """The only person with a date is held, and the column goes: when the record is right again, that is a hazard."""
    person = TEN[0]
    row = f"{person.name};%s;{person.cctld};{person.phone};{person.login};%s"
    _table(tldops, row % (1, "2026-01-02"))
    tldops.do("sync", "--yes")
    _table(tldops, row % (9, ""), heading="organisation")
    tldops.do("sync", "--yes", "--quarantine")
    _table(tldops, row % (1, ""), heading="organisation")
    result = tldops("sync", "--yes")
    assert result.code == 1
    assert "mass-loss: the column confirmed_on is gone, and 1 person would lose their dates of" in result.out


def test_a_confirmation_counts_while_the_date_of_the_file_is_not_understood(tldops: World) -> None:
    """What `tldops confirm` recorded is newer than the kept date, and nothing is unclear any more."""
    person = TEN[0]
    row = f"{person.name};1;{person.cctld};{person.phone};{person.login};%s"
    _table(tldops, row % "2026-01-02")
    tldops.do("sync", "--yes")
    _table(tldops, row % "last Tuesday")
    tldops.do("sync", "--yes")
    tldops.do("confirm", person.login, "--how", "telephone")
    assert "is kept since" not in tldops.do("sync", "--yes").out
    assert "Last confirmed: 2026-01-02" not in tldops.do("export", "--format", "vcf").out.replace("\r\n ", "")
