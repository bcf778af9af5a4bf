"""`tldops migrate`: the steps to a new version that a running server of the old one could not go on with."""

import sys

import click

from radicale_tldops.store import audit, create
from radicale_tldops.store.schema import MEMBERS, ROSTER
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
    steps = [
        (path, step)
        for path, database in ((store.roster, ROSTER), (store.members, MEMBERS))
        for step in create.pending(path, database)
    ]
    if not steps:
        app.print("Both databases are of this version: nothing to do.")
        return OK
    for path, step in steps:
        app.print(f"{path.name}: {step.does}")
    if not (yes or sys.stdin.isatty()):
        raise click.UsageError("without a terminal, say --yes.")
    if not yes and not click.confirm("Do this? The way back is a backup.", err=True):
        raise click.Abort
    create.update_roster(store.roster, store.members, migrating=True)
    create.update_members(store.roster, store.members, migrating=True)
    stores = app.stores()
    audit.record(
        stores.members, app.actor, "migrate", "databases", {"steps": [step.does for _, step in steps]}, app.now
    )
    app.print("Done. Restart the server.")
    return OK
