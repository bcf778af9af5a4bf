"""A small share of the figures that `make prove` measures; each run of the tests tries the same cases."""

from pathlib import Path

import pytest

from tests.prove import crashes, faults, membership
from tests.prove.tracing import missing
from tests.support import Response
from tests.support.in_process import call
from tests.support.servers import skip_where

KILLS = 4
FAILS = 2
ANSWERS = 100
INPUTS = 250


@pytest.fixture(scope="module")
def change(tmp_path_factory: pytest.TempPathFactory) -> crashes.Scenario:
    """A sync that adds, changes and removes somebody; skipped where nothing can be traced."""
    skip_where(missing())
    return crashes.change(tmp_path_factory.mktemp("crashes"))


def test_a_killed_sync_leaves_the_old_roster_or_the_new(change: crashes.Scenario) -> None:
    """At calls all over the run: for a running server, for one that starts, and for the next command."""
    points = change.points[:: len(change.points) // KILLS]
    outcome = crashes.kill_everywhere(change, points)
    assert not outcome.failures, "\n".join(outcome.failures)
    assert outcome.tried == len(points) >= KILLS
    assert outcome.old
    assert outcome.new


def test_a_first_sync_that_is_killed_while_it_creates_the_databases_is_finished_by_the_next(tmp_path: Path) -> None:
    """Each database is half written, and then whole with its journal still there."""
    skip_where(missing())
    first = crashes.first(tmp_path)
    creating = [point for point in first.points if point.call == "unlink"][:2]
    writing = [point for point in first.points if point.call == "fdatasync"][:2]
    outcome = crashes.kill_everywhere(first, [*creating, *writing])
    assert not outcome.failures, "\n".join(outcome.failures)
    assert outcome.tried == outcome.old == 4


def test_a_sync_whose_disk_fails_leaves_the_old_roster_or_the_new_and_says_so(change: crashes.Scenario) -> None:
    """An error of the disk at one call, and a disk that is full from then on."""
    outcome = crashes.fail_everywhere(change, change.points[3 :: len(change.points) // FAILS])
    assert not outcome.failures, "\n".join(outcome.failures)
    assert outcome.tried >= 2 * FAILS
    assert outcome.old


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> faults.Site:
    """A worker's store, to be spoilt."""
    return faults.build(tmp_path_factory.mktemp("faults"))


def test_no_fault_of_the_store_makes_an_answer_short(site: faults.Site) -> None:
    """Damaged, cut off, swapped, locked, emptied: the whole of one generation, or 503."""
    tally = faults.run(site, "test", ANSWERS)
    assert not tally.short + tally.other, tally.short + tally.other
    assert tally.requests >= ANSWERS
    assert tally.whole
    assert tally.refused
    assert tally.restarts


def test_the_check_sees_a_short_answer(site: faults.Site) -> None:
    """One card less than in either generation is short, and neither generation is."""
    application = faults.worker(site, 0)
    faults.put(site.newest, site)
    for kind, sent in faults.requests(site).items():
        answer = call(application, sent.by(site.login))
        assert faults.is_whole(site, kind, answer)
        marker = b"BEGIN:VCARD" if kind == "GET" else b"<D:response>"
        head, _, rest = answer.body.rpartition(marker)
        end = b"" if kind == "GET" else rest[rest.index(b"</D:response>") + len(b"</D:response>") :]
        assert not faults.is_whole(site, kind, Response(answer.status, {}, head + end))


@pytest.fixture(scope="module")
def wholes(tmp_path_factory: pytest.TempPathFactory) -> list[membership.Applied]:
    """Stores that hold what a whole file says, one for each format."""
    return [membership.applied(tmp_path_factory.mktemp(form), form) for form in membership.FORMATS]


def test_no_damaged_input_is_wrongly_applied(wholes: list[membership.Applied]) -> None:
    """Whoever's entry is whole stays as they are; more people than the guards allow never go; no traceback."""
    tally = membership.run(wholes, "1", range(INPUTS))
    assert not tally.failures, "\n".join(tally.failures)
    assert tally.inputs == INPUTS
    assert tally.refused > INPUTS // 2
    assert tally.applied
    assert tally.guarded


@pytest.mark.parametrize("column", ["phones", "slot", "oob_email"])
def test_a_damaged_header_takes_nothing_from_everybody(wholes: list[membership.Applied], column: str) -> None:
    """A column whose name is not understood is an error or a hazard where everybody would lose what stands in it."""
    whole = next(applied for applied in wholes if applied.format == "csv")
    wanted, plan = membership.decide(whole, whole.data.replace(f",{column},".encode(), f",{column}x,".encode(), 1))
    is_stopped = bool(wanted.errors or plan.hazards)
    assert is_stopped, f"{plan.totals.changed} people would lose something without a word"


def test_an_entry_that_never_closes_is_nobody_else(wholes: list[membership.Applied]) -> None:
    """What is left of two entries whose middle is lost is an error, and not the second person with another name."""
    text = next(applied for applied in wholes if applied.format == "text")
    entries = {uid: entry.decode().strip() for uid, entry in text.entries.items()}
    first = next(uid for uid, entry in entries.items() if " (" in entry and entry.endswith(")"))
    others = [text.contacts[uid] for uid in entries if uid != first and text.contacts[uid].out_of_band]
    begun = entries[first].rpartition(", ")[0]
    for other in others:
        left = [line for line in text.data.decode().splitlines() if other.listed[0] not in line]
        left[left.index(entries[first])] = f"{begun}, {other.out_of_band[0]}"
        wanted, _ = membership.decide(text, "".join(f"{line}\n" for line in left).encode())
        assert wanted.errors, f"{begun.partition(',')[0]} would be {other.listed[0]}"


def test_the_check_sees_what_is_wrongly_applied(wholes: list[membership.Applied]) -> None:
    """A plan that takes somebody whose entry is whole is wrong; the plan for the entry's own removal is not."""
    text = next(applied for applied in wholes if applied.format == "text")
    less = text.data.split(b"\n", 1)[1]
    wanted, plan = membership.decide(text, less)
    assert plan.totals.removed == 1
    assert not list(membership.wrongs(text, less, wanted, plan))
    assert list(membership.wrongs(text, text.data, wanted, plan))


def test_the_scenarios_are_disturbed_where_they_write(change: crashes.Scenario) -> None:
    """The journal, the syncing to disk, the database and the end of the journal are among the calls."""
    assert {"pwrite64", "fdatasync", "unlink"} <= {point.call for point in change.points}
    assert change.old != change.new
    assert Path(change.folder).is_dir()
