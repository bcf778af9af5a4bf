"""`tldops audit`: who did what."""

from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

import click

from radicale_tldops.roster.errors import RefusedError, StoreError
from radicale_tldops.roster.login import canonical_login
from radicale_tldops.store import audit as log
from radicale_tldops.store import retention
from radicale_tldops.store.audit import Verdict
from radicale_tldops.store.values import AuditRow
from sync.apply import Stores
from sync.cli.context import OK, App, counted, json_option, pass_app

_MOST = 10**9
"""More entries than any log has."""

_DAY = "%Y-%m-%d"
_time = click.DateTime(formats=[_DAY, "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])


def _utc(_context: click.Context, _option: click.Parameter, value: datetime | None) -> datetime | None:
    return value and value.replace(tzinfo=UTC)


def _end(context: click.Context, option: click.Parameter, value: datetime | None) -> datetime | None:
    """Return the end of the day for a day without a time."""
    end = _utc(context, option, value)
    if end is None or end.timetuple()[3:6] != (0, 0, 0):
        return end
    return end + timedelta(days=1) if end.date() < date.max else end.replace(hour=23, minute=59, second=59)


def _text(_context: click.Context, _option: click.Parameter, value: str) -> str:
    """Refuse text that is not UTF-8: no entry holds it."""
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise click.BadParameter("it takes text in UTF-8.") from error
    return value


@click.command()
@click.option("--since", metavar="WHEN", type=_time, callback=_utc, help="From this day or moment (UTC) on.")
@click.option("--until", metavar="WHEN", type=_time, callback=_end, help="Up to this moment, or to the end of the day.")
@click.option(
    "--action", metavar="WHAT", default="", callback=_text, help="Only this kind of entry: login, sync, deny…"
)
@click.option(
    "--actor",
    metavar="WHO",
    default="",
    callback=_text,
    help='Only what was done by this user; "server" for the server.',
)
@click.option(
    "--subject",
    "--login",
    "subject",
    metavar="WHOM",
    default="",
    callback=_text,
    help='Only on this: a login, or what stands in the column "on".',
)
@click.option(
    "--limit", type=click.IntRange(1, _MOST), default=50, show_default=True, help="How many of the newest to show."
)
@click.option("--details", is_flag=True, help="Show the details of each entry: device, network, reason, counts.")
@click.option("--verify", "act", flag_value="verify", help="Check that no entry was changed or taken out.")
@click.option("--prune", "act", flag_value="prune", help="Drop what is older than [audit] keep_days.")
@click.option("--accept", "act", flag_value="accept", help="Take a log that was changed as it is, and record that.")
@json_option
@pass_app
def audit(app: App, /, details: bool, act: str | None, as_json: bool, **filters: Any) -> int:
    """Show the audit log, or verify its chain of digests.

    \b
    Examples:
      tldops audit --since 2026-11-01 --action deny
      tldops audit --login john@nic.example --details
      tldops audit --verify
    """
    stores = app.stores()
    wanted = _wanted(**filters)
    if act is not None:
        if details or wanted != log.AuditFilter(limit=wanted.limit):
            raise click.UsageError(f"--{act} concerns the whole log: it takes no filter.")
        {"verify": _verify, "prune": _prune, "accept": _accept}[act](app, stores, as_json)
        return OK
    rows = log.load(stores.members, wanted)
    if as_json:
        app.json([_plain(row) for row in rows])
    elif not rows:
        app.print("No entries.")
    elif details:
        for row in rows:
            told = (str(row.id), _time_of(row), row.actor, row.action, row.subject, _told(row))
            app.print("  ".join(filter(None, told)))
    else:
        app.table(
            ("entry", "when (UTC)", "by", "what", "on"),
            [(str(row.id), _time_of(row), row.actor, row.action, row.subject) for row in rows],
            right=(0,),
        )
    return OK


def _wanted(
    since: datetime | None, until: datetime | None, action: str, actor: str, subject: str, limit: int
) -> log.AuditFilter:
    return log.AuditFilter(since, until, action, actor, canonical_login(subject) or subject, limit)


def tidy(app: App, stores: Stores) -> None:
    """Prune old records at the end of a command that writes; where that fails, the next command does it."""
    days = app.settings.audit.keep_days
    with suppress(StoreError):
        retention.drop_history(stores.roster, stores.members, app.settings.store.history_days, app.now)
    try:
        retention.keep(stores.roster, stores.members, days, app.actor, app.now, slack=retention.SLACK_DAYS)
    except RefusedError as error:
        app.note(str(error), style="yellow")
    except StoreError:
        return


def _verify(app: App, stores: Stores, as_json: bool) -> None:
    verdict = retention.verify_log(stores.roster, stores.members)
    anchor, wrong = verdict.anchor, None if verdict.whole else _wrong(verdict)
    if as_json:
        pruned = {"entries": anchor.number, "until": anchor.until} if anchor else None
        app.json({"entries": verdict.entries, "whole": verdict.whole, "wrong": wrong, "pruned": pruned})
    if wrong is not None:
        raise RefusedError(f"the audit log was changed: {wrong}.")
    if as_json:
        return
    app.print(f"{counted(verdict.entries, 'entry', 'entries')}, and the chain is whole.")
    if anchor:
        app.print(f"It begins behind entry {anchor.number}: what was before {anchor.until[:10]} is pruned.")
    if verdict.end.number:
        app.print(f"The digest of entry {verdict.end.number}: {verdict.end.chain}")


def _wrong(verdict: Verdict) -> str:
    if verdict.broken is not None:
        return f"entry {verdict.broken} is missing or does not follow from the one before"
    number = verdict.anchor.number if verdict.anchor else 0
    return f"entries 1 to {number} were taken out, and not by `tldops audit --prune`"


def _prune(app: App, stores: Stores, as_json: bool) -> None:
    days = app.settings.audit.keep_days
    done = retention.keep(stores.roster, stores.members, days, app.actor, app.now)
    if as_json:
        app.json({"pruned": done.pruned, "forgotten": done.forgotten, "keep_days": days or None})
        return
    kept = f"kept for {counted(days, 'day')}" if days else "kept for ever"
    app.print(f"{counted(done.pruned, 'entry', 'entries')} pruned: they are {kept}.")
    app.print(
        f"{counted(done.forgotten, 'network or device', 'networks and devices')} forgotten that nobody used for "
        f"{retention.FORGET_DAYS} days."
    )


def _accept(app: App, stores: Stores, as_json: bool) -> None:
    verdict = retention.accept(stores.roster, stores.members, app.actor, app.now)
    if as_json:
        app.json({"accepted": not verdict.whole, "wrong": None if verdict.whole else _wrong(verdict)})
    elif verdict.whole:
        app.print("The chain is whole: there is nothing to accept.")
    else:
        app.print(f"Accepted from now on, with an entry that says so: {_wrong(verdict)}.")


def _time_of(row: AuditRow) -> str:
    return row.at[:16].replace("T", " ")


def _told(row: AuditRow) -> str:
    """Return the detail of an entry as text."""
    return ", ".join(f"{key}: {_value(value)}" for key, value in log.read_detail(row).items() if value not in ("", []))


def _value(value: object) -> str:
    return " and ".join(map(str, value)) if isinstance(value, list) else str(value)


def _plain(row: AuditRow) -> dict[str, object]:
    return asdict(row) | {"detail": log.read_detail(row)}
