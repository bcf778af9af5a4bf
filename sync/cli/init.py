"""`tldops init`: a commented configuration and an empty store."""

import os
from importlib import resources
from pathlib import Path

import click

from radicale_tldops.roster.errors import SettingsError
from radicale_tldops.settings.file import DEFAULT_FILE, ENVIRONMENT
from sync.cli.context import OK, App, pass_app


@click.command()
@pass_app
def init(app: App) -> int:
    """Write a commented tldops.toml and create the store.

    The file is written where --config says, or in this folder. One that exists
    is never overwritten; then only a missing store is created.

    \b
    Examples:
      tldops init
      tldops --config /etc/tldops/tldops.toml init
    """
    path = Path(app.config or os.environ.get(ENVIRONMENT) or DEFAULT_FILE)
    app.config = str(path)
    if path.exists():
        app.print(f"{path} exists and was left as it is.")
    else:
        _write(path, resources.files("sync.cli").joinpath("tldops.toml").read_bytes())
        app.print(f"Wrote {path}. Set [membership] file in it, then run `tldops check`.")
    stores = app.stores()
    app.print(f"The store: {stores.roster} and {stores.members}.")
    return OK


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640), "wb") as file:
            file.write(content)
    except OSError as error:
        raise SettingsError(f"{path}: cannot write the configuration: {error.strerror}.") from error
