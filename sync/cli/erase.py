"""`tldops erase`: everything that the store keeps of somebody who left."""

import sys
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

import click

from radicale_tldops.roster.errors import RefusedError
from radicale_tldops.roster.login import canonical_login
from radicale_tldops.store import desk
from radicale_tldops.store import erase as store
from radicale_tldops.store.audit import AuditFilter, load
from radicale_tldops.store.engine import reading, rewrite
from radicale_tldops.store.kept import load_past_people
from radicale_tldops.store.members import load_devices
from radicale_tldops.store.read import load_state
from radicale_tldops.store.values import RosterState
from sync import pipeline
from sync.cli.context import OK, App, counted, pass_app
from sync.pipeline import Inputs
from sync.plan.whom import Subject, find_subject
from sync.sources import membership_file
from sync.stores import Stores


@click.command()
@click.argument("who")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_app
def erase(app: App, who: str, yes: bool) -> int:
    """Delete everything that the store keeps of somebody who left.

    WHO is an address, the name or the UID. Refused for somebody who is in the
    membership file or in the roster, or who may read. What stays, and what
    cannot be reached from here, is said before you are asked.

    \b
    Examples:
      tldops erase john@nic.example
    """
    if not (yes or sys.stdin.isatty()):
        raise click.UsageError("without a terminal, say --yes.")
    stores = app.stores()
    if stores.desk_fault:
        raise stores.desk_fault
    state = load_state(stores.roster, app.now)
    subject = _subject(stores, state, who)
    with reading(stores.roster) as connection:
        logins = store.known_logins(connection, subject.owner)
    _refuse_present(app, state, subject, logins)
    for line in _said(app, stores, state, subject):
        app.print(line)
    if not yes and not click.confirm("Erase?", err=True):
        raise click.Abort
    done = _erase(app, stores, state, subject.owner, logins)
    app.print(f"Erased: {', '.join(done)}.")
    return OK


def _subject(stores: Stores, state: RosterState, who: str) -> Subject:
    """Return who is meant, also among those of whom only the past is left, or an erasure that was not finished.

    Raises:
        RefusedError: nobody, or more than one person, is meant.
    """
    if any(each.owner == who and not each.finished_at for each in desk.load_erasures(stores.desk)):
        return Subject(who, "", "", (), "")
    login = canonical_login(who)
    # A reader who was no SSC left nothing in the roster but this.
    if login not in state.readers and login in {device.owner for device in load_devices(stores.members)[1]}:
        return Subject(login, "", "", (), login)
    known = replace(state, people={**load_past_people(stores.roster), **state.people})
    return find_subject(known, who, "`tldops show --on DATE TEXT` finds, by a part, who was there on a day")


def _refuse_present(app: App, state: RosterState, subject: Subject, logins: Collection[str]) -> None:
    """Refuse somebody who is still there, and say how they go.

    Raises:
        RefusedError: the person is in the file or the roster, or may read.
        InputError: the membership file cannot be read.
    """
    path = app.settings.membership.file
    if path is not None:
        inputs = Inputs(path, membership_file.read(path, "membership"), None)
        vetted = pipeline.check(app.settings, inputs, None, app.now).vetted
        sound = (contact.logins for contact, _ in vetted.contacts)
        broken = (record.listed + record.out_of_band for record in vetted.broken)
        if vetted.listed.union(*sound, *broken) & {*logins}:
            raise RefusedError(f"{subject} is in {path}. Delete the row there, run `tldops sync`, and erase then.")
    if subject.owner in state.people:
        raise RefusedError(f"{subject} is in the roster. `tldops people {subject.owner}` shows why. Erase afterwards.")
    if subject.logins:
        raise RefusedError(
            f"{subject} may still read as {', '.join(subject.logins)}. Take the address off the list, run "
            "`tldops follow`, and erase then."
        )


def _said(app: App, stores: Stores, state: RosterState, subject: Subject) -> Iterator[str]:
    """Yield what goes, what stays and what cannot be reached."""
    yield f"Of {subject}, everything that the store keeps is deleted:"
    yield "- earlier cards, confirmations, device passwords and their use, networks,"
    yield "  private notes, the details of entries in the audit log"
    days = app.settings.audit.keep_days
    yield "It stays:"
    yield "- that the card is gone, by its id: clients were told so"
    yield f"- the addresses in the audit log, {f'for {days} days' if days else 'for ever'}"
    if denial := state.denials.get(subject.owner):
        yield f"- that {denial.login or denial.owner} is denied, and digests by which the denial holds"
        yield f"    tldops access allow {denial.owner}"
    yield "Delete these yourself, no command reaches them:"
    for path in _backups(stores):
        yield f"- the backup {path}"
    yield "- other backups, exports and documents; a restore of a backup on this"
    yield "  machine erases the person again, on another one it does not"
    yield "- earlier membership files, mails, the archive of the list"
    yield "- what members have on their devices: nobody can"


def _backups(stores: Stores) -> list[Path]:
    """Return the files of the backups that were made on this machine and are still there."""
    made = {entry.subject for entry in load(stores.members, AuditFilter(action="backup"))}
    return [path for path in map(Path, sorted(made)) if path.exists()]


def _erase(app: App, stores: Stores, state: RosterState, owner: str, logins: Collection[str]) -> Iterator[str]:
    """Erase, in an order in which a killed command can be run again, and yield what was deleted."""
    desk.begin_erasure(stores.desk, owner, app.actor, app.now)
    done = store.erase_from_members(stores.members, owner, logins, state.readers, app.actor, app.now)
    cards = store.erase_from_roster(stores.roster, owner)
    desk.erase_from_desk(stores.desk, owner)
    for path in (stores.roster, stores.members, stores.desk):
        rewrite(path)
    desk.finish_erasure(stores.desk, owner, app.now)
    yield counted(cards, "earlier card")
    yield counted(done.confirmations, "confirmation")
    yield counted(done.devices, "device password")
    yield f"details of {counted(done.entries, 'entry', 'entries')} of the audit log"
    if done.entries_kept:
        yield f"not those of {done.entries_kept} that an earlier version wrote"
