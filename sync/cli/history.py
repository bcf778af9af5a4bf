"""`tldops history` and `tldops show`: the generations."""

import click

from radicale_tldops.store.kept import load_people
from radicale_tldops.store.read import load_history
from radicale_tldops.store.values import Generation
from sync.cli.context import OK, App, counted, generation_argument, json_option, pass_app


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


@click.command()
@generation_argument
@json_option
@pass_app
def show(app: App, number: int, as_json: bool) -> int:
    """Show one generation: where it came from, and who was in it.

    Names, ccTLDs and slots only; `tldops export` has the rest of the newest one.

    \b
    Examples:
      tldops show 42
    """
    generation, people = load_people(app.stores().roster, number)
    contacts = sorted(
        (person.contact for person in people.values()),
        key=lambda contact: (contact.served, contact.slot or 0, contact.name),
    )
    if as_json:
        listed = [{"name": contact.name, "slots": dict(contact.slots)} for contact in contacts]
        app.json({**generation.as_json(), "people": listed})
        return OK
    for line in _heading(generation):
        app.print(line)
    app.table(
        ("ccTLD", "slot", "name"),
        [(contact.served, "" if contact.slot is None else f"#{contact.slot}", contact.name) for contact in contacts],
    )
    return OK


def _heading(generation: Generation) -> list[str]:
    counts = generation.counts
    lines = [
        f"Generation {generation.id} ({generation.kind}), {generation.created_at:%Y-%m-%d %H:%M} UTC, "
        f"by {generation.actor}",
        f"{counted(counts.people, 'person', 'people')} of {counted(counts.cctlds, 'ccTLD')}, "
        f"{counted(counts.readers, 'login')}",
        f"added {counts.added}, changed {counts.changed}, removed {counts.removed}; logins added "
        f"{counts.readers_added}, removed {counts.readers_removed}",
    ]
    lines += [f"{source.part}: {source.name}, of {source.modified_at[:19]}" for source in generation.sources]
    if generation.forced:
        lines.append(f"forced: {', '.join(generation.forced)}")
    if generation.note:
        lines.append(generation.note)
    return lines
