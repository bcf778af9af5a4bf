"""Evolution's data server, the address book behind Evolution and GNOME Contacts."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.conftest import people
from tests.clients.data_server import Evolution, missing, session
from tests.support import JOHN, Client, Login, free_port, process
from tests.support.people import ANNLIE, IVAN
from tests.support.servers import skip_where
from tests.support.site import Site

pytestmark = pytest.mark.client

JOHN_NAME, JANE_NAME, REGIS_NAME, IVAN_NAME = (
    "John Doe (.nl)",
    "Jane Doe (.vn)",
    "Régis Example (.fr .re .pm)",
    "Иван Пример (.рф)",
)


@pytest.fixture(scope="module", autouse=True)
def _installed() -> None:
    """Skip where the data server is not installed."""
    skip_where(missing())


def add_account(evolution: Evolution, url: str, login: Login) -> list[dict[str, str]]:
    """Do what the user does with host, name and password; return the books that were found."""
    books: list[dict[str, str]] = evolution.ask("open", url=url, user=login.user, password=login.password)["books"]
    return books


@pytest.fixture(scope="module")
def evolution(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evolution]:
    """Evolution with the book of a server, downloaded, for tests that only read."""
    with session(tmp_path_factory.mktemp("evolution")) as client:
        book = site.client().book()
        assert add_account(client, site.url, site.login) == [{"name": "TLD-OPS", "url": site.url.rstrip("/") + book}]
        client.settle(people(site.cards().values()))
        yield client


def completion(typed: str) -> str:
    """Return an expression like the one that Evolution makes of what is typed into a To: field."""
    return (
        f'(or (beginswith "nickname" "{typed}") (beginswith "email" "{typed}") (contains "nickname" "{typed}")'
        f' (contains "email" "{typed}") (beginswith "full_name" "{typed}") (beginswith "file_as" "{typed}"))'
    )


def test_the_book_is_the_roster(evolution: Evolution, site: Site) -> None:
    """From the host's URL alone every contact arrives, with addresses and numbers in the order of the card."""
    held = evolution.people()
    assert held == people(site.cards().values())
    assert len(held) == 5
    assert (JANE_NAME, ("jane.doe@nic.vn", "jane@oarc.net"), ("+84 12 345 67 89",)) in held.values()


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (".nl", JOHN_NAME),
        (".vn", JANE_NAME),
        (".fr", REGIS_NAME),
        (".re", REGIS_NAME),
        (".рф", IVAN_NAME),
        ("John", JOHN_NAME),
        ("nic.vn", JANE_NAME),
        ("oarc", JANE_NAME),
    ],
)
def test_what_is_typed_into_a_to_field_offers_its_contacts(evolution: Evolution, typed: str, offered: str) -> None:
    """A ccTLD, also one in another script, a name or an address offers the contacts that it belongs to and no other."""
    assert evolution.names(completion(typed)) == [offered]


@pytest.mark.parametrize(
    "query", ['(contains "nickname" ".nl")', '(contains "full_name" ".nl")', '(is "category_list" ".nl")']
)
def test_each_field_that_evolution_searches_holds_the_cctld(evolution: Evolution, query: str) -> None:
    """The search bar and the list of categories find the .nl contacts, and neither .vn nor a name with "nl" in it."""
    assert evolution.names(query) == [JOHN_NAME]


def test_the_book_is_read_only(evolution: Evolution, site: Site) -> None:
    """Evolution knows that the book is read-only, refuses edit and removal, and goes on showing the roster."""
    assert evolution.ask("readonly") == {"readonly": True}
    before = site.cards()
    uid = next(iter(evolution.find(completion(".nl"))))
    assert "Permission denied" in evolution.ask("rename", uid=uid)["refused"]
    assert "Permission denied" in evolution.ask("remove", uid=uid)["refused"]
    evolution.ask("refresh")
    assert evolution.people() == people(before.values())
    assert site.cards() == before


def test_changes_and_removals_arrive(changing_site: Site, tmp_path: Path) -> None:
    """After a refresh the book is the new roster: a new number and name under the old UID, one more, two fewer."""
    with session(tmp_path / "evolution") as evolution:
        add_account(evolution, changing_site.url, changing_site.login)
        first = people(changing_site.cards().values())
        assert evolution.settle(first) == first
        changing_site.change(
            JOHN.replace("123456789", "201234567"),
            IVAN.replace("Иван", "Пётр"),
            ANNLIE,
            '"Kim Example, #1, .kr, +82 2 1234 5678" <kim@nic.example>',
        )
        second = people(changing_site.cards().values())
        assert evolution.settle(second) == second
    names = {uid: name for uid, (name, _, _) in first.items()}
    assert {name: second[uid][0] for uid, name in names.items() if uid in second} == {
        "John Doe (.nl)": "John Doe (.nl)",
        IVAN_NAME: "Пётр Пример (.рф)",
        "Annlie Example (.ie)": "Annlie Example (.ie)",
    }
    assert [phones for name, _, phones in second.values() if name == JOHN_NAME] == [("+31 20 123 4567",)]
    assert len(second) == 4


def test_the_same_client_sees_that_another_book_is_writable(tmp_path: Path) -> None:
    """A book of a plain Radicale is writable, and edits of it succeed: that the roster's is not says something."""
    port = free_port()
    command = [
        sys.executable, "-m", "radicale", "--server-hosts", f"127.0.0.1:{port}", "--auth-type", "none",
        "--storage-filesystem-folder", str(tmp_path / "collections"), "--rights-type", "owner_only",
    ]  # fmt: skip
    login = Login("zoe", "zoe", f"http://127.0.0.1:{port}/", "")
    with process(command, port, tmp_path), session(tmp_path / "evolution") as evolution:
        client = Client(login.url, login)
        made = client.request(
            "MKCOL",
            "/zoe/book/",
            '<mkcol xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><set><prop>'
            "<resourcetype><collection/><C:addressbook/></resourcetype></prop></set></mkcol>",
        )
        assert made.status == 201
        card = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:1\r\nFN:Bob Example\r\nN:Example;Bob;;;\r\nEND:VCARD\r\n"
        assert client.request("PUT", "/zoe/book/1.vcf", card, Content_Type="text/vcard").status == 201
        add_account(evolution, login.url, login)
        assert evolution.settle(people([card])) == people([card])
        assert evolution.ask("readonly") == {"readonly": False}
        assert evolution.ask("rename", uid="1") == {"refused": ""}
        assert "Mallory" in client.request("GET", "/zoe/book/1.vcf").body.decode()
