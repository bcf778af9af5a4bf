"""`tldops serve`: the server."""

import click

from radicale_tldops.roster.errors import StoreError
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
    from radicale_tldops.server import check_address
    from radicale_tldops.server import serve as run

    server = app.settings.server
    host, port = host or server.host, port or server.port
    check_address(host, port)
    if app.settings.path is not None:
        _announce(app, host, port)
    run(app.settings, host, port, workers or server.workers)
    return OK


def _announce(app: App, host: str, port: int) -> None:
    try:
        snapshot = load_snapshot(app.stores().roster)
        cards = counted(len(snapshot.plain.cards), "card")
        app.note(f"Serving generation {snapshot.generation}, {cards}, on http://{host}:{port}/")
    except StoreError as error:
        # A server that answers 503 and recovers by itself is better than one that has to be started again.
        app.note(f"{error}\nUntil that is mended, every request is answered with 503.", style="bold red")
