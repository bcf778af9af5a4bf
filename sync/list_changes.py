"""Which changes of the list `tldops reconcile --apply` makes, and what keeps it from making them."""

from collections.abc import Iterable, Mapping, Sequence

from radicale_tldops.settings import GuardSettings
from sync.reconcile import Action, Do, Finding, Situation
from sync.records import Severity
from sync.vet import Vetted

ON_LIST = (Do.SUBSCRIBE, Do.UNSUBSCRIBE)
"""What changes the list."""


def list_changes(findings: Iterable[Finding]) -> tuple[tuple[Finding, Action], ...]:
    """Return the changes of the list that lead to agreement in the file's way, in order."""
    return tuple((one, action) for one in findings for action in one.actions if action.do in ON_LIST)


def objections(
    findings: Sequence[Finding],
    changes: Sequence[tuple[Finding, Action]],
    vetted: Vetted,
    on_list: int,
    recent: Mapping[Do, int],
    limits: GuardSettings,
) -> tuple[str, ...]:
    """Return why these changes of the list must not be made by a command.

    The limits are those for logins, over the same window: `recent` is what was changed within it. `findings` are all
    there are, `on_list` is the number of addresses on the list.
    """
    found = []
    limit = max(limits.access_percent * on_list / 100, float(limits.access_people))
    for do in ON_LIST:
        count, before = sum(action.do is do for _, action in changes), recent.get(do, 0)
        if count and count + before > limit:
            after = f", after {before} in the last {limits.window_hours} hours" if before else ""
            found.append(f"{count} addresses to {do}{after}; the limit is {limit:g} (mass-access)")
    apart = sum(one.situation in (Situation.NOT_ON_LIST, Situation.NOT_IN_FILE) for one in findings)
    people = len(vetted.contacts) + len(vetted.unlisted)
    if changes and apart * 100 > limits.mismatch_percent * people:
        found.append(
            f"the list and the file of {people} people disagree about {apart}: is it the right list? (list-mismatch)"
        )
    errors = sum(problem.severity is Severity.ERROR for problem in vetted.problems)
    if errors and any(action.do is Do.UNSUBSCRIBE for _, action in changes):
        found.append(f"the file has errors ({errors}): a broken record may be of somebody who would be unsubscribed")
    return tuple(found)
