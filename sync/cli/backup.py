"""`tldops backup` and `tldops restore`."""

import sys
from contextlib import suppress
from pathlib import Path

import click

from radicale_tldops.roster.errors import StoreError
from radicale_tldops.store import audit
from radicale_tldops.store import backup as store
from radicale_tldops.store import restore as way_back
from radicale_tldops.store.kept import verify_kept
from radicale_tldops.store.values import Stamp
from sync.cli.context import OK, App, counted, pass_app, shown


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@pass_app
def backup(app: App, file: Path) -> int:
    """Write consistent copies of the databases to FILE, FILE.members and FILE.desk.

    Works while the server serves. An existing file is never overwritten, and no
    link is followed to another. The copies hold names and telephone
    numbers: keep them where the store may be. Verifies every generation that is
    kept: where an earlier one was changed, the copies are written, and the exit
    code is 2.

    \b
    Examples:
      tldops backup /var/backups/tldops-2026-11-21
    """
    stores = app.stores()
    desk = None if stores.desk_fault else stores.desk
    for path in store.backup(stores.roster, stores.members, desk, file):
        app.print(f"Wrote {path}.")
    with suppress(StoreError):
        audit.record(stores.members, app.actor, "backup", str(file.absolute()), {}, app.now)
    # The newest generation was verified before; damage to an earlier one is no reason to have no backup.
    verify_kept(stores.roster)
    if stores.desk_fault:
        raise stores.desk_fault
    return OK


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_app
def restore(app: App, file: Path, yes: bool) -> int:
    """Put a backup in the place of the roster, as a new generation.

    Every client gets a full answer at its next sync. A login that was denied or
    lost its access since the backup stays without access. Device passwords come
    back only into a members database that has none, or is missing; note and
    evidence only where the desk database is missing. Run `tldops sync` afterwards.

    \b
    Examples:
      tldops restore /var/backups/tldops-2026-11-21
    """
    if not (yes or sys.stdin.isatty()):
        raise click.UsageError("without a terminal, say --yes.")
    stores = app.repaired_stores()
    if not yes and not click.confirm(f"Replace the roster in {stores.roster} by {file}?", err=True):
        raise click.Abort
    stamp = Stamp(app.now, app.actor, "restore", note=f"restored from {shown(str(file))}")
    done = way_back.restore(stores.roster, stores.members, stores.desk, file, stamp)
    people = done.generation.counts.people
    detail = {"from_generation": done.from_generation, "people": people, "gone": done.gone}
    audit.record(stores.members, app.actor, "restore", f"generation {done.generation.id}", detail, stamp.now)
    _report(app, done)
    app.print("Now run `tldops sync`, so that roster and access are those of today.")
    return OK


def _report(app: App, done: way_back.Restored) -> None:
    """Print what was restored, what stays as it was, and what cannot be taken back."""
    people = done.generation.counts.people
    app.print(
        f"Restored generation {done.from_generation} as generation {done.generation.id}: "
        f"{counted(people, 'person', 'people')}."
    )
    if done.devices_restored:
        app.print(f"{counted(done.devices_restored, 'device')} restored.")
    if done.devices_ended:
        app.print(f"Ended after the backup, and still ended: {counted(done.devices_ended, 'device')}.")
    if done.denied:
        app.print(f"Denied after the backup, and still denied: {', '.join(done.denied)}")
    if done.erased:
        app.print(f"Erased before, and erased again: {counted(done.erased, 'person', 'people')} of the backup.")
    if done.gone:
        app.print(
            f"{counted(done.gone, 'card')} of the replaced roster went: clients drop them at their next sync; what "
            "they showed until then cannot be taken back."
        )
    for text, logins in (("shut out, since the list changed after the backup", done.shut_out), ("let in", done.let_in)):
        if logins:
            app.print(f"{counted(len(logins), 'login')} {text}: {', '.join(logins)}")
