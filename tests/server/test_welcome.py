"""The page at "/", for a person with a browser: what it says, and what it can never do."""

import base64
import hashlib
import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

from radicale_tldops.serve.welcome import welcome_page
from tests.support import JANE, JOHN, Client, Response, World, serve

URL = "https://contacts.example.org/"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A browser at a `tldops serve`."""
    world = World(tmp_path_factory.mktemp("page"))
    world.configure(f'[server]\nurl = "{URL}"\n')
    world.sync(JOHN, JANE)
    with serve(world) as url:
        yield Client(url)


@pytest.fixture(scope="module")
def page(client: Client) -> Response:
    """The page."""
    return client.request("GET", "/")


class Loose(HTMLParser):
    """Notes what a page loads or runs, and which elements stay open."""

    def __init__(self) -> None:
        super().__init__()
        self.outside: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.outside += [f"{tag} {name}" for name, _ in attrs if name in ("src", "href", "style", "action")]
        self.outside += [tag] if tag in ("script", "img", "link", "iframe", "form") else []
        self.outside += [name for name, _ in attrs if name.startswith("on")]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close an element, which has to be the last one."""
        assert self.open.pop() == tag


def test_the_page_says_what_this_is_and_how_to_set_up_a_client(page: Response) -> None:
    """The address to type, the user name, the password, each client, and whom to ask."""
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    text = page.body.decode()
    for part in (URL, "User name", "device password", "Thunderbird", "iPhone", "Mac", "DAVx⁵", "secretariat"):
        assert part in text, part


def test_the_page_loads_and_runs_nothing(page: Response) -> None:
    """It is one file, well-formed, and its policy allows nothing but its own style sheet."""
    text = page.body.decode()
    loose = Loose()
    loose.feed(text)
    assert (loose.outside, loose.open) == ([], [])
    (style,) = re.findall("<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = dict(part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "style-src": f"'sha256-{digest}'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["cache-control"] == "no-store"


def test_the_page_tells_nothing_of_members(page: Response) -> None:
    """The same for everybody, whatever credentials come with it, and nothing of the roster."""
    text = page.body.decode().lower()
    for part in ("john", "jane", "doe", "generation", "+31", "+84"):
        assert part not in text, part


def test_who_asks_makes_no_difference(client: Client, page: Response) -> None:
    """Wrong credentials, a query and headers of a proxy: the same bytes."""
    wrong = Client(f"http://{client.host}", user="jane", password="wrong")
    for answer in (
        wrong.request("GET", "/"),
        client.request("GET", "/?x=%3Cscript%3E"),
        client.request("GET", "/", X_Forwarded_Host="evil.example"),
    ):
        assert (answer.status, answer.body) == (200, page.body)


def test_head_is_get_without_a_body(client: Client, page: Response) -> None:
    """RFC 9110, 9.3.2."""
    head = client.request("HEAD", "/")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == str(len(page.body))


def test_radicales_own_pages_lead_there_and_nothing_is_under_them(client: Client) -> None:
    """/.web is kept for the members' pages; what is not there is for readers to be told."""
    for path in ("/.web", "/.web/"):
        answer = client.request("GET", path)
        assert (answer.status, answer.headers["location"]) == (302, "/")
    for path in ("/.web/x", "/index.html", "/.web/css/main.css"):
        assert client.request("GET", path).status == 401


def test_other_methods_at_the_root_are_for_readers(client: Client) -> None:
    """The page takes nothing away from DAV."""
    for method in ("PROPFIND", "REPORT", "POST", "PUT"):
        assert client.request(method, "/").status == 401


@pytest.mark.parametrize(
    ("url", "shown"), [("", "The address of this page"), ("https://x.example/", "https://x.example/")]
)
def test_the_address_is_the_one_that_is_set(url: str, shown: str) -> None:
    """Without one, the browser shows it; no mark stays in the page."""
    text = welcome_page(url).body.decode()
    assert shown in text
    assert "{address}" not in text
