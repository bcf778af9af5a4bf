"""`tldops history`: the generations."""

import click

from radicale_tldops.store.read import load_history
from sync.cli.context import OK, App, json_option, pass_app


@click.command()
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many to show.")
@json_option
@pass_app
def history(app: App, limit: int, as_json: bool) -> int:
    """List the generations, the newest first.

    \b
    Examples:
      tldops history
      tldops history --limit 100 --json
    """
    generations = load_history(app.stores().roster, limit=limit)
    if as_json:
        app.json([generation.as_json() for generation in generations])
        return OK
    if not generations:
        app.print("No generation yet: `tldops sync` makes the first one.")
        return OK
    app.table(
        ("generation", "when (UTC)", "kind", "by", "people", "added", "changed", "removed"),
        [
            (
                str(generation.id),
                f"{generation.created_at:%Y-%m-%d %H:%M}",
                f"{generation.kind} (forced)" if generation.forced else generation.kind,
                generation.actor,
                str(generation.counts.people),
                str(generation.counts.added),
                str(generation.counts.changed),
                str(generation.counts.removed),
            )
            for generation in generations
        ],
        right=(0, 4, 5, 6, 7),
    )
    return OK
