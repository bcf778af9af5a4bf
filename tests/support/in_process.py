"""The two applications over one store, called in this process as a WSGI server calls them (PEP 3333)."""

import base64
import io
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote_to_bytes

from radicale import config
from radicale.app import Application

from radicale_tldops.plugin import OPTION
from radicale_tldops.serve.app import MAX_CARD, REALM, RosterApplication
from radicale_tldops.serve.live import shared
from radicale_tldops.serve.request import MAX_BODY
from radicale_tldops.settings import Settings
from radicale_tldops.settings.file import load
from tests.support import Login, Response, World

Wsgi = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it comes from the wire: `path` is percent-encoded, headers may come more than once."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def by(self, login: Login | None) -> "Sent":
        """Return the same with the credentials of a device, or without any."""
        if login is None:
            return self
        return replace(self, headers=(*self.headers, ("Authorization", basic(login.user, login.password))))

    def __str__(self) -> str:
        head = "".join(f"{name}: {value}\n" for name, value in self.headers if name != "Authorization")
        return f"{self.method} {self.path}\n{head}\n{self.body[:4000].decode('utf-8', 'backslashreplace')}"


def basic(user: str, password: str) -> str:
    """Return the value of an Authorization header (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def environment(sent: Sent) -> dict[str, Any]:
    """Return what a WSGI server makes of a request."""
    path, _, query = sent.path.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": sent.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": "contacts.example",
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "192.0.2.1",
        "HTTP_HOST": "contacts.example",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(sent.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in sent.headers:
        key = name.upper().replace("-", "_")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    if sent.body:
        environ.setdefault("CONTENT_LENGTH", str(len(sent.body)))
    return environ


def call(application: Wsgi, sent: Sent) -> Response:
    """Send one request; what PEP 3333 demands of the answer is checked."""
    told: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: object) -> None:
        told.append((status, headers))

    chunks = application(environment(sent), start_response)
    body = b"".join(chunks)
    assert len(told) == 1, "start_response has to be called once"
    status, fields = told[0]
    headers: Mapping[str, str] = {name.lower(): value for name, value in fields}
    assert len(headers) == len(fields), f"a header comes twice: {fields}"
    assert all(value.isascii() and value.isprintable() for value in headers.values()), fields
    return Response(int(status[:3]), headers, body)


@dataclass(frozen=True)
class Both:
    """Stock Radicale with the plugins, and our application, over one store."""

    world: World
    radicale: Wsgi
    tldops: Wsgi

    def change(self, *lines: str) -> None:
        """Apply another membership file, and have it noticed."""
        self.world.sync(*lines)
        self.reload()

    def reload(self) -> None:
        """Let both look at the store now."""
        shared(load(self.world.config)).reload()


def both(world: World) -> Both:
    """Build the two applications for a world whose store exists."""
    settings = load(world.config)
    # Else the log of thousands of requests is written among the results of the tests.
    settings = replace(settings, server=replace(settings.server, access_log=False))
    return Both(world, Application(radicale_configuration(settings)), RosterApplication(settings))


def radicale_configuration(settings: Settings) -> config.Configuration:
    """Return the configuration of stock Radicale with the plugins, in the words of config/radicale.ini."""
    path = str(settings.path)
    configuration = config.load()
    configuration.update(
        {
            "server": {
                "validate_user_value": "none",
                "max_content_length": str(MAX_BODY),
                "max_resource_size": str(MAX_CARD),
                "_internal_server": "True",
                "delay_on_error": "0",
            },
            "auth": {"type": "radicale_tldops.auth", "delay": "0", "realm": REALM, OPTION: path},
            "rights": {"type": "radicale_tldops.rights", OPTION: path},
            "storage": {"type": "radicale_tldops.storage", OPTION: path},
            "web": {"type": "none"},
            "logging": {"level": "warning"},
        },
        "tests",
        privileged=True,
    )
    return configuration
