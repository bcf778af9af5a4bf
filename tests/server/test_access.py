"""Nothing is served to anybody who is not on the list, on both servers."""

import base64
import socket
import time

import pytest

from tests.support import CARDDAV, DAV, JANE, JOHN, Client, World, serve
from tests.support.site import Site
from tests.support.waiting import until

ALL_METHODS = ("GET", "PROPFIND", "REPORT", "PUT", "DELETE", "POST", "MKCOL")
SECRETS = (b"John", b"Jane", b"jane@oarc.net", b"BEGIN:VCARD", b"+31", b"+84")


@pytest.fixture
def client(standing: Site) -> Client:
    """A client with John's device password at a server that the tests share: it must not be changed."""
    return standing.client()


@pytest.fixture
def own(either_server: str, world: World) -> Client:
    """The same at a server of the test's own."""
    return Client(either_server, world.device("john.doe@nic.nl"))


def test_without_a_login_there_is_nothing(client: Client) -> None:
    """Every method on every path answers 401 to a stranger, or nothing that comes from the roster."""
    book = client.book()
    href = next(iter(client.cards(book)))
    stranger = Client(f"http://{client.host}")
    for path in (book, href, client.principal(), "/"):
        for method in ALL_METHODS:
            answer = stranger.request(method, path, "")
            assert not any(secret in answer.body for secret in SECRETS), (method, path, answer)
            if path != "/":
                # Radicale knows no POST here, and says so before it asks who is there.
                assert answer.status == 401 or (method, answer.status) == ("POST", 405), (method, path, answer)


@pytest.mark.parametrize(
    "user",
    [
        "john.doe@nic.nl\u0000", ".*", "..", ".web", "a/b", "~groups", "", "john.doe", "jane.doe@nic.vn",
        "jоhn.doe@nic.nl", "john.doe@nic.nl@nic.nl", "john.doe@nic.nl~groups~groups",
    ],
)  # fmt: skip
def test_the_right_password_under_a_wrong_login_is_refused(client: Client, user: str) -> None:
    """Another reader's login, a Cyrillic look-alike, a pattern, a path: never somebody else."""
    other = Client(f"http://{client.host}", user=user, password=client.password)
    token = base64.b64encode(f"{user}:{client.password}".encode()).decode()
    answer = other.request("PROPFIND", "/", "", Authorization=f"Basic {token}")
    assert answer.status in (207, 401)
    assert answer.status == 401 or (user == "" and b"/unauthenticated" not in answer.body and answer.hrefs() == ["/"])


@pytest.mark.parametrize("user", ["JOHN.DOE@NIC.NL", "John.Doe@Nic.Nl", "\uff4aohn.doe@nic.nl", "john.doe@nic\u3002nl"])
def test_every_spelling_of_a_login_is_the_one_login(client: Client, user: str) -> None:
    """Case, full-width letters and the ideographic full stop do not matter: a phone capitalises what is typed."""
    other = Client(f"http://{client.host}", user=user, password=client.password)
    assert other.principal() == client.principal()


@pytest.mark.parametrize("password", ["", " ", "\u0000", "wrong", "x" * 40_000])
def test_a_wrong_password_is_refused(client: Client, password: str) -> None:
    """Empty, blank, NUL, wrong and huge passwords all get 401 (or 431 from a server that takes no such header)."""
    token = base64.b64encode(f"{client.user}:{password}".encode()).decode()
    answer = client.request("PROPFIND", client.book(), "", Authorization=f"Basic {token}")
    assert answer.status in (401, 431, 400)
    assert answer.status == 401 or len(password) > 1000


def test_unknown_login_and_wrong_password_look_the_same(client: Client) -> None:
    """Nobody learns from an answer who is on the list."""
    host = f"http://{client.host}"
    wrong = Client(host, user="john.doe@nic.nl", password="wrong").request("PROPFIND", "/x/", "")
    unknown = Client(host, user="nobody@nic.nl", password="wrong").request("PROPFIND", "/x/", "")
    ignore = {"date"}
    assert (wrong.status, wrong.body) == (unknown.status, unknown.body)
    assert {k: v for k, v in wrong.headers.items() if k not in ignore} == {
        k: v for k, v in unknown.headers.items() if k not in ignore
    }


def test_another_readers_principal_is_like_one_that_does_not_exist(standing: Site) -> None:
    """Same status, same body: an id that was seen in a log says nothing."""
    client = standing.client()
    jane = Client(standing.url, standing.world.device("jane.doe@nic.vn"))
    time.sleep(0.6)
    theirs = jane.principal()
    for below in ("", "tld-ops/", "tld-ops/x.vcf"):
        real = client.propfind(theirs + below, f"{DAV}displayname")
        invented = client.propfind("/0123456789abcdef/" + below, f"{DAV}displayname")
        assert real.status in (403, 404)
        assert (real.status, real.body) == (invented.status, invented.body)


def test_removed_from_the_list_means_401_within_a_second(own: Client, world: World) -> None:
    """A session that was open a moment ago is over."""
    book = own.book()
    assert own.sync(book).status == 207
    world.sync(JANE)
    time.sleep(1)
    assert own.sync(book).status == 401


def test_denied_means_401_within_a_second_and_stays_so(own: Client, world: World) -> None:
    """`deny` needs no sync, and a sync does not undo it; the card stays in the book."""
    jane = Client(f"http://{own.host}", world.device("jane.doe@nic.vn"))
    book = own.book()
    world.do("access", "deny", "john.doe@nic.nl", "--reason", "test")
    time.sleep(1)
    assert own.sync(book).status == 401
    world.sync(JOHN.replace("John Doe", "John D. Doe"), JANE)
    time.sleep(1)
    assert own.sync(book).status == 401
    assert any("John D. Doe" in card for card in jane.cards(jane.book()).values())


def test_a_revoked_device_ends_and_others_go_on(own: Client, world: World) -> None:
    """One lost phone is one password."""
    lost = world.device("john.doe@nic.nl")
    other = Client(f"http://{own.host}", lost)
    time.sleep(0.6)
    assert other.propfind("/", f"{DAV}current-user-principal").status == 207
    world.do("device", "revoke", lost.id)
    time.sleep(1)
    assert other.propfind(own.book(), f"{DAV}displayname").status == 401
    assert own.propfind(own.book(), f"{DAV}displayname").status == 207


def test_a_changed_list_address_costs_no_device(own: Client, world: World) -> None:
    """The device goes on under the old address, and under the new one."""
    book = own.book()
    world.sync(JOHN.replace("john.doe@nic.nl", "jd@nic.nl"), JANE)
    time.sleep(1)
    assert own.sync(book).status == 207
    assert Client(f"http://{own.host}", user="jd@nic.nl", password=own.password).sync(book).status == 207


def test_somebody_else_at_the_address_has_nothing_of_the_old_device(own: Client, world: World) -> None:
    """A name that shares no word with the old one: 401 at once, also when the old name comes back."""
    book = own.book()
    for name in ("Maria Roe", "John Doe"):
        world.sync(JOHN.replace("John Doe", name), JANE)
        time.sleep(1)
        assert own.sync(book).status == 401


def test_who_is_put_back_reads_on(own: Client, world: World) -> None:
    """Removed by mistake and put back: the same principal, and the device password is valid again."""
    book = own.book()
    world.sync(JANE)
    time.sleep(1)
    assert own.sync(book).status == 401
    world.sync(JOHN, JANE)
    time.sleep(1)
    assert own.sync(book).status == 207


def test_a_rollback_brings_no_reader_back(own: Client, world: World) -> None:
    """Cards come back, access does not."""
    book = own.book()
    world.sync(JANE)
    world.do("rollback", "1", "--yes")
    time.sleep(1)
    assert own.sync(book).status == 401
    jane = Client(f"http://{own.host}", world.device("jane.doe@nic.vn"))
    time.sleep(0.6)
    assert any("John Doe" in card for card in jane.cards(jane.book()).values())


def test_whoever_left_while_a_request_was_on_its_way_gets_nothing(world: World) -> None:
    """The login is judged again when the body has come: what was begun as a reader is not finished as none."""
    world.sync(JOHN, JANE)
    login = world.device("john.doe@nic.nl")
    body = (
        f'<C:addressbook-query xmlns:C="{CARDDAV[1:-1]}" xmlns="DAV:"><prop><getetag/><C:address-data/></prop>'
        "</C:addressbook-query>"
    )
    token = base64.b64encode(f"{login.user}:{login.password}".encode()).decode()
    with serve(world) as url:
        client = Client(url, login)
        book = client.book()
        host, port = client.host.split(":")
        headers = f"Host: x\r\nAuthorization: Basic {token}\r\nContent-Length: {len(body)}"
        head = f"REPORT {book} HTTP/1.1\r\n{headers}\r\n\r\n"
        with socket.create_connection((host, int(port)), 20) as connection:
            connection.sendall(head.encode() + body[:-5].encode())
            time.sleep(0.5)
            world.do("access", "deny", "john.doe@nic.nl", "--reason", "left")
            until(lambda: client.propfind(book, f"{DAV}getetag").status == 401, "a denied member still reads")
            connection.sendall(body[-5:].encode())
            assert b" 401 " in connection.recv(65536).split(b"\r\n")[0]
