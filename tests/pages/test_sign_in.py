"""Signing in to the pages with a device password: who gets in, until when, and what a stranger learns."""

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.support import JANE, JOHN, Client, Login, World, serve
from tests.support.browsing import HOME, Visitor
from tests.support.people import people
from tests.support.waiting import until

TEN = people(10)
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
PAGES = ("/.web/", "/.web/sign-in", "/.web/x", "/.web/sign-out")


@dataclass(frozen=True)
class Site:
    """A server with ten people, and a device of the first."""

    world: World
    url: str
    device: Login

    def member(self) -> Visitor:
        """The owner of the device, signed in."""
        visitor = Visitor(self.url)
        assert visitor.sign_in(self.device.user, self.device.password).status == 303
        assert visitor.is_in
        return visitor


@pytest.fixture
def site(world: World) -> Iterator[Site]:
    """A server."""
    world.configure('[server]\nurl = "https://contacts.example.org/"\n')
    world.sync(*TEN)
    device = world.device(TEN[0].login)
    with serve(world) as url:
        yield Site(world, url, device)


def test_a_device_password_opens_the_directory(site: Site) -> None:
    """Typed with or without its hyphens; the cookie is bound to the host, and no script reads it."""
    for password in (site.device.password, site.device.password.replace("-", "").upper()):
        visitor = Visitor(site.url)
        answer = visitor.sign_in(f" {TEN[0].login.upper()} ", password)
        assert (answer.status, answer.headers["location"], answer.body) == (303, HOME, b"")
        cookie = answer.headers["set-cookie"]
        assert re.fullmatch(
            r"__Host-tldops=[\w-]{43}; Path=/; Max-Age=43200; HttpOnly; Secure; SameSite=Lax", cookie
        ), cookie
        page = visitor.get().body.decode()
        assert all(person.name in page for person in TEN)
        assert TEN[3].phone.replace(" 555 ", "-555-") in page


def test_a_stranger_learns_nothing(site: Site) -> None:
    """A wrong password, an unknown address, somebody else's device, and nothing typed: the same bytes."""
    answers = [
        Visitor(site.url).sign_in(login, password)
        for login, password in (
            (TEN[0].login, "xzvm9-5gy61-7yhap-aytb7-0e4f6-8jwcc"),
            ("nobody@nic.example", "xzvm9-5gy61-7yhap-aytb7-0e4f6-8jwcc"),
            (TEN[1].login, site.device.password),
            (TEN[0].login, "short"),
            ("", ""),
            ("<script>alert(1)</script>", '"><script>'),
        )
    ]
    assert {(each.status, each.body, each.headers.get("set-cookie")) for each in answers} == {
        (403, answers[0].body, None)
    }
    text = answers[0].body.decode() + Visitor(site.url).get().body.decode()
    for secret in ("Person", "nic.example", "+1 202", "eneration", "<script>alert"):
        assert secret not in text, secret
    assert not Visitor(site.url, "made-up-token").is_in


def test_a_removed_member_is_out_at_the_next_click(site: Site) -> None:
    """And does not come back with the person, though the device password does."""
    visitor, other = site.member(), Visitor(site.url)
    site.world.sync(*TEN[1:])
    until(lambda: not visitor.is_in, "the session goes on")
    site.world.sync(*TEN)
    until(lambda: other.sign_in(site.device.user, site.device.password).status == 303, "nobody gets in")
    assert (visitor.is_in, other.is_in) == (False, True)


def test_a_session_that_nobody_used_meanwhile_does_not_come_back(site: Site) -> None:
    """Somebody leaves and returns, and has not clicked in between."""
    visitor = site.member()
    site.world.sync(*TEN[1:])
    client = Client(site.url, site.device)
    until(lambda: client.propfind("/").status == 401, "the device goes on")
    site.world.sync(*TEN)
    until(lambda: client.propfind("/").status == 207, "the device does not come back")
    assert not visitor.is_in


def test_a_session_ends_with_its_device(site: Site) -> None:
    """A stolen password gives nothing longer than it is good itself; the session of another device goes on."""
    second = site.world.device(TEN[0].login)
    visitor, other = site.member(), Visitor(site.url)
    assert other.sign_in(second.user, second.password).status == 303
    site.world.do("device", "revoke", site.device.id, "--reason", "stolen")
    until(lambda: not visitor.is_in, "the session goes on")
    assert other.is_in


def test_signing_out(site: Site) -> None:
    """It ends this session; "everywhere" ends the others of this person, and nobody else's."""
    one_browser, phone, tablet = site.member(), site.member(), site.member()
    second = site.world.device(TEN[1].login)
    stranger = Visitor(site.url)
    assert stranger.sign_in(second.user, second.password).status == 303
    token = one_browser.cookie
    assert one_browser.post("/.web/sign-out").headers["location"] == HOME
    assert one_browser.cookie == ""
    assert not Visitor(site.url, token).is_in
    assert phone.is_in
    phone.post("/.web/sign-out", everywhere="1")
    assert not tablet.is_in
    assert stranger.is_in


def test_a_session_cannot_be_given_to_somebody(site: Site) -> None:
    """Signing in makes a new token, whatever the browser sent, and ends the session before."""
    visitor = Visitor(site.url, "fixed")
    assert visitor.sign_in(site.device.user, site.device.password).status == 303
    assert visitor.cookie != "fixed"
    first = visitor.cookie
    assert visitor.sign_in(site.device.user, site.device.password).status == 303
    assert not Visitor(site.url, first).is_in


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site", "Origin": "https://contacts.example.org"},
        {"Sec_Fetch_Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "https://contacts.example.org.evil.example"},
        {"Origin": "null"},
        {},
    ],
)
def test_a_form_of_another_page_does_nothing(site: Site, headers: dict[str, str]) -> None:
    """It signs nobody in or out, and takes no copy."""
    visitor = site.member()
    foreign = Visitor(site.url, visitor.cookie, headers=headers)
    for path, fields in (
        ("/.web/sign-in", {"login": site.device.user, "password": site.device.password}),
        ("/.web/sign-out", {}),
        ("/.web/copy", {"form": "vcf"}),
    ):
        answer = foreign.post(path, **fields)
        assert (answer.status, answer.headers.get("set-cookie")) == (403, None)
        assert b"BEGIN:VCARD" not in answer.body
    assert visitor.is_in


def test_a_browser_without_fetch_metadata_tells_the_origin(site: Site) -> None:
    """The one of [server] url counts."""
    visitor = Visitor(site.url, headers={"Origin": "https://contacts.example.org"})
    assert visitor.sign_in(site.device.user, site.device.password).status == 303
    assert visitor.is_in


def test_the_headers_of_every_page(site: Site) -> None:
    """Signed in or not, found or not, a form or a file: nothing is kept, framed, guessed or loaded from elsewhere."""
    member = site.member()
    answers = [visitor.get(path) for visitor in (member, Visitor(site.url)) for path in PAGES]
    answers += [member.post("/.web/copy", form="html"), Visitor(site.url).sign_in("", ""), member.post("/.web/x")]
    for answer in answers:
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"
        assert "www-authenticate" not in answer.headers


def test_what_a_page_loads_has_its_digest_in_its_name(site: Site) -> None:
    """Anybody gets it, and a browser keeps it; another name is not found."""
    page = site.member().get().body.decode()
    names = re.findall(r'(?:href|src)="(/\.web/[\w.]+\.(?:css|js))"', page)
    assert len(names) == 2
    for name in names:
        answer = Visitor(site.url).get(name)
        assert (answer.status, answer.headers["cache-control"]) == (200, "public, max-age=31536000, immutable")
        assert answer.headers["content-type"] in ("text/css; charset=utf-8", "text/javascript; charset=utf-8")
        assert Visitor(site.url).get(f"{name}x").status == 404


def test_the_directory_is_the_same_compressed(site: Site) -> None:
    """The part that everybody shares is compressed once, and put between the parts of each reader."""
    member = site.member()
    for path in (HOME, f"{HOME}?down=at"):
        packed = member.get(path, Accept_Encoding="gzip")
        assert packed.headers["content-encoding"] == "gzip"
        assert gzip.decompress(packed.body) == member.get(path).body


def test_wrong_forms_get_an_answer_that_says_so(site: Site) -> None:
    """Too long, of another type, an unknown copy, another method: a page, and no error of the server."""
    member = site.member()
    assert member.post("/.web/copy", form="pdf").status == 400
    assert member.post("/.web/sign-in", login="x" * 9000).status == 400
    assert member.post("/.web/nothing").status == 404
    answer = Client(site.url).request("POST", "/.web/sign-in", b"\xff=%", Sec_Fetch_Site="same-origin")
    assert answer.status == 400
    assert Client(site.url).request("PUT", "/.web/sign-in", b"x").status == 401
    assert Client(site.url).request("HEAD", HOME).body == b""


def test_the_audit_log_tells_of_signing_in_and_of_copies(site: Site) -> None:
    """Each copy is recorded, whatever was downloaded before; looking at a page is not."""
    member = site.member()
    for form in ("html", "vcf", "vcf"):
        assert member.post("/.web/copy", form=form).status == 200

    def copies() -> list[tuple[str, str]]:
        entries = site.world.do("audit", "--action", "download", "--json").json
        return [(entry["subject"], entry["detail"]["form"]) for entry in entries if "form" in entry["detail"]]

    until(lambda: len(copies()) == 3, "the copies are not recorded")
    assert sorted(copies()) == [(TEN[0].login, "html"), (TEN[0].login, "vcf"), (TEN[0].login, "vcf")]
    before = site.world.files()
    for _ in range(3):
        member.get()
    assert site.world.files() == before


def test_the_command_makes_the_same_copy(site: Site) -> None:
    """Byte for byte, for the same reader and generation; for nobody else, and not without a name."""
    copy = site.member().post("/.web/copy", form="html")
    assert copy.headers["content-disposition"] == 'attachment; filename="tld-ops-generation-1.html"'
    made = site.world.folder / "copy.html"
    site.world.do("export", "--format", "html", "--for", TEN[0].login.upper(), "-o", str(made))
    assert made.read_bytes() == copy.body
    assert made.stat().st_mode & 0o777 == 0o600
    for arguments, code in (
        (("--format", "html", "--for", "x@nic.example"), 1),
        (("--format", "html"), 2),
        (("--format", "csv", "--for", TEN[0].login), 2),
    ):
        assert site.world("export", *arguments).code == code


def test_the_first_page_helps_to_set_up_a_client(world: World) -> None:
    """Who opens the address in a browser is led to the pages, which say what to type where."""
    world.sync(JOHN, JANE)
    with serve(world) as url:
        answer = Client(url).request("GET", "/")
        assert (answer.status, answer.headers["location"]) == (302, HOME)
        text = Visitor(url).get().body.decode()
    for part in ("User name", "evice password", "Thunderbird", "iPhone", "Mac", "DAVx⁵", "secretariat"):
        assert part in text, part


def test_the_pages_say_when_the_store_cannot_be_read(world: World) -> None:
    """A page for people, not the text for clients; what is in memory goes on."""
    world.sync(*TEN)
    (world.folder / "members.sqlite").unlink()
    with serve(world) as url:
        answer = Visitor(url).get()
    assert (answer.status, answer.headers["retry-after"]) == (503, "30")
    assert b"cannot read its data" in answer.body
