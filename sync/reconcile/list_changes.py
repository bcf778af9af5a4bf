"""Which changes `tldops reconcile --apply` makes to the list, and why it refuses to make them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from radicale_tldops.roster.login import canonical_login
from radicale_tldops.settings import GuardSettings
from sync.plan.guards import WINDOW_HOURS
from sync.problems import Severity, cut_off_after
from sync.reconcile.compare import Action, Disagreement, Do, Situation
from sync.vet import Vetted

ON_LIST = (Do.SUBSCRIBE, Do.UNSUBSCRIBE)
"""The actions that change the list."""

_NAMED = 5


def list_changes(findings: Iterable[Disagreement]) -> tuple[tuple[Disagreement, Action], ...]:
    """Return the changes that make the list agree with the file, in order."""
    return tuple((found, action) for found in findings for action in found.actions if action.do in ON_LIST)


@dataclass(frozen=True, slots=True)
class Standing:
    """Facts about the list and the store that the findings do not hold.

    `on_list` is the number of addresses on the list, `recent` what was changed within the window of the guards.
    `served` are the logins of everybody in the roster and of the people who may read. `older` says in words that the
    file is older than the one that was applied last, or is "".
    """

    on_list: int
    recent: Mapping[Do, int] = field(default_factory=dict)
    served: frozenset[str] = frozenset()
    older: str = ""


def objections(
    findings: Sequence[Disagreement],
    changes: Sequence[tuple[Disagreement, Action]],
    vetted: Vetted,
    standing: Standing,
    limits: GuardSettings,
) -> tuple[str, ...]:
    """Return why these changes of the list must not be made by a command. `findings` are all there are.

    Inputs with which a sync would be refused do not change the list either.
    """
    if not changes:
        return ()
    found = _mass(changes, standing, limits)
    apart = sum(found.situation in (Situation.NOT_ON_LIST, Situation.NOT_IN_FILE) for found in findings)
    people = len(vetted.contacts) + len(vetted.unlisted)
    if apart > limits.mismatch.of(people):
        found.append(
            f"the list and the file of {people} people disagree about {apart}: is it the right list? (list-mismatch)"
        )
    if cut_off_after(vetted.problems):
        found.append(
            "the membership file has no line break at its end, so that it may be cut off (cut-input): export it again, "
            "or end it with a line break"
        )
    if standing.older:
        found.append(f"{standing.older} (stale-source): get the newest one")
    gone = [action.address for _, action in changes if action.do is Do.UNSUBSCRIBE]
    errors = sum(problem.severity is Severity.ERROR for problem in vetted.problems)
    if errors and gone:
        found.append(f"the file has errors ({errors}): a broken record may be of somebody who would be unsubscribed")
    return (*found, *_served(gone, vetted, standing))


def _mass(changes: Sequence[tuple[Disagreement, Action]], standing: Standing, limits: GuardSettings) -> list[str]:
    most, found = limits.access.of(standing.on_list), []
    for do in ON_LIST:
        count, before = sum(action.do is do for _, action in changes), standing.recent.get(do, 0)
        if count and count + before > most:
            after = f", after {before} in the last {WINDOW_HOURS} hours" if before else ""
            found.append(
                f"{count} addresses to {do}{after}; the limit is {most:g} (mass-access): name fewer addresses, make "
                "the changes in Mailman itself, or set another limit under [guards]"
            )
    return found


def _served(gone: Iterable[str], vetted: Vetted, standing: Standing) -> list[str]:
    """Object to unsubscribing people who are in the roster and no longer in the file, for any reason."""
    people = (*vetted.contacts, *vetted.unlisted)
    in_file = {login for contact, _ in people for login in contact.logins}
    theirs = [address for address in gone if canonical_login(address) in standing.served - in_file]
    if not theirs:
        return []
    names = ", ".join(theirs[:_NAMED]) + (f" and {len(theirs) - _NAMED} more" if len(theirs) > _NAMED else "")
    return [f"the roster has {names}, and the file does not: run `tldops sync` first, which says who goes"]
