"""`tldops migrate`: the steps to a new version that a running server of the old one could not go on with."""

import sys

import click

from radicale_tldops.store import audit, create
from radicale_tldops.store.engine import is_missing
from radicale_tldops.store.schema import DESK, MEMBERS, ROSTER
from sync.cli.context import OK, App, pass_app


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_app
def migrate(app: App, yes: bool) -> int:
    """Bring the databases of an older version to this one.

    Says what it will do, and asks. A server of the older version has to be
    restarted afterwards. Steps that it can go on with need no `migrate`: any
    command takes them.

    \b
    Examples:
      tldops migrate
    """
    app.require_configuration()
    store = app.settings.store
    databases = [(store.roster, ROSTER), (store.members, MEMBERS), (store.desk_file, DESK)]
    if is_missing(store.desk_file):  # as in older versions
        databases.pop()
    steps = [(path, step) for path, database in databases for step in create.pending(path, database)]
    if not steps:
        app.print("The databases are of this version: nothing to do.")
        return OK
    for path, step in steps:
        app.print(f"{path.name}: {step.does}")
    if not (yes or sys.stdin.isatty()):
        raise click.UsageError("without a terminal, say --yes.")
    if not yes and not click.confirm("Do this? The way back is a backup.", err=True):
        raise click.Abort
    create.update_roster(store.roster, store.members, store.desk_file, migrating=True)
    create.update_members(store.roster, store.members, migrating=True)
    fault = create.find_desk_fault(store.roster, store.members, store.desk_file, migrating=True)
    stores = app.stores()
    audit.record(
        stores.members, app.actor, "migrate", "databases", {"steps": [step.does for _, step in steps]}, app.now
    )
    if fault is not None:
        raise fault
    app.print("Done. Restart the server.")
    return OK
