"""`tldops init`: a commented configuration and an empty store."""

import os
from pathlib import Path

import click

from radicale_tldops.roster.errors import SettingsError
from radicale_tldops.settings.file import DEFAULT_FILE, ENVIRONMENT
from sync.cli.context import OK, App, pass_app
from sync.cli.examples import read_example


@click.command()
@click.option(
    "--new-members", is_flag=True, help="Make a new members database for a roster whose own one cannot be brought back."
)
@click.option("--new-desk", is_flag=True, help="Make a new desk database in the place of one that is lost.")
@pass_app
def init(app: App, new_members: bool, new_desk: bool) -> int:
    """Write a commented tldops.toml and create the store.

    The file is written where --config says, or in this folder. One that exists
    is never overwritten; then only the store is created, where there is none.

    \b
    Examples:
      tldops init
      tldops --config /etc/tldops/tldops.toml init
      tldops init --new-members      every device password has to be issued again
      tldops init --new-desk         the next sync fills it from the file
    """
    if new_members and new_desk:
        raise click.UsageError("--new-members and --new-desk are two steps: take one at a time.")
    if new_desk:
        return _make_desk(app)
    if new_members:
        return _make_members(app)
    path = Path(app.config or os.environ.get(ENVIRONMENT) or DEFAULT_FILE)
    app.config = str(path)
    if path.exists():
        app.print(f"{path} exists and was left as it is.")
    else:
        _write(path, read_example("tldops.toml"))
        app.print(f"Wrote {path}. Set [membership] file in it, then run `tldops check`.")
    stores = app.stores(creating=True)
    app.print(f"The store: {stores.roster}, {stores.members} and {stores.desk}.")
    return OK


def _make_desk(app: App) -> int:
    """Create a desk database beside the roster, and record that in the audit log."""
    # Imported here: with another option the databases may not be used.
    from radicale_tldops.store import audit
    from radicale_tldops.store.create import create_desk

    stores = app.stores()
    create_desk(stores.desk)
    audit.record(stores.members, app.actor, "new desk database", stores.desk.name, {}, app.now)
    app.print(f"Wrote {stores.desk}. Now run `tldops sync`: it fills in what is private from the membership file.")
    return OK


def _make_members(app: App) -> int:
    """Create a members database beside the roster, and record that in its audit log."""
    # Imported here: with another option the databases may not be used.
    from radicale_tldops.store import audit
    from radicale_tldops.store.create import create_members

    stores = app.repaired_stores()
    create_members(stores.roster, stores.members)
    audit.record(stores.members, app.actor, "new members database", stores.members.name, {}, app.now)
    app.print(f"Wrote {stores.members}. Device passwords and confirmations of the old one are gone.")
    app.print("Issue new ones with `tldops device add`. Then accept the new audit log: `tldops audit --accept`.")
    app.print("Where dates of `tldops confirm` are lost, the next `tldops sync` shows them as the hazard `reread`.")
    return OK


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640), "wb") as file:
            file.write(content)
    except OSError as error:
        raise SettingsError(f"{path}: cannot write the configuration: {error.strerror}.") from error
