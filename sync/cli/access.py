"""`tldops access`: who may read, and why."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from radicale_tldops.roster.errors import RefusedError, StoreError
from radicale_tldops.store import audit
from radicale_tldops.store.members import load_devices, revoke_devices
from radicale_tldops.store.read import load_state
from radicale_tldops.store.values import Denial
from radicale_tldops.store.write import allow as lift
from radicale_tldops.store.write import deny as end
from sync.apply import catch_up
from sync.cli.context import OK, App, counted, json_option, one_line, pass_app
from sync.plan.whom import find_subject


@click.group()
def access() -> None:
    """Show, end and give back the right to read.

    Access follows the list: these commands are for what cannot wait for it.
    """


@access.command("list")
@json_option
@pass_app
def list_readers(app: App, as_json: bool) -> int:
    """List every login that may read, why, and who is denied.

    \b
    Examples:
      tldops access list
      tldops access list --json
    """
    state = load_state(app.stores().roster, app.now)
    rows = [
        {
            "login": login,
            "name": reader.name,
            "reason": reader.reason or "on the list",
            "since": reader.since,
            "denied": state.denied[login].reason if login in state.denied else None,
        }
        for login, reader in sorted(state.readers.items())
    ]
    rows += [
        {"login": login, "name": denial.name, "reason": "not on the list", "since": None, "denied": denial.reason}
        for login, denial in sorted(state.denied.items())
        if login not in state.readers
    ]
    if as_json:
        app.json(rows)
        return OK
    app.table(
        ("login", "name", "why"),
        [
            (str(row["login"]), str(row["name"]), f"DENIED: {row['denied']}" if row["denied"] else str(row["reason"]))
            for row in rows
        ],
    )
    return OK


@access.command()
@click.argument("who")
@click.option("--reason", required=True, callback=one_line, help="Why; it is kept and shown.")
@pass_app
def deny(app: App, who: str, reason: str) -> int:
    """End the access of one person at once, whatever the list says.

    WHO is any address of the person, the name, or the UID; for a reader who is
    no SSC, the login. It holds for every login that the person has or gets. The
    card stays in the book. The denial outlives syncs, rollbacks and restores
    until `allow` lifts it. Exits with 1, denying nobody, if nobody or more than
    one person is meant. Copies on devices cannot be recalled.

    \b
    Examples:
      tldops access deny john@nic.example --reason "phone stolen"
      tldops access deny "John Doe" --reason "left the registry"
    """
    stores = app.stores(roster_alone=True)
    subject = find_subject(load_state(stores.roster, app.now), who)
    denial = Denial(subject.owner, subject.address, subject.name, app.now.isoformat(), app.actor, reason)
    end(stores.roster, denial)
    with _done(f"{subject} is denied from now on"):
        if stores.fault is not None:
            raise stores.fault
        _, devices = load_devices(stores.members)
        ids = [device.id for device in devices if device.owner == subject.owner]
        revoked = revoke_devices(stores.members, ids, f"denied: {reason}", app.now)
        detail = {"reason": reason, "logins": list(subject.logins), "devices": revoked}
        audit.record(stores.members, app.actor, "deny", subject.address or subject.owner, detail, app.now)
    app.print(f"{subject} is denied from now on; {counted(revoked, 'device password')} revoked.")
    app.print(f"Logins that this ends: {', '.join(subject.logins) or 'none, this person is not on the list'}")
    app.print("What was downloaded before stays on those devices: it cannot be recalled from here.")
    return OK


@access.command()
@click.argument("who")
@pass_app
def allow(app: App, who: str) -> int:
    """Lift a denial. WHO, named as for `deny`, may read again if on the list.

    Revoked device passwords stay revoked: issue a new one. Exits with 1 if this
    person is not denied.

    \b
    Examples:
      tldops access allow john@nic.example
    """
    stores = app.stores()
    state = load_state(stores.roster, app.now)
    subject = find_subject(state, who)
    if subject.owner not in state.denials:
        raise RefusedError(f"{subject} is not denied. `tldops access list` shows who is.")
    # Ends the devices of this person, if the members database failed when the denial was written.
    catch_up(stores, app.now)
    lift(stores.roster, subject.owner)
    with _done(f"{subject} is no longer denied"):
        audit.record(stores.members, app.actor, "allow", subject.address or subject.owner, {}, app.now)
    if not subject.logins:
        app.print(f"{subject} is no longer denied, but is not on the list, and so may not read.")
        return OK
    app.print(f"{subject} is no longer denied. Logins: {', '.join(subject.logins)}")
    return OK


@contextmanager
def _done(what: str) -> Iterator[None]:
    """Where the members database fails, add to the message what was done to the roster before."""
    try:
        yield
    except StoreError as error:
        raise StoreError(f"{what}, but: {error}") from error
