"""What the tests share: one world, one clock, one client; servers, directories and lists to talk to."""

from tests.support.http import CALENDARSERVER, CARDDAV, DAV, Client, Response, propfind_body
from tests.support.people import JANE, JOHN
from tests.support.servers import free_port, process, serve, wait_for
from tests.support.world import Login, Result, World, content_of

__all__ = [
    "CALENDARSERVER",
    "CARDDAV",
    "DAV",
    "JANE",
    "JOHN",
    "Client",
    "Login",
    "Response",
    "Result",
    "World",
    "content_of",
    "free_port",
    "process",
    "propfind_body",
    "serve",
    "wait_for",
]
