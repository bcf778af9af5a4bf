"""The secretariat's own columns: in the desk database and nowhere else, and nothing else waits for them."""

import csv
import io
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from radicale_tldops.roster.contact import PRIVATE
from radicale_tldops.roster.errors import StoreError
from radicale_tldops.store.engine import writing
from radicale_tldops.store.kept import verify_kept
from radicale_tldops.store.read import load_cards
from radicale_tldops.store.schema import ROSTER
from radicale_tldops.store.values import SHOWS_PRIVATE
from radicale_tldops.store.write import reseal
from tests.support import CALENDARSERVER, Client, World, serve
from tests.support.lists import subscribe
from tests.support.people import Person, people
from tests.support.site import SERVERS
from tests.support.store import as_version_4

NINE = people(9)
HEADINGS = ("name", "slot", "cctlds", "phones", "email", "evidence", "note", "card_note")
SECRETS = ("Blueferret", "Redweasel", "Grüner Marder", "+1 202 555 9988")
PUBLIC = "Greets visitors"
HARMS: Mapping[str, Callable[[Path], None]] = {
    "missing": lambda path: path.unlink(),
    "empty": lambda path: os.truncate(path, 0),
    "garbage": lambda path: fill(path, b"garbage" * 1000),
    "a table is gone": lambda path: change(path, "DROP TABLE private"),
    "a trigger": lambda path: change(path, "CREATE TRIGGER t AFTER DELETE ON private BEGIN SELECT 1; END"),
    "no text": lambda path: change(path, "UPDATE private SET value = x'00'"),
    "a folder": lambda path: become_folder(path),
}


def change(path: Path, statement: str) -> None:
    """Change a database past the commands."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


def fill(path: Path, content: bytes) -> None:
    """Write something else into the file."""
    path.write_bytes(content)


def become_folder(path: Path) -> None:
    """Put a folder in the place of the file."""
    path.unlink()
    path.mkdir()


def row(person: Person, **own: str) -> dict[str, str]:
    """A row of the membership file, with private columns that no other person has."""
    return {
        "name": person.name,
        "slot": str(person.slot),
        "cctlds": f".{person.cctld}",
        "phones": person.phone,
        "email": person.login,
        "evidence": f"ticket Blueferret {person.number}",
        "note": f"Redweasel {person.number}: Grüner Marder, +1 202 555 9988",
        "card_note": f"{PUBLIC} {person.number}",
    } | own


def write(tldops: World, rows: Sequence[Mapping[str, str]], headings: Sequence[str] = HEADINGS) -> None:
    """Write the membership file."""
    text = io.StringIO()
    writer = csv.DictWriter(text, headings, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    tldops.members.write_text(text.getvalue())


@pytest.fixture
def synced(tldops: World) -> World:
    """Nine people with private columns, in the roster."""
    write(tldops, [row(person) for person in NINE])
    tldops.do("sync", "--yes")
    return tldops


def desk(tldops: World) -> Path:
    """The desk database."""
    return tldops.folder / "desk.sqlite"


def leaks(tldops: World, *more: bytes) -> list[str]:
    """Which private values stand in what the server can read, in any encoding that is written, or in `more`."""
    files = [path for path in tldops.folder.iterdir() if path.name.startswith(("roster.sqlite", "members.sqlite"))]
    assert len(files) >= 2
    texts = [*(path.read_bytes() for path in files), *more]
    forms = {form for secret in SECRETS for form in (secret, json.dumps(secret)[1:-1])}
    return sorted(form for form in forms for text in texts if form.encode() in text)


def cards(tldops: World) -> list[str]:
    """Every card, unfolded."""
    return [card.replace("\r\n ", "") for card in load_cards(tldops.folder / "roster.sqlite")]


@pytest.mark.parametrize("kind", SERVERS)
def test_nothing_private_is_in_any_byte_that_the_server_can_read(synced: World, kind: str) -> None:
    """Neither in an answer nor in a file: after the first sync, a change, a removal and a rollback."""
    john = synced.device(NINE[0].login)
    assert not leaks(synced)
    rows = [row(person, note=f"now Redweasel {person.number}", card_note="") for person in NINE[1:4]]
    write(synced, [row(NINE[0]), *rows, *(row(person) for person in NINE[5:])])
    assert synced("sync", "--yes").code in (0, 1)
    synced.do("rollback", "1", "--yes")
    synced.force("stale-source")
    synced.do("audit", "--prune")
    with serve(synced, kind) as url:
        client = Client(url, john)
        book = client.book()
        found = client.cards(book)
        bodies = [client.propfind(book, f"{CALENDARSERVER}getctag").body]
        bodies += [client.request("GET", href).body for href in found]
        assert not leaks(synced, *bodies, *(card.encode() for card in found.values()))
        assert sum(PUBLIC in card for card in found.values()) == 5
    assert not leaks(synced)
    assert b"Redweasel" in desk(synced).read_bytes()
    assert NINE[4].name not in synced.contacts()
    assert b"Blueferret 5" not in desk(synced).read_bytes()


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="the system does not tell which files are open")
def test_the_server_does_not_open_the_desk(synced: World) -> None:
    """It serves without one, and holds no file of it open."""
    john = synced.device(NINE[0].login)
    desk(synced).rename(synced.folder / "elsewhere")
    desk(synced).mkdir()
    with serve(synced) as url:
        client = Client(url, john)
        assert len(client.cards(client.book())) == 9
    assert not any(desk(synced).iterdir())


def test_what_only_the_secretariat_sees_changes_no_card(synced: World) -> None:
    """The plan names the fields, without their values in a pipe; card, tag and revision are those of before."""
    before = cards(synced)
    write(synced, [row(NINE[0], note="another", evidence=""), *(row(person) for person in NINE[1:])])
    shown = synced("plan")
    assert shown.code == 0
    assert "    evidence: 1 value -> none\n    note: 2 values -> 1 value\n" in shown.out
    assert "1 changed" in shown.out
    assert "-> another" in synced.do("plan", "--show-values").out
    synced.do("sync", "--yes")
    contact = synced.contacts()[NINE[0].name]
    assert (contact.note, contact.evidence) == ("another", ())
    assert cards(synced) == before
    assert "Nothing to do" in synced.do("sync", "--yes").out


def test_a_lost_private_column_is_held(synced: World) -> None:
    """A heading that is gone, and cells that are emptied in more rows than the limit."""
    write(synced, [row(person) for person in NINE], [name for name in HEADINGS if name != "evidence"])
    assert "the column evidence is gone, and 9 people would lose their evidence" in synced.refused(
        "sync", "--yes", code=1
    )
    write(synced, [row(person, note="") for person in NINE])
    assert "9 people would lose their notes" in synced.refused("sync", "--yes", code=1)
    assert all(contact.evidence and contact.note for contact in synced.contacts().values())


def test_the_export_has_them_only_where_that_is_asked_for(synced: World) -> None:
    """Without `--private` they are left out; with it the roster reads back, field by field."""
    for form in ("csv", "report", "vcf"):
        assert not [secret for secret in SECRETS if secret in synced.do("export", "--format", form).out]
    file = synced.folder / "all.csv"
    synced.do("export", "--format", "csv", "--private", "-o", str(file))
    before = synced.contacts()
    assert all(secret in file.read_text() for secret in SECRETS)
    assert "Nothing to do" in synced.do("sync", str(file), "--yes").out
    (synced.folder / "other").mkdir()
    other = World(synced.folder / "other")
    shutil.copy(file, other.members)
    assert other.run("sync", "--yes").code == 0
    assert other.contacts() == before
    assert "goes with --format csv" in synced.refused("export", "--private", code=2)


@pytest.mark.parametrize("harm", HARMS)
def test_the_roster_and_access_do_not_wait_for_the_desk(synced: World, harm: str) -> None:
    """A sync applies everything else and exits with 2; after a new desk, the next one fills it from the file."""
    before = synced.contacts()
    HARMS[harm](desk(synced))
    write(synced, [row(NINE[0], phones="+1 202 555 0199"), *(row(person) for person in NINE[1:8])])
    synced.configure('[subscribers]\nfile = "list.txt"\n')
    subscribe(synced, NINE[:8])
    for command in (("plan",), ("sync", "--yes"), ("sync", "--yes")):
        result = synced(*command)
        assert (result.code, result.err.count("\n")) == (2, 1), result
        assert "note, evidence and columns of your own cannot be used, and nothing else depends on them: " in result.err
        assert "evidence: " not in result.out
    assert synced.generation() == 2
    assert synced.logins() == {person.login for person in NINE[:8]}
    assert synced.do("follow", "--yes").err == ""
    assert synced.do("access", "deny", NINE[1].login, "--reason", "x").err == ""
    assert "! note, evidence and columns of your own cannot be used" in synced.do("status").out
    backup = synced("backup", str(synced.folder / "backup"))
    assert backup.code == 2 or harm in ("a table is gone", "no text")
    assert (synced.folder / "backup.members").is_file()
    assert synced("export", "--format", "csv", "--private").code == 2
    assert synced.do("export", "--format", "csv").out.count("\n") == 9
    if desk(synced).exists() and harm != "empty":
        assert "Move it aside" in synced.refused("init", "--new-desk", code=2)
        desk(synced).rename(synced.folder / "aside")
    synced.do("init", "--new-desk")
    assert desk(synced).stat().st_mode & 0o777 == 0o600
    synced.do("sync", "--yes")
    after = synced.contacts()
    assert {name: (contact.note, contact.evidence) for name, contact in after.items()} == {
        name: (contact.note, contact.evidence) for name, contact in before.items() if name in after
    }
    assert "Nothing to do" in synced.do("sync", "--yes").out
    assert "cannot be used" not in synced.do("status").out


def test_a_sync_that_is_killed_before_the_desk_is_finished_by_the_next(
    synced: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The roster is written first. What is still missing is no hazard, though the file is the same."""

    def stop(*_: object) -> None:
        raise StoreError("the machine stopped")

    write(synced, [row(NINE[0], note="another", phones="+1 202 555 0199"), *(row(person) for person in NINE[1:])])
    with monkeypatch.context() as patch:
        patch.setattr("sync.apply.keep_private", stop)
        result = synced("sync", "--yes")
    assert (result.code, "generation 2 was applied and is served, but: the machine stopped" in result.err) == (2, True)
    assert synced.contacts()[NINE[0].name].note != "another"
    synced.do("sync", "--yes")
    assert synced.contacts()[NINE[0].name].note == "another"


def test_a_rollback_leaves_them_alone(synced: World) -> None:
    """It brings back cards only."""
    write(synced, [row(NINE[0], note="another", phones="+1 202 555 0199"), *(row(person) for person in NINE[1:])])
    synced.do("sync", "--yes")
    synced.do("rollback", "1", "--yes")
    contact = synced.contacts()[NINE[0].name]
    assert (contact.phones[0].number, contact.note) == ("+12025550007", "another")


def test_a_backup_holds_them_and_a_restore_brings_them_back_where_they_are_lost(synced: World) -> None:
    """A desk that is there is newer than any backup. A backup that cannot be read stops a restore before it begins."""
    backup = synced.folder / "backup"
    synced.do("backup", str(backup))
    assert {path.stat().st_mode & 0o777 for path in synced.folder.glob("backup*")} == {0o600}
    before = synced.contacts()
    write(synced, [row(NINE[0], note="another"), *(row(person) for person in NINE[1:])])
    synced.do("sync", "--yes")
    synced.do("restore", str(backup), "--yes")
    assert synced.contacts()[NINE[0].name].note == "another"
    desk(synced).unlink()
    copy = (synced.folder / "backup.desk").read_bytes()
    (synced.folder / "backup.desk").write_bytes(b"garbage" * 1000)
    assert "cannot be used" in synced.refused("restore", str(backup), "--yes", code=2)
    (synced.folder / "backup.desk").write_bytes(copy)
    synced.do("restore", str(backup), "--yes")
    assert synced.contacts() == before
    desk(synced).unlink()
    (synced.folder / "backup.desk").unlink()
    synced.do("restore", str(backup), "--yes")
    assert not synced.contacts()[NINE[0].name].note
    synced.do("sync", "--yes")
    assert synced.contacts()[NINE[0].name].note == "another"


def as_version_3(path: Path) -> None:
    """Take a roster back to the version whose contacts and cards held the private columns."""
    with writing(path) as connection:
        rows = connection.exec_driver_sql("SELECT href, since, text, contact FROM card").all()
        for number, found in enumerate(rows):
            own = {"evidence": f"ticket Blueferret {number}", "note": f"Redweasel {number}"}
            contact = json.dumps(json.loads(found.contact) | own, ensure_ascii=False, separators=(",", ":"))
            shown = found.text.replace("\r\nCLASS:", f" {own['note']} {own['evidence']}\r\nCLASS:")
            values = (contact, shown, found.href, found.since)
            connection.exec_driver_sql("UPDATE card SET contact = ?, text = ? WHERE href = ? AND since = ?", values)
        reseal(connection, 1)
        as_version_4(connection)
        connection.exec_driver_sql("UPDATE meta SET value = '3' WHERE key = 'schema_version'")


@pytest.fixture
def old(tldops: World) -> World:
    """A store of the version before, with an earlier generation, whose file has no private columns any more."""
    headings = [name for name in HEADINGS if name not in PRIVATE]
    write(tldops, [row(person) for person in NINE], headings)
    tldops.do("sync", "--yes")
    write(tldops, [row(NINE[0], phones="+1 202 555 0199"), *(row(person) for person in NINE[1:])], headings)
    tldops.do("sync", "--yes")
    as_version_3(tldops.folder / "roster.sqlite")
    desk(tldops).unlink()
    assert leaks(tldops)
    return tldops


def test_a_store_of_an_older_version_gives_them_up(old: World) -> None:
    """`migrate` moves them, and serving goes on; the next plan says what leaves the cards, then nothing is left."""
    old.do("migrate", "--yes")
    device = old.device(NINE[1].login)
    roster = old.folder / "roster.sqlite"
    assert desk(old).stat().st_mode & 0o777 == 0o600
    found = old.contacts()
    assert {found[person.name].note.partition(" ")[0] for person in NINE} == {"Redweasel"}
    assert len({(contact.note, contact.evidence) for contact in found.values()}) == 9
    verify_kept(roster)
    with closing(sqlite3.connect(roster)) as connection:
        assert connection.execute("SELECT count(*) FROM card WHERE contact LIKE '%Redweasel%'").fetchone() == (0,)
        assert connection.execute("SELECT DISTINCT key FROM card").fetchall() == [(SHOWS_PRIVATE,)]
    with serve(old) as url:
        client = Client(url, device)
        assert sum("Redweasel" in card for card in client.cards(client.book()).values()) == 9
    rows = [row(p, note=found[p.name].note, evidence=found[p.name].evidence[0]) for p in NINE]
    rows[0]["phones"] = "+1 202 555 0199"
    write(old, rows)
    shown = old.do("plan")
    assert shown.out.count("    the card no longer shows note and evidence, which are the secretariat's alone\n") == 9
    assert "0 added, 9 changed, 0 removed" in shown.out
    old.do("sync", "--yes")
    assert not leaks(old)
    assert old.contacts() == found
    old.do("rollback", "1", "--yes")
    assert not leaks(old)
    verify_kept(roster)


def test_a_migration_that_is_killed_is_done_again(old: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The desk is written before the roster gives anything up."""

    def stop(_: object) -> None:
        raise StoreError("the machine stopped")

    step = ROSTER.steps[-1]
    with monkeypatch.context() as patch:
        patch.setattr(type(step), "run", property(lambda _: stop))
        assert "the machine stopped" in old("migrate", "--yes").err
    assert (old.folder / "roster.sqlite").read_bytes().count(b"Redweasel") > 0
    old.do("migrate", "--yes")
    assert all(contact.note for contact in old.contacts().values())


def test_the_desk_has_a_file_of_its_own(synced: World) -> None:
    """Neither the configuration nor a link may put it into another database."""
    synced.configure('[store]\ndesk = "roster.sqlite"\n')
    assert "three different files" in synced.refused("status", code=2)
    synced.configure()
    desk(synced).unlink()
    os.link(synced.folder / "roster.sqlite", desk(synced))
    result = synced("sync", "--yes")
    assert (result.code, "[store] desk has to name a file of its own" in result.err) == (2, True)
