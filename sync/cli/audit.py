"""`tldops audit`: who did what."""

import json

import click

from radicale_tldops.roster.errors import RefusedError
from radicale_tldops.store import audit as log
from radicale_tldops.store.newest import audit_end
from sync.cli.context import OK, App, json_option, pass_app
from sync.cli.show import counted


@click.command()
@click.option("--verify", is_flag=True, help="Check that no entry was changed or taken out.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many of the newest to show."
)
@json_option
@pass_app
def audit(app: App, verify: bool, limit: int, as_json: bool) -> int:
    """Show the audit log, or verify its chain of digests.

    \b
    Examples:
      tldops audit
      tldops audit --verify
    """
    stores = app.stores()
    rows = log.load(stores.members)
    if verify:
        broken = log.first_broken(rows, audit_end(stores.roster))
        if broken is not None:
            raise RefusedError(
                f"the audit log was changed: entry {broken} is missing or does not follow from the one before."
            )
        if as_json:
            app.json({"entries": len(rows), "whole": True})
        else:
            app.print(f"{counted(len(rows), 'entry', 'entries')}, and the chain is whole.")
        return OK
    shown = rows[-limit:]
    if as_json:
        app.json(
            [
                {
                    "id": r.id,
                    "at": r.at,
                    "actor": r.actor,
                    "action": r.action,
                    "subject": r.subject,
                    "detail": json.loads(r.detail),
                }
                for r in shown
            ]
        )
        return OK
    app.table(
        ("entry", "when (UTC)", "by", "what", "on"),
        [(str(r.id), r.at[:16].replace("T", " "), r.actor, r.action, r.subject) for r in shown],
        right=(0,),
    )
    return OK
