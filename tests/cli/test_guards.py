"""The guards of `sync`: each hazard fires, in the plan too, stops what it should stop, and is overridden by name."""

import os
import time
from datetime import timedelta

import pytest

from tests.support import World
from tests.support.people import Person, people

HUNDRED = people(120)
TWENTY = people(20)


def hazards(tldops: World) -> set[str]:
    """The codes of the hazards that `plan` names; it exits with 1 exactly when there are any."""
    result = tldops("plan", "--json")
    codes = {hazard["code"] for hazard in result.json["hazards"]}
    assert result.code == (1 if codes else 0)
    return codes


def with_list(tldops: World, *some: Person) -> None:
    """Configure a list of subscribers with these people on it."""
    tldops.configure('[subscribers]\nfile = "list.txt"\n')
    (tldops.folder / "list.txt").write_text("".join(f"{person.login}\n" for person in some))


@pytest.mark.parametrize(("gone", "refused"), [(5, False), (6, True), (15, True)])
def test_mass_removal_and_mass_access(tldops: World, gone: int, refused: bool) -> None:
    """Five of twenty people may go, six may not: the larger of 2 % and 5 is the limit, for small rosters too."""
    tldops.sync(*TWENTY)
    tldops.write(*TWENTY[gone:])
    assert hazards(tldops) - {"last-contact"} == ({"mass-removal", "mass-access"} if refused else set())
    if refused:
        said = tldops.refused("sync", "--yes", code=1)
        assert f"{gone} people would be removed; the limit is 5" in said
        assert "--force mass-removal" in said
    else:
        tldops.do("sync", "--yes")
    assert len(tldops.contacts()) == (20 if refused else 20 - gone)


@pytest.mark.parametrize(("new", "refused"), [(5, False), (6, True)])
def test_mass_addition(tldops: World, new: int, refused: bool) -> None:
    """Beside a hundred people, five may come at once, and six strangers may not."""
    tldops.sync(*HUNDRED[:100])
    tldops.write(*HUNDRED[: 100 + new])
    assert hazards(tldops) == ({"mass-addition", "mass-access"} if refused else set())
    if refused:
        assert "6 people would be added; the limit is 5" in tldops.refused("sync", "--yes", code=1)
    else:
        tldops.do("sync", "--yes")
    assert len(tldops.logins()) == (100 if refused else 100 + new)


def test_cuts_within_a_day_add_up(tldops: World) -> None:
    """Within 24 hours removals are one sum against the last approved roster; a day later they count anew."""
    tldops.sync(*HUNDRED[:100])
    tldops.sync(*HUNDRED[4:100])
    tldops.write(*HUNDRED[8:100])
    assert "4 people would be removed, after 4 in the last 24 hours" in tldops.refused("sync", "--yes", code=1)
    tldops.ahead = timedelta(hours=23)
    assert "mass-removal" in hazards(tldops)
    tldops.ahead = timedelta(hours=25)
    tldops.do("sync", "--yes")
    tldops.write(*HUNDRED[12:100])
    assert "mass-removal" in hazards(tldops)
    assert len(tldops.contacts()) == 92


def test_additions_and_logins_add_up_too(tldops: World) -> None:
    """Three new people and then three are six, for the roster and for the logins."""
    tldops.sync(*HUNDRED[:100])
    tldops.sync(*HUNDRED[:103])
    tldops.write(*HUNDRED[:106])
    assert hazards(tldops) == {"mass-addition", "mass-access"}


def test_clock_set_back_does_not_empty_the_window(tldops: World) -> None:
    """A generation that seems to lie in the future counts as well: the clock was wrong then, or is now."""
    tldops.sync(*HUNDRED[:100])
    tldops.ahead = timedelta(days=365)
    tldops.sync(*HUNDRED[4:100])
    tldops.ahead = timedelta()
    tldops.write(*HUNDRED[8:100])
    assert "mass-removal" in hazards(tldops)


def test_the_window_and_the_limits_are_settings(tldops: World) -> None:
    """`[guards]` moves the limits, and none of its values switches a guard off for a small roster."""
    tldops.sync(*TWENTY)
    tldops.configure("[guards]\nremovals = '5 % or 0'\n")
    tldops.write(*TWENTY[2:])
    assert hazards(tldops) == {"mass-removal"}
    tldops.configure("[guards]\nremovals = '10 % or 7'\naccess = '35 % or 5'\n")
    tldops.write(*TWENTY[7:])
    assert hazards(tldops) == set()


def test_one_line_less_at_a_time_does_not_empty_the_roster(tldops: World) -> None:
    """No removal is exempt: the sixth of a day is refused, however small each step, and counted in the audit log."""
    tldops.sync(*TWENTY)
    for gone in range(1, 6):
        tldops.sync(*TWENTY[gone:])
    assert tldops.do("audit", "--json").json[-1]["detail"]["removed"] == 1
    tldops.write(*TWENTY[6:])
    assert "1 person would be removed, after 5 in the last 24 hours" in tldops.refused("sync", "--yes", code=1)
    assert len(tldops.contacts()) == 15


def test_nobody_left_is_a_hazard(tldops: World) -> None:
    """A file of readers alone would empty the roster: `empty-input`, however few people there were."""
    tldops.configure(f'[readers]\n"{TWENTY[1].login}" = "no SSC any more"\n')
    tldops.sync(TWENTY[0])
    tldops.write(f"“Somebody” {TWENTY[1].login}")
    assert "empty-input" in hazards(tldops)
    assert "nobody would be left in the roster" in tldops.refused("sync", "--yes", code=1)
    assert list(tldops.contacts()) == [TWENTY[0].name]


def test_empty_store_and_nobody_in_the_file_is_not_done(tldops: World) -> None:
    """The very first sync of a file with nobody in it is refused, and does not say that there is nothing to do."""
    tldops.configure(f'[readers]\n"{TWENTY[1].login}" = "no SSC"\n')
    tldops.write(f"“Somebody” {TWENTY[1].login}")
    result = tldops("sync", "--yes")
    assert result.code == 1
    assert "nobody would be left in the roster" in result.err
    assert tldops.generation() == 0


def test_older_file_than_the_last_one(tldops: World) -> None:
    """Yesterday's file after today's is `stale-source`; the same bytes with an old date are not."""
    tldops.sync(*TWENTY)
    file = tldops.members
    yesterday = file.stat().st_mtime - 86400
    os.utime(file, (yesterday, yesterday))
    assert hazards(tldops) == set()
    tldops.write(*TWENTY[:18])
    os.utime(file, (yesterday, yesterday))
    assert hazards(tldops) == {"stale-source"}
    assert "older than the membership input that was applied last" in tldops.refused("sync", "--yes", code=1)
    tldops.force("stale-source")
    assert len(tldops.contacts()) == 18


@pytest.mark.parametrize(("minutes", "codes"), [(58, set()), (62, {"stale-source"})])
@pytest.mark.parametrize("name", ["members.txt", "list.txt"])
def test_a_file_of_the_future(tldops: World, name: str, minutes: int, codes: set[str]) -> None:
    """A file or list that is dated more than an hour ahead is `stale-source`, also in the first sync; less is not."""
    with_list(tldops, *TWENTY)
    tldops.write(*TWENTY)
    tldops.do("init")
    ahead = time.time() + minutes * 60
    os.utime(tldops.folder / name, (ahead, ahead))
    assert hazards(tldops) == codes
    if codes:
        said = tldops.refused("sync", "--yes", code=1)
        assert f"{name} is dated in the future" in said
        assert "save it again" in said


def test_older_list_than_the_last_one(tldops: World) -> None:
    """An old list of subscribers would let removed people in again: the same hazard, for the logins."""
    with_list(tldops, *TWENTY[2:])
    tldops.write(*TWENTY)
    tldops.do("sync", "--yes")
    with_list(tldops, *TWENTY)
    file = tldops.folder / "list.txt"
    yesterday = file.stat().st_mtime - 86400
    os.utime(file, (yesterday, yesterday))
    assert hazards(tldops) == {"stale-source"}
    tldops.refused("sync", "--yes", code=1)
    assert TWENTY[0].login not in tldops.logins()


def test_list_and_file_that_disagree(tldops: World) -> None:
    """More than 10 % of the people off the list, or as many strangers on it, is `list-mismatch`, said once."""
    tldops.configure("[guards]\nremovals = '10 % or 20'\naccess = '10 % or 20'\n")
    tldops.sync(*TWENTY)
    tldops.configure(
        '[subscribers]\nfile = "list.txt"\n[guards]\nremovals = "10 % or 20"\n'
        'access = "10 % or 20"\nadditions = "10 % or 20"\n'
    )
    listed = tldops.folder / "list.txt"
    listed.write_text("".join(f"{person.login}\n" for person in TWENTY[:18]))
    assert hazards(tldops) == set()
    listed.write_text("".join(f"{person.login}\n" for person in TWENTY[:17]))
    assert hazards(tldops) == {"list-mismatch"}
    assert tldops("plan").out.count("! list-mismatch") == 1
    tldops.refused("sync", "--yes", code=1)
    strangers = "".join(f"stranger{number}@list.example\n" for number in range(3))
    listed.write_text("".join(f"{person.login}\n" for person in TWENTY) + strangers)
    assert hazards(tldops) == {"list-mismatch"}
    assert not any("stranger" in login for login in tldops.logins())


def test_forced_plan_is_the_new_measure(tldops: World) -> None:
    """A hazard that is named with the plan's id is overridden, audited, and the sums start again from there."""
    tldops.sync(*TWENTY)
    tldops.write(*TWENTY[8:])
    tldops.force("mass-removal", "mass-access")
    assert len(tldops.contacts()) == 12
    newest = tldops.do("history", "--json").json[0]
    assert newest["forced"] == ["mass-access", "mass-removal"]
    assert tldops.do("audit", "--json").json[-1]["detail"]["forced"] == ["mass-access", "mass-removal"]
    assert "(forced)" in tldops.do("history").out
    tldops.sync(*TWENTY[12:])
    assert len(tldops.contacts()) == 8


def test_every_hazard_has_to_be_named(tldops: World) -> None:
    """Forcing one of two hazards applies nothing and names the one that is left."""
    tldops.sync(*TWENTY)
    tldops.write(*TWENTY[8:])
    plan = tldops("plan", "--json").json["id"]
    said = tldops.refused("sync", "--plan", plan, "--force", "mass-removal", code=1)
    assert "--force mass-access" in said
    assert "--force mass-removal" not in said


def test_hazard_in_the_roster_does_not_keep_anybody_in(tldops: World) -> None:
    """Six strangers in the file stop the roster; two people who went lose their access all the same."""
    some = people(26)
    tldops.sync(*some[:20])
    tldops.do("device", "add", some[0].login, "--label", "phone")
    tldops.configure("[guards]\naccess = '10 % or 12'\n")
    tldops.write(*some[2:26])
    result = tldops("sync", "--yes")
    assert result.code == 1
    assert "Access: 2 logins removed in generation 2" in result.err
    assert "the roster was left as it is" in result.err
    assert tldops.logins() == {person.login for person in some[2:20]}
    assert set(tldops.contacts()) == {person.name for person in some[:20]}
    assert tldops.devices(some[0].login) == [False]
    # What it offers next can be done: the plan has another id now, and the message does not name the old one.
    old = result.out.split("Plan ")[1][:16]
    assert old not in result.err
    tldops.force("mass-addition")
    assert set(tldops.contacts()) == {person.name for person in some[2:26]}


def test_hazard_in_the_access_keeps_everything(tldops: World) -> None:
    """When the logins themselves are the hazard, nobody is shut out."""
    tldops.sync(*TWENTY)
    tldops.write(*TWENTY[6:])
    tldops.refused("sync", "--yes", code=1)
    assert len(tldops.logins()) == 20


def test_rollback_is_guarded(tldops: World) -> None:
    """A rollback that takes more people than the limit is refused like a sync, and forced like one."""
    tldops.sync(*TWENTY[:12])
    tldops.configure("[guards]\nadditions = '10 % or 20'\naccess = '10 % or 20'\n")
    tldops.sync(*TWENTY)
    said = tldops.refused("rollback", "1", "--yes", code=1)
    assert "8 people would be removed; the limit is 5" in said
    plan = said.split("--plan ")[1].split()[0]
    tldops.do("rollback", "1", "--plan", plan, "--force", "mass-removal")
    assert len(tldops.contacts()) == 12


@pytest.mark.parametrize("losing", [5, 6])
def test_a_column_that_is_gone_takes_nothing_from_everybody(tldops: World, losing: int) -> None:
    """More people than the limit who would lose the same thing are a hazard; a few are a change like any other."""
    cctlds = ("nl", "vn", "de", "fr", "be", "se", "no", "dk", "fi", "it")
    rows = [f"Person Number{cctld},1,{cctld},+3120123456{n},p{n}@reg{n}.example" for n, cctld in enumerate(cctlds)]
    tldops.sync("name,slot,cctlds,phones,email", *rows)
    left = [row if n >= losing else row.replace(f"+3120123456{n}", "") for n, row in enumerate(rows)]
    tldops.write("name,slot,cctlds,phones,email", *left)
    result = tldops("sync", "--yes")
    assert (result.code, "mass-loss" in result.err + result.out) == ((0, False) if losing == 5 else (1, True))
    if losing == 6:
        assert "6 people would lose their telephone numbers; the limit is 5" in result.out
        tldops.write("name,slot,cctlds,s,email", *rows)
        assert "10 people would lose their telephone numbers" in tldops("plan").out


def test_a_forced_last_contact_is_shown_as_removed(tldops: World) -> None:
    """The plan that is forced removes person and login, under the id that was reviewed; nobody is held afterwards."""
    tldops.sync(*TWENTY)
    label = TWENTY[0].cctld
    tldops.write(*(person for person in TWENTY if person.cctld != label))
    reviewed = tldops("plan")
    plan = reviewed.out.split("Plan ")[1].split(",")[0]
    assert "the last contact of" in reviewed.out
    assert "as they should be" not in tldops("sync", "--yes").out
    said = tldops.do("sync", "--plan", plan, "--force", "last-contact").out
    assert f"{TWENTY[0].login}: may no longer log in" in said
    assert f"Plan {plan}," in said
    assert "0 held" in said
    assert "people held" not in said
    assert tldops.do("status", "--json").json["held"] == []


def test_a_forced_last_contact_is_removed_in_json_too(tldops: World) -> None:
    """What is printed is what was applied, with the id and the hazards that were reviewed."""
    tldops.sync(*TWENTY)
    label = TWENTY[0].cctld
    gone = [person.name for person in TWENTY if person.cctld == label]
    tldops.write(*(person for person in TWENTY if person.cctld != label))
    reviewed = tldops("plan", "--json").json
    assert reviewed["totals"]["held"] == len(gone)
    said = tldops.do("sync", "--plan", reviewed["id"], "--force", "last-contact", "--json").json
    assert said["applied"]
    plan = said["plan"]
    assert sorted(change["name"] for change in plan["people"] if change["kind"] == "removed") == sorted(gone)
    assert {change["login"]: change["kind"] for change in plan["access"]}[TWENTY[0].login] == "removed"
    assert plan["totals"]["held"] == 0
    assert plan["totals"]["people"] == len(tldops.contacts())
    assert (plan["id"], plan["hazards"]) == (reviewed["id"], reviewed["hazards"])


def test_a_name_with_a_telephone_number_in_it_is_damaged(tldops: World) -> None:
    """The number reaches neither a pipe nor the message of the refusal."""
    numbers = [f"+1 202 555 01{person.number:02}" for person in TWENTY]
    rows = [f"{p.name} {n},{p.slot},{p.cctld},{p.phone},{p.login}" for p, n in zip(TWENTY, numbers, strict=True)]
    tldops.write("name,slot,cctlds,phones,email", *rows)
    for command in (("sync", "--yes"), ("plan",)):
        result = tldops.run(*command)
        assert result.code == 1
        assert "name: Person … is not a name [damaged]" in result.out
        assert not [number for number in numbers if number in result.out + result.err]
