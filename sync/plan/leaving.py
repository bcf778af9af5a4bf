"""Who is in the file and not on the list any more: the card stays for some days, and says since when.

A mail that bounced must not take a contact out of everybody's book. The login ends at once all the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from radicale_tldops.store.values import RosterState
from sync.plan.identify import How, Identifiable, Identities, Recognised, recognise
from sync.problems import Finding, printable


@dataclass(frozen=True, slots=True)
class Leaving:
    """The entries of people who are not on the list, the day, and how long their cards stay."""

    entries: Sequence[Identifiable]
    today: date
    grace: timedelta


def with_leavers(
    listed: Recognised, leaving: Leaving, state: RosterState, identities: Identities
) -> tuple[Recognised, Mapping[str, str]]:
    """Return who is on the list and who left it and keeps the card, and by UID why the card of others goes.

    Nobody is let in: who has no card gets none.
    """
    here = {match.uid for match in listed.matches}
    missing = {uid: person.contact for uid, person in state.people.items() if uid not in here}
    found = recognise(leaving.entries, missing, replace(identities, departed={}))
    away = state.away_since
    matches, problems, gone = list(listed.matches), [*listed.problems, *found.problems], dict[str, str]()
    for match in found.matches:
        # Who has only an out-of-band address in common may be a colleague: a card stays for the person alone.
        contact, origin = match.entry.contact, match.entry.origins[0]
        if match.how is How.OUT_OF_BAND and contact.name == missing[match.uid].name:
            gone[match.uid] = f"the address in line {origin.line} is not on the list: subscribe it first"
        if match.how in (How.NEW, How.OUT_OF_BAND):
            continue
        since = away.get(match.uid, leaving.today)
        if leaving.grace and leaving.today - since <= leaving.grace:
            entry = replace(match.entry, contact=replace(contact, not_on_list_since=since))
            matches.append(replace(match, entry=entry))
            what = f"not on the list since {since}; the card stays until {since + leaving.grace}"
            problems.append(Finding("left-list", f"{printable(contact.name)}: {what}").at(origin))
        else:
            gone[match.uid] = f"left the list on {since}, still in line {origin.line}"
    return Recognised(tuple(matches), (*listed.unresolved, *found.unresolved), tuple(problems)), gone
