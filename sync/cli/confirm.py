"""`tldops confirm`: a contact was confirmed."""

import click

from radicale_tldops.roster.errors import UnknownSubjectError
from radicale_tldops.roster.login import canonical_login
from radicale_tldops.store import audit
from radicale_tldops.store.members import add_claims
from radicale_tldops.store.read import load_state
from sync.cli.context import OK, App, one_line, pass_app


@click.command()
@click.argument("logins", metavar="LOGIN...", nargs=-1, required=True)
@click.option(
    "--how",
    default="by hand",
    show_default=True,
    callback=one_line,
    help='How: "answered the mail of 2026-11-02", "called".',
)
@pass_app
def confirm(app: App, logins: tuple[str, ...], how: str) -> int:
    """Record that contacts were confirmed today, how, and by whom.

    LOGIN is any address of the contact. The card shows the date after the next
    sync. Either all the logins are recorded or none.

    \b
    Examples:
      tldops confirm john@nic.example --how "answered the yearly mail"
    """
    stores = app.stores()
    state = load_state(stores.roster, app.now)
    uids = {login: uid for uid, person in state.people.items() for login in person.contact.logins}
    people: dict[str, str] = {}
    for login in logins:
        name = canonical_login(login)
        if name not in uids:
            raise UnknownSubjectError(f"{login}: no contact of the roster has this address. Nothing was recorded.")
        people[uids[name]] = name
    add_claims(stores.members, people, how, app.actor, app.now)
    for uid, name in people.items():
        audit.record(stores.members, app.actor, "confirm", name, {"uid": uid, "how": how}, app.now)
        app.print(f"Confirmed today: {state.people[uid].contact.name} ({state.people[uid].contact.served})")
    app.print("The cards show it after the next `tldops sync`.")
    return OK
