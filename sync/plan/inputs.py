"""The hazards of the inputs themselves: old, of the future, taken back by a rollback, or cut off."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from radicale_tldops.store.values import Source
from sync.plan.hazards import Hazard, Part, both, counted

FUTURE = timedelta(hours=1)
"""How far the date of an input may lie ahead of the clock."""


@dataclass(frozen=True, slots=True)
class Unended:
    """What a membership file without a line break at its end, which may be cut off, would take.

    `name` is the file's. `people` and `logins` are counted; `readdressed` is who stands last in it, if that person's
    addresses would change, or "". `is_list` tells that the file is the list, too.
    """

    name: str
    people: int
    logins: int
    readdressed: str
    is_list: bool


def stale(
    sources: Sequence[Source], applied: Sequence[Source], taken_back: Sequence[Source], now: datetime
) -> list[Hazard]:
    """Return the hazards of inputs that are old, dated in the future, or were taken back by a rollback.

    `applied` are the inputs that were applied last, and `taken_back` those that a rollback undid.
    """
    last = {source.part: source for source in applied}
    undone = {source.sha256 for source in taken_back}
    # Without a source of subscribers, the membership file is the list, too.
    is_list = len(sources) == 1
    return [
        hazard
        for source in sources
        if (reason := why_stale(source, last.get(source.part), now, is_undone=source.sha256 in undone))
        for hazard in both("stale-source", f"{source.name} {reason}")
        if is_list or (hazard.part is Part.ROSTER) == (source.part == "membership")
    ]


def why_stale(source: Source, last: Source | None, now: datetime, *, is_undone: bool = False) -> str:
    """Return what is wrong with the date of an input, or ""."""
    if is_undone:
        return "has the content that the last rollback took back"
    if source.modified_at > (now + FUTURE).isoformat():
        return f"is dated in the future, {_day(source)}: save it again, if it is the newest"
    if last and source.sha256 != last.sha256 and source.modified_at < last.modified_at:
        return f"is of {_day(source)}, older than the {source.part} input that was applied last, of {_day(last)}"
    return ""


def _day(source: Source) -> str:
    """Return the date of an input as people read it: "2026-11-20 12:00:01 UTC"."""
    return f"{source.modified_at[:19].replace('T', ' ')} UTC"


def cut(unended: Unended) -> list[Hazard]:
    """Return the hazard of a file of which the end may be missing. Who has left another list does not stay for it."""
    found = [
        counted(number, what)
        for number, what in ((unended.people, "people would be removed"), (unended.logins, "logins would be shut out"))
        if number
    ]
    if unended.readdressed:
        found.append(f"the addresses of {unended.readdressed}, the last one in it, would change")
    if not found:
        return []
    message = (
        f"{unended.name} has no line break at its end, so that it may be cut off: {', '.join(found)}. Export it again, "
        "or end it with a line break"
    )
    return both("cut-input", message) if unended.is_list else [Hazard("cut-input", Part.ROSTER, message)]
