"""What to do next, the worst first, from the facts that `tldops status` shows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from radicale_tldops.roster.cctld import Cctld
from sync.cli.context import counted, few


@dataclass(frozen=True, slots=True)
class Task:
    """Something to do: what is so, and the command that shows it or does it, "" where the text says it."""

    what: str
    command: str = ""
    is_urgent: bool = False


def to_do(facts: Mapping[str, Any]) -> list[Task]:
    """Return what to do, the worst first."""
    return [*_alarms(facts), *_work(facts)]


def _alarms(facts: Mapping[str, Any]) -> Iterator[Task]:
    """Yield what must not wait."""
    read, refused, errors = facts["list"], facts["refused"], facts["last_sync"]["errors"]
    if read["failing_since"]:
        before = f"last read {minute(read['at'])}" if read["at"] else "never read"
        what = f"The list is unreadable since {minute(read['failing_since'])} ({read['failure']}); {before}"
        yield Task(what, "tldops follow", is_urgent=True)
    if read["refused_since"]:
        logins = counted(read["waiting"], "login")
        what = f"{logins} not on the list may still read, since {minute(read['refused_since'])} ({read['refusal']})"
        yield Task(what, "tldops follow --dry-run", is_urgent=True)
    if refused["since"]:
        what = f"Every sync is refused since {minute(refused['since'])}: {refused['why']}"
        yield Task(what, "tldops plan", is_urgent=True)
    elif errors:
        yield Task(f"The last sync left out {counted(errors, 'error')}", "tldops check", is_urgent=True)
    for erasure in facts["erasing"]:
        yield Task(f"An erasure of {minute(erasure['at'])} is not finished", f"tldops erase {erasure['owner']}", True)
    if facts["desk"]:
        yield Task(f"{facts['desk']}", is_urgent=True)
    yield from (Task(exposure, is_urgent=True) for exposure in facts["modes"])


def _work(facts: Mapping[str, Any]) -> Iterator[Task]:
    """Yield what is to be worked off."""
    held, kept, off_list = facts["held"], facts["kept"], facts["off_list"]
    if held:
        yield Task(f"{_people(held)} held, as before: {_few(held, '{name}')}", "tldops people --held")
    if facts["missing"]:
        yield Task(f"{counted(facts['missing'], 'ccTLD')} without a contact", "tldops status --missing")
    if kept:
        what = f"{counted(len(kept), 'value')} kept, not understood in the file: {_few(kept, '{field} of {name}')}"
        yield Task(what, "tldops people --kept")
    if facts["stale"]:
        what = f"{counted(len(facts['stale']), 'person', 'people')} confirmed too long ago"
        yield Task(what, "tldops people --stale")
    if facts["never_confirmed"]:
        what = f"{counted(facts['never_confirmed'], 'person', 'people')} never confirmed"
        yield Task(what, "tldops people --never-confirmed")
    if off_list:
        what = f"{_people(off_list)} no longer on the list: {_few(off_list, '{name} since {since}')}"
        yield Task(what, "tldops reconcile")
    if facts["one_contact"]:
        what = f"{counted(len(facts['one_contact']), 'ccTLD')} with one contact alone"
        yield Task(what, "tldops people --single")
    if lost := facts["undelivered"]:
        what = f"{counted(len(lost), 'mail')} not delivered: {_few(lost, '{recipient} ({fault})')}"
        yield Task(what)
    if facts["denied"]:
        what = f"denied: {counted(len(facts['denied']), 'login')}: {few(facts['denied'])}"
        yield Task(what, "tldops access list")
    for zone in facts["own_zones"]:
        dotted = Cctld(zone["cctld"]).dotted
        what = f"{zone['setting']} is under {dotted}: it fails with {dotted}, when members need {few(zone['people'])}"
        yield Task(what)


def minute(moment: str) -> str:
    """Return a time to the minute, as people read it."""
    return f"{moment[:16].replace('T', ' ')} UTC"


def _people(found: Sequence[Mapping[str, str]]) -> str:
    return counted(len(found), "person", "people")


def _few(found: Sequence[Mapping[str, str]], form: str) -> str:
    return few([form.format(**item) for item in found])
