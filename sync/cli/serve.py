"""`tldops serve`: the server."""

import click

from radicale_tldops.roster.errors import StoreError
from radicale_tldops.store.read import verify_newest
from sync.cli.context import OK, App, counted, pass_app


@click.command()
@click.option("--host", help="The address to listen on, instead of [server] host.")
@click.option("--port", type=click.IntRange(1, 65535), help="The port, instead of [server] port.")
@pass_app
def serve(app: App, host: str | None, port: int | None) -> int:
    """Serve the address book over CardDAV until interrupted.

    Passwords and telephone numbers pass here: put a TLS proxy in front of it, or let it speak TLS itself with
    [server] tls_certificate and tls_key. SIGTERM and Ctrl-C let the requests under way finish.

    \b
    Examples:
      tldops serve
      tldops serve --port 5300
    """
    # Imported here, because no other command needs the server and its libraries.
    from radicale_tldops.serve.process import check_tls, listen
    from radicale_tldops.serve.process import serve as run

    app.require_configuration()
    server = app.settings.server
    host, port = host or server.host, port or server.port
    check_tls(server)
    listening = listen(host, port)
    _announce(app, host, port)
    run(app.settings, listening)
    return OK


def _announce(app: App, host: str, port: int) -> None:
    from radicale_tldops.login.directory import is_this_machine  # as in `serve`

    server = app.settings.server
    scheme = "https" if server.tls_certificate else "http"
    shown = f"[{host}]" if ":" in host else host
    if scheme == "http" and not is_this_machine(host):
        app.note(f"Passwords go to {host} without encryption: only a TLS proxy may connect to it.", style="bold red")
    try:
        newest = verify_newest(app.stores().roster)
        app.note(
            f"Serving generation {newest.id}, {counted(newest.counts.people, 'card')}, on {scheme}://{shown}:{port}/"
        )
    except (StoreError, OSError) as error:
        # A server that answers 503 and recovers by itself is better than one that has to be started again.
        app.note(f"{error}\nEvery request is answered with 503 until that is corrected.", style="bold red")
