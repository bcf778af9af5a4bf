"""`tldops examples`: what an operator needs beside the program, out of the installed package."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path

import click

import sync
from radicale_tldops.roster.errors import InputError
from sync.cli.context import OK, App, json_option, pass_app

_UNITS = "/etc/systemd/system/"


@dataclass(frozen=True, slots=True)
class Example:
    """An example file: what it is for, in a few words, and the folder in which it works."""

    file: str
    purpose: str
    place: str


EXAMPLES = (
    Example("tldops.toml", "every setting explained", "/etc/tldops/"),
    Example("tldops.service", "the server", _UNITS),
    Example("tldops-sync.service", "one sync", _UNITS),
    Example("tldops-sync.timer", "a sync every hour", _UNITS),
    Example("tldops-follow.service", "access follows the list", _UNITS),
    Example("tldops-follow.timer", "the same every minute", _UNITS),
    Example("tldops-post.service", "mails to members", _UNITS),
    Example("tldops-backup.service", "backup, keeps 30 days", _UNITS),
    Example("tldops-backup.timer", "a backup every night", _UNITS),
    Example("tldops-failed@.service", "tells you what failed", _UNITS),
    Example("nginx.conf", "TLS proxy: nginx", "/etc/nginx/conf.d/"),
    Example("Caddyfile", "TLS proxy: Caddy", "/etc/caddy/"),
    Example("fail2ban/filter.d/tldops.conf", "finds failed logins", "/etc/fail2ban/filter.d/"),
    Example("fail2ban/jail.d/tldops.conf", "bans password guessers", "/etc/fail2ban/jail.d/"),
    Example("radicale.ini", "stock Radicale instead", "/etc/radicale/"),
    Example("tld-ops.mobileconfig", "an Apple account", "sent to a member"),
)
"""Every example, in the order in which an operator needs them. A line of the output fits 80 columns."""


def read_example(file: str) -> bytes:
    """Return an example as it is shipped: packed into the wheel as `sync/config`, `config` of a checkout."""
    packed = Path(sync.__path__[0], "config")
    return (packed if packed.is_dir() else packed.parents[1] / "config").joinpath(file).read_bytes()


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@json_option
@pass_app
def examples(app: App, folder: Path, as_json: bool) -> int:
    """Write examples for systemd, nginx, Caddy and fail2ban into a folder.

    The folder is made if it is missing. A file that exists is never
    overwritten: then nothing is written. Look through each file before you put
    it into its place.

    \b
    Examples:
      tldops examples /opt/tldops/examples
    """
    _refuse_existing(folder)
    for example in EXAMPLES:
        _write(folder / example.file, read_example(example.file))
    if as_json:
        app.json([asdict(example) for example in EXAMPLES])
        return OK
    for example in EXAMPLES:
        app.print(f"{example.file:29}  {example.purpose:23}  {example.place}")
    return OK


def _refuse_existing(folder: Path) -> None:
    """Refuse to write over anything, with every name that is taken.

    Raises:
        InputError: there is a file, or a link, of one of the names.
    """
    taken = [example.file for example in EXAMPLES if os.path.lexists(folder / example.file)]
    if taken:
        raise InputError(f"{folder}: nothing was written, since these exist: {', '.join(taken)}.")


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), "wb") as file:
            file.write(content)
    except OSError as error:
        raise InputError(f"{path}: cannot write the example: {error.strerror}.") from error
