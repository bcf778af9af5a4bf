"""`tldops access`: who may read, and why."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from radicale_tldops.roster.errors import StoreError, UnknownSubjectError
from radicale_tldops.roster.login import canonical_login
from radicale_tldops.store import audit
from radicale_tldops.store.members import load_devices, revoke_devices
from radicale_tldops.store.read import load_state
from radicale_tldops.store.write import allow as lift
from radicale_tldops.store.write import deny as end
from sync.cli.context import OK, App, json_option, one_line, pass_app
from sync.cli.show import counted


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
        {"login": login, "name": "", "reason": "not on the list", "since": 0, "denied": denial.reason}
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
@click.argument("login")
@click.option("--reason", required=True, callback=one_line, help="Why; it is kept and shown.")
@pass_app
def deny(app: App, login: str, reason: str) -> int:
    """End the access of LOGIN at once, whatever the list says.

    The card stays in the book. The denial outlives syncs, rollbacks and restores
    until `allow` lifts it. Copies on devices cannot be recalled.

    \b
    Examples:
      tldops access deny john@nic.example --reason "phone stolen"
    """
    name, stores = _login(login), app.stores(roster_alone=True)
    end(stores.roster, name, app.actor, reason, app.now)
    with _done(f"{name} is denied from now on"):
        if stores.fault is not None:
            raise stores.fault
        _, devices = load_devices(stores.members)
        ids = [device.id for device in devices if device.login == name and not device.revoked_at]
        revoked = revoke_devices(stores.members, ids, f"denied: {reason}", app.now)
        audit.record(stores.members, app.actor, "deny", name, {"reason": reason, "devices": revoked}, app.now)
        state = load_state(stores.roster, app.now)
    app.print(f"{name} is denied from now on; {counted(revoked, 'device password')} revoked.")
    uid = state.reader_uids.get(name)
    others = [other for other, owner in state.reader_uids.items() if uid and owner == uid and other not in state.denied]
    if others:
        app.print(f"The same person may still log in as {', '.join(sorted(others))}.", style="yellow")
    app.print("What was downloaded before stays on those devices: it cannot be recalled from here.")
    return OK


@access.command()
@click.argument("login")
@pass_app
def allow(app: App, login: str) -> int:
    """Lift a denial. LOGIN may read again if it is on the list.

    Revoked device passwords stay revoked: issue a new one.

    \b
    Examples:
      tldops access allow john@nic.example
    """
    name, stores = _login(login), app.stores()
    lift(stores.roster, name)
    with _done(f"{name} is no longer denied"):
        audit.record(stores.members, app.actor, "allow", name, {}, app.now)
        listed = name in load_state(stores.roster, app.now).readers
    app.print(f"{name} is no longer denied" + ("." if listed else ", but is not on the list, and so may not read."))
    return OK


@contextmanager
def _done(what: str) -> Iterator[None]:
    """Where the members database fails, add to the message what was done to the roster before."""
    try:
        yield
    except StoreError as error:
        raise StoreError(f"{what}, but: {error}") from error


def _login(text: str) -> str:
    name = canonical_login(text)
    if not name:
        raise UnknownSubjectError(f"{text!r} is no login: logins are the mail addresses of the list.")
    return name
