"""`tldops reconcile`: where the list and the membership file disagree."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta

import click

from radicale_tldops.roster.cctld import canonical_label
from radicale_tldops.roster.errors import (
    InputError,
    RefusedError,
    SettingsError,
    StoreError,
    TldopsError,
    UnknownSubjectError,
)
from radicale_tldops.roster.login import canonical_login
from radicale_tldops.store import audit
from radicale_tldops.store.notes import LAST_SYNC, read_note
from radicale_tldops.store.read import load_state
from radicale_tldops.store.values import RosterState
from sync import pipeline
from sync.apply import Stores
from sync.cli.context import FOUND, OK, App, counted, json_option, pass_app
from sync.pipeline import Inputs
from sync.plan.guards import WINDOW_HOURS
from sync.plan.inputs import why_stale
from sync.reconcile.compare import Action, Disagreement, Do, Situation
from sync.reconcile.compare import reconcile as compare
from sync.reconcile.list_changes import ON_LIST, Standing, list_changes, objections
from sync.sources.subscribers import ListError, ListFault, Subscribers
from sync.vet import Vetted

_HEADINGS: Mapping[Situation, str] = {
    Situation.NOT_ON_LIST: "In the file and not on the list",
    Situation.OTHER_ADDRESS: "On the list with another address than in the file",
    Situation.NOT_IN_FILE: "On the list and not in the file",
    Situation.TWICE: "On the list twice",
    Situation.NO_DELIVERY: "Mail of the list is not delivered",
    Situation.BOUNCING: "Mail of the list has bounced lately",
}


@click.command()
@click.argument("addresses", metavar="[ADDRESS]...", nargs=-1)
@click.option("--apply", "apply_changes", is_flag=True, help="Change the list in Mailman 3, after showing how.")
@click.option("--yes", is_flag=True, help="With --apply: do not ask.")
@json_option
@pass_app
def reconcile(app: App, addresses: tuple[str, ...], apply_changes: bool, yes: bool, as_json: bool) -> int:
    """Compare the list with the membership file, and say what to do about each case.

    Who is in the file and not on the list, on the list and not in the file, on it
    with another address, on it twice, and whom its mail does not reach. With
    ADDRESS, only the cases that concern these addresses. Exits with 1 if there is
    something to do.

    \b
    Examples:
      tldops reconcile
      tldops reconcile john@nic.example --apply
    """
    if apply_changes and not (yes or (sys.stdin.isatty() and not as_json)):
        raise click.UsageError("--apply asks on a terminal; elsewhere, and with --json, say --yes.")
    now, stores = app.now, app.stores()
    with app.working("Comparing the list with the membership file"):
        inputs = pipeline.read(app.settings, None, now, delivery=True)
        subscribers = _list_of(inputs)
        vetted = pipeline.check(app.settings, inputs, None, now).vetted
        state = load_state(stores.roster, now)
        everything = compare(vetted, subscribers.people, app.settings.readers, state.denied_addresses)
    findings = _chosen(everything, addresses)
    done: list[Action] = []
    if not as_json:
        _print(app, findings, vetted, subscribers)
    try:
        if apply_changes:
            changes = list_changes(findings)
            standing = _standing(app, stores, state, inputs)
            _refuse(app, objections(everything, changes, vetted, standing, app.settings.guards))
            if not yes:
                _ask(changes)
            _carry_out(app, stores, changes, subscribers, done, quiet=as_json)
    finally:
        # A program gets the findings and the finished actions also when the command is refused or fails.
        if as_json:
            app.json(_as_json(findings, vetted, subscribers, done))
    left = [action for found in findings for action in found.actions if action not in done]
    return FOUND if left else OK


def _list_of(inputs: pipeline.Inputs) -> Subscribers:
    if inputs.subscribers is None:
        raise SettingsError("[subscribers] names no list: the membership file is the list, and agrees with itself.")
    return inputs.subscribers


def _ask(changes: Sequence[tuple[Disagreement, Action]]) -> None:
    if changes and not click.confirm(f"Make these {len(changes)} changes to the list?", err=True):
        raise RefusedError("the list was left as it is.")


def _chosen(findings: Sequence[Disagreement], addresses: Sequence[str]) -> Sequence[Disagreement]:
    logins = {address: canonical_login(address) for address in addresses}
    for address, login in logins.items():
        if not any(login in found.logins for found in findings):
            raise UnknownSubjectError(f"{address}: the list and the file do not disagree about this address.")
    return [found for found in findings if not logins or found.logins & set(logins.values())]


def _print(app: App, findings: Sequence[Disagreement], vetted: Vetted, subscribers: Subscribers) -> None:
    for situation in Situation:
        some = [found for found in findings if found.situation is situation]
        if some:
            app.print(f"{_HEADINGS[situation]}: {len(some)}", style="bold")
        for found in some:
            who = " ".join(
                part for part in (found.served, found.name or ", ".join(found.on_list or found.addresses)) if part
            )
            where = f" ({', '.join(found.origins)})" if found.origins else ""
            app.print(f"  {who}{where}" + (f": {found.detail}" if found.detail else ""), style="yellow")
            for action in (*found.actions, *found.instead):
                app.print(f"    {action.how}")
    errors = sum(problem.severity == "error" for problem in vetted.problems)
    if errors:
        app.print(f"The file has {counted(errors, 'error')}; their records are left out here. See `tldops check`.")
    changes = [action.do for _, action in list_changes(findings)]
    people = counted(len(vetted.contacts) + len(vetted.unlisted), "person", "people")
    app.print(
        f"{people} in the file, {counted(len(subscribers.logins), 'address', 'addresses')} on the list: "
        f"{changes.count(Do.SUBSCRIBE)} to subscribe, {changes.count(Do.UNSUBSCRIBE)} to unsubscribe."
    )


def _standing(app: App, stores: Stores, state: RosterState, inputs: Inputs) -> Standing:
    """Return what the list and the store say beside the findings."""
    cards = (login for person in state.people.values() for login in person.contact.logins)
    reading = (login for login, uid in state.reader_uids.items() if uid)
    file = inputs.membership.source
    last = next((source for source in read_note(stores.roster, LAST_SYNC).sources if source.part == file.part), None)
    reason = why_stale(file, last, app.now)
    return Standing(
        on_list=len(inputs.subscribers.logins) if inputs.subscribers else 0,
        recent=_recent(app, stores),
        served=frozenset((*cards, *reading)),
        older=f"{file.name} {reason}" if reason else "",
    )


def _recent(app: App, stores: Stores) -> Mapping[Do, int]:
    """Count the changes of the list within the window, those included of which nobody knows whether they were made."""
    since = app.now - timedelta(hours=WINDOW_HOURS)
    rows = audit.load(stores.members, audit.AuditFilter(since=since))
    undone = [row.action for row in rows if audit.read_detail(row).get("done") == "no"]
    return {
        do: max(0, sum(row.action == do for row in rows) - undone.count(f"{do} failed"))  # failed within, begun before
        for do in ON_LIST
    }


def _refuse(app: App, reasons: Sequence[str]) -> None:
    """Refuse what must not be done by a command."""
    if app.settings.subscribers.kind != "mailman3":
        raise RefusedError(
            "the list was left as it is: --apply changes lists of Mailman 3 alone. Do by hand what is said above, in "
            "the list software or the directory."
        )
    if reasons:
        raise RefusedError(f"the list was left as it is: {'; '.join(reasons)}.")


def _carry_out(
    app: App,
    stores: Stores,
    changes: Sequence[tuple[Disagreement, Action]],
    subscribers: Subscribers,
    done: list[Action],
    *,
    quiet: bool,
) -> None:
    """Change the list step by step, and note in `done` what was done."""
    for finding, action in changes:
        try:
            _change(app, stores, finding, action, subscribers)
        except TldopsError as error:
            made = ", ".join(f"{action.do} {action.address}" for action in done) or "none"
            kind = RefusedError if isinstance(error, RefusedError) else InputError
            raise kind(
                f"stopped at {action.do} {action.address}: {error} Of {counted(len(changes), 'change')} done: {made}. "
                "`tldops reconcile` shows what is left."
            ) from error
        done.append(action)
        if not quiet:
            past = "Subscribed" if action.do is Do.SUBSCRIBE else "Unsubscribed"
            app.print(f"{past} {action.address}.", style="bold green")
    if done and not quiet:
        app.print("Who may read follows with the next `tldops sync`.")


def _change(app: App, stores: Stores, finding: Disagreement, action: Action, subscribers: Subscribers) -> None:
    """Make one change of the list.

    Its entry in the audit log comes first: so it is counted whatever happens then, and two commands that run at once
    see each other. Where it failed, another entry says so, and whether it may have been made all the same.
    """
    from sync.sources.mailman3 import Mailman3  # as in sync.sources.configured

    def log(what: str, **more: str) -> None:
        detail = {"list": subscribers.source.name, "because": finding.situation.value, **more}
        audit.record(stores.members, app.actor, what, canonical_login(action.address), detail, app.now)

    log(action.do)
    try:
        most = app.settings.guards.access.of(len(subscribers.logins))
        if _recent(app, stores)[action.do] > most:
            raise RefusedError(f"another command changes the list, too, and the limit is {most:g} (mass-access).")
        mailman = Mailman3(app.settings.subscribers.mailman3, app.now)
        if action.do is Do.SUBSCRIBE:
            mailman.subscribe(action.address, action.name)
        else:
            mailman.unsubscribe(action.address)
    except TldopsError as error:
        fault = error.fault if isinstance(error, ListError) else None
        undone = fault is None or fault in (ListFault.REFUSED, ListFault.UNKNOWN)
        with suppress(StoreError):
            log(f"{action.do} failed", done="no" if undone else "perhaps", reason=fault or "not begun")
        raise


def _as_json(
    findings: Sequence[Disagreement], vetted: Vetted, subscribers: Subscribers, done: Sequence[Action]
) -> dict[str, object]:
    return {
        "list": subscribers.source.name,
        "on_list": len(subscribers.logins),
        "in_file": len(vetted.contacts) + len(vetted.unlisted),
        "errors": sum(problem.severity == "error" for problem in vetted.problems),
        "findings": [_finding_json(found, done) for found in findings],
    }


def _finding_json(found: Disagreement, done: Sequence[Action]) -> dict[str, object]:
    return {
        "situation": found.situation.value,
        "name": found.name,
        # The list has labels as somebody wrote them.
        "cctlds": [canonical_label(label) or label.removeprefix(".") for label in found.served.split()],
        "addresses": list(found.addresses),
        "on_list": list(found.on_list),
        "detail": found.detail,
        "origins": list(found.origins),
        "actions": [asdict(action) | {"done": action in done} for action in found.actions],
        "instead": [asdict(action) for action in found.instead],
    }
