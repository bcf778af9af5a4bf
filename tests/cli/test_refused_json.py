"""What a program gets of a run that is refused, and a plan of who may read that can be looked at."""

import sqlite3

from tests.support import World
from tests.support.people import people

FORTY = people(40)
LIST = '[subscribers]\nfile = "list.txt"\n[guards]\nmismatch = "100 %"\n'


def listed(tldops: World) -> None:
    """Forty people in the roster, and a list with the last thirty of them."""
    path = tldops.folder / "list.txt"
    tldops.configure(LIST)
    path.write_text("".join(f"{person.login}\n" for person in FORTY))
    tldops.sync(*FORTY)
    path.write_text("".join(f"{person.login}\n" for person in FORTY[10:]))


def test_a_sync_that_is_refused_tells_its_plan(tldops: World) -> None:
    """Hazards and the id are there as data, so that nobody has to take them out of a sentence; nothing was applied."""
    tldops.sync(*FORTY)
    tldops.write(*FORTY[20:])
    result = tldops("sync", "--yes", "--json")
    assert result.code == 1
    assert (result.json["applied"], result.json["generation"]) == (False, None)
    plan = result.json["plan"]
    assert {hazard["code"] for hazard in plan["hazards"]} == {"mass-removal", "mass-access"}
    assert plan["id"] in result.err
    forced = ("--force", "mass-removal", "--force", "mass-access", "--json")
    assert tldops("sync", "--plan", "0" * 16, *forced).json["plan"]["id"] == plan["id"]
    assert tldops.do("sync", "--plan", plan["id"], *forced).json["applied"]


def test_a_sync_of_a_file_with_errors_tells_its_plan(tldops: World) -> None:
    """With the errors among the problems."""
    tldops.sync(*FORTY)
    tldops.write(*(person.line for person in FORTY[1:]), FORTY[0].line.replace("#1", "#9"))
    result = tldops("sync", "--yes", "--json")
    assert result.code == 1
    assert not result.json["applied"]
    problems = result.json["plan"]["problems"]
    assert [problem["code"] for problem in problems if problem["severity"] == "error"] == ["bad-slot"]


def test_a_rollback_that_is_refused_tells_its_plan(tldops: World) -> None:
    """As a sync does."""
    tldops.sync(*FORTY[:20])
    tldops.write(*FORTY)
    plan = tldops("plan", "--json").json
    forced = [word for hazard in plan["hazards"] for word in ("--force", hazard["code"])]
    tldops.do("sync", "--plan", plan["id"], *forced)
    result = tldops("rollback", "1", "--yes", "--json")
    assert result.code == 1
    assert (result.json["applied"], result.json["plan"]["kind"]) == (False, "rollback")


def test_the_plan_of_who_may_read_can_be_looked_at(tldops: World) -> None:
    """It changes nothing, has the id that `follow` takes, and is what its refusal points to."""
    listed(tldops)
    shown = tldops("follow", "--dry-run", "--json")
    assert shown.code == 1
    assert [hazard["code"] for hazard in shown.json["hazards"]] == ["mass-access"]
    assert "may no longer log in" in tldops("follow", "--dry-run").out
    assert len(tldops.logins()) == 40
    refused = tldops("follow", "--yes", "--json")
    assert refused.code == 1
    assert (refused.json["applied"], refused.json["plan"]["id"]) == (False, shown.json["id"])
    other = tldops("follow", "--plan", "0" * 16, "--force", "mass-access")
    assert "`tldops follow --dry-run`" in other.err
    assert len(tldops.logins()) == 40
    tldops.do("follow", "--plan", shown.json["id"], "--force", "mass-access")
    assert len(tldops.logins()) == 30
    assert tldops.do("follow", "--dry-run", "--json").json["access"] == []


def test_the_plan_of_who_may_read_is_of_the_list_alone(tldops: World) -> None:
    """No file goes with it, and without a list there is none."""
    listed(tldops)
    assert "members.txt" in tldops.refused("follow", "members.txt", "--dry-run", code=2)
    tldops.configure()
    assert "names no list" in tldops.refused("follow", "--dry-run", code=2)


def test_a_log_that_was_changed_is_told_as_json(tldops: World) -> None:
    """With what is wrong; the exit code is 1 as before."""
    tldops.sync(*FORTY)
    with sqlite3.connect(tldops.folder / "members.sqlite") as database:
        database.execute("UPDATE audit SET actor = 'nobody' WHERE id = 1")
    database.close()
    result = tldops("audit", "--verify", "--json")
    assert result.code == 1
    assert not result.json["whole"]
    assert result.json["wrong"] in result.err
