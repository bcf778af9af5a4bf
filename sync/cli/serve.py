"""`tldops serve`: the server."""

import click

from radicale_tldops.store.read import load_snapshot
from sync.cli.context import OK, App, pass_app
from sync.cli.show import counted


@click.command()
@click.option("--host", help="The address to listen on, instead of [server] host.")
@click.option("--port", type=click.IntRange(1, 65535), help="The port, instead of [server] port.")
@click.option("--workers", type=click.IntRange(1, 64), help="How many processes, instead of [server] workers.")
@pass_app
def serve(app: App, host: str | None, port: int | None, workers: int | None) -> int:
    """Serve the address book over CardDAV until interrupted.

    Put a TLS proxy in front of it: passwords and telephone numbers pass here.

    \b
    Examples:
      tldops serve
      tldops serve --port 5300
    """
    # The server is not imported before it is wanted: no other command needs Radicale.
    from radicale_tldops.server import serve as run

    server, stores = app.settings.server, app.stores()
    snapshot = load_snapshot(stores.roster)
    where = (host or server.host, port or server.port)
    app.note(
        f"Serving generation {snapshot.generation}, {counted(len(snapshot.plain.cards), 'card')}, on http://{where[0]}:{where[1]}/"
    )
    run(app.settings, *where, workers or server.workers)
    return OK
