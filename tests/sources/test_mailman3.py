"""The list of a real Mailman Core, and every way in which one can fail."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from itertools import count
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from radicale_tldops.roster.errors import SettingsError
from radicale_tldops.settings import Mailman3Settings
from sync.sources.mailman3 import Mailman3
from sync.sources.subscribers import Delivery, ListError, ListFault, Role
from tests.support import free_port
from tests.support.answering import answering, content, drop_by_drop, silence
from tests.support.mailman import PASSWORD, Mailman

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ADA, BOB, EVE = "ada@nic.example", "bob+ops@nic.example", "eve@registry.example"
_NUMBERS = count(1)


@pytest.fixture
def one_list(mailman_core: Mailman) -> str:
    """A list of its own for each test, with three members, an owner and a moderator."""
    list_id = mailman_core.new_list(f"list{next(_NUMBERS)}")
    mailman_core.subscribe(list_id, "Ada@nic.example", "Ada Example, #1, .nl/.рф, +31 6 12345678")
    mailman_core.subscribe(list_id, BOB, "Bob Example")
    mailman_core.subscribe(list_id, EVE)
    mailman_core.subscribe(list_id, "owner@example.org", "Olga", "owner")
    mailman_core.subscribe(list_id, "moderator@example.org", "Mo", "moderator")
    return list_id


def settings(core: Mailman, list_id: str, **more: object) -> Mailman3Settings:
    """The settings that name a list, with shorter times than the defaults."""
    given = Mailman3Settings(url=core.url, list=list_id, password_file=core.password_file)
    return replace(given, **more)  # type: ignore[arg-type]


def fault(asked: Mailman3Settings, page_size: int = 500) -> ListError:
    """Return what a fetch that must fail says; the password is not in it."""
    with pytest.raises(ListError) as caught:
        Mailman3(asked, NOW, page_size).fetch()
    assert PASSWORD not in str(caught.value)
    assert str(caught.value).isprintable()
    return caught.value


def test_members_with_what_the_list_has_of_them(mailman_core: Mailman, one_list: str) -> None:
    """Addresses, logins, names and ccTLDs from the display name, and no telephone number."""
    found = Mailman3(settings(mailman_core, one_list), NOW).fetch()
    ada, bob, eve = found.people
    assert (ada.login, ada.address, ada.name, ada.cctlds) == (ADA, ADA, "Ada Example", ("nl", "рф"))
    assert (bob.login, bob.name, bob.cctlds) == (BOB, "Bob Example", ())
    assert (eve.name, eve.role, eve.delivery) == ("", Role.MEMBER, Delivery.ENABLED)
    assert "12345678" not in repr(found)
    assert found.logins == {ADA, BOB, EVE}
    assert found.source.name.endswith(one_list)


@pytest.mark.parametrize(
    ("more", "roles"),
    [((), {"member"}), (("owner",), {"member", "owner"}), (("moderator",), {"member", "moderator"})],
)
def test_owners_and_moderators_count_where_that_is_set(
    mailman_core: Mailman, one_list: str, more: tuple[str, ...], roles: set[str]
) -> None:
    """Who runs the list is not on it by that alone."""
    found = Mailman3(settings(mailman_core, one_list, other_roles=more), NOW).fetch()
    assert {subscriber.role.value for subscriber in found.people} == roles


@pytest.mark.parametrize("page_size", [1, 2, 3, 4])
def test_pages_give_what_one_answer_gives(mailman_core: Mailman, one_list: str, page_size: int) -> None:
    """However many members a page holds, and whether or not the last one is full."""
    asked = settings(mailman_core, one_list)
    assert Mailman3(asked, NOW, page_size).fetch() == Mailman3(asked, NOW).fetch()


@pytest.mark.parametrize(
    ("status", "delivery"),
    [
        ("by_user", Delivery.BY_USER),
        ("by_moderator", Delivery.BY_MODERATOR),
        ("by_bounces", Delivery.BY_BOUNCES),
        ("unknown", Delivery.UNKNOWN),
    ],
)
def test_stopped_delivery_is_noted_and_shuts_nobody_out(
    mailman_core: Mailman, one_list: str, status: str, delivery: Delivery
) -> None:
    """Whoever gets no mail is on the list all the same; who stopped it is told to whoever asks."""
    mailman_core.stop_delivery(one_list, EVE, status)
    source = Mailman3(settings(mailman_core, one_list), NOW)
    by_login = {subscriber.login: subscriber.delivery for subscriber in source.fetch(delivery=True).people}
    assert by_login == {ADA: Delivery.ENABLED, BOB: Delivery.ENABLED, EVE: delivery}
    assert source.fetch().logins == set(by_login)


def test_the_digest_changes_with_who_is_on_the_list_alone(mailman_core: Mailman, one_list: str) -> None:
    """A name, a bounce or another time is no change; a member more is."""
    source = Mailman3(settings(mailman_core, one_list), NOW)
    before = source.fetch().source
    mailman_core.stop_delivery(one_list, EVE, "by_bounces")
    later = replace(source, now=NOW + timedelta(minutes=1)).fetch().source
    assert (later.sha256, later.name) == (before.sha256, before.name)
    assert later.modified_at > before.modified_at
    mailman_core.subscribe(one_list, "new@nic.example")
    assert source.fetch().source.sha256 != before.sha256


def test_subscribing_and_unsubscribing(mailman_core: Mailman, one_list: str) -> None:
    """Both take effect at once, without anybody being asked to confirm, whatever is in the local part."""
    source = Mailman3(settings(mailman_core, one_list), NOW)
    source.subscribe("o'brien/x+1@nic.example", "O'Brien")
    assert "o'brien/x+1@nic.example" in mailman_core.members(one_list)
    source.unsubscribe("o'brien/x+1@nic.example")
    source.unsubscribe(BOB)
    assert mailman_core.members(one_list) == {ADA, EVE}


def test_changes_that_mailman_refuses_say_why(mailman_core: Mailman, one_list: str) -> None:
    """Somebody who is subscribed already, and somebody who is not."""
    source = Mailman3(settings(mailman_core, one_list), NOW)
    with pytest.raises(ListError, match="already subscribed"):
        source.subscribe(ADA, "")
    with pytest.raises(ListError, match="not a member"):
        source.unsubscribe("nobody@nic.example")


def test_an_empty_list_is_never_taken_for_nobody(mailman_core: Mailman) -> None:
    """Nor is one that has an owner alone, even where owners count."""
    list_id = mailman_core.new_list("empty")
    assert fault(settings(mailman_core, list_id)).fault is ListFault.EMPTY
    mailman_core.subscribe(list_id, "owner@example.org", "Olga", "owner")
    assert fault(settings(mailman_core, list_id, other_roles=("owner",))).fault is ListFault.EMPTY


def test_wrong_settings_are_told_apart(mailman_core: Mailman, one_list: str, tmp_path: Path) -> None:
    """Each failure is named with what to look at: list, path, user, password, port."""
    asked = settings(mailman_core, one_list)
    wrong = tmp_path / "wrong"
    wrong.write_text("not-it")
    assert fault(replace(asked, list="nowhere.example.org")).fault is ListFault.UNKNOWN
    assert fault(replace(asked, url=asked.url.removesuffix("/3.1"))).fault is ListFault.UNKNOWN
    assert "admin_pass" in str(fault(replace(asked, password_file=wrong)))
    assert "not-it" not in str(fault(replace(asked, password_file=wrong)))
    assert fault(replace(asked, user="somebody")).fault is ListFault.REFUSED
    assert fault(replace(asked, url=f"http://127.0.0.1:{free_port()}/3.1")).fault is ListFault.UNREACHABLE


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"list": ""}, "has no `list`"),
        ({"password_file": None}, "set password_file"),
        ({"password_file": Path("/nonexistent")}, "cannot read the password"),
        ({"url": "http://192.0.2.1:8001/3.1"}, "without encryption"),
        ({"url": "http://mailman.example.org/3.1"}, "without encryption"),
    ],
)
def test_settings_that_are_missing_or_give_the_password_away(
    tmp_path: Path, more: Mapping[str, object], said: str
) -> None:
    """Nothing is asked before the settings are whole, and no password leaves the machine in clear."""
    password = tmp_path / "password"
    password.write_text("secret")
    given = Mailman3Settings(list="l.example.org", password_file=password)
    with pytest.raises(SettingsError, match=said) as caught:
        Mailman3(replace(given, **more), NOW).fetch()  # type: ignore[arg-type]
    assert "secret" not in str(caught.value)


def test_a_proxy_of_the_environment_gets_nothing(
    mailman_core: Mailman, one_list: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mailman's password is for Mailman, whatever http_proxy says."""
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    assert len(Mailman3(settings(mailman_core, one_list), NOW).fetch().people) == 3


PAGE = b"<!DOCTYPE html><html><body><h1>Service unavailable</h1></body></html>"


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        pytest.param(content(PAGE, 200, "text/html"), ListFault.ANSWER, id="a page with 200"),
        pytest.param(content(PAGE, 503, "text/html"), ListFault.ANSWER, id="a page with 503"),
        pytest.param(content(PAGE, 404, "text/html"), ListFault.UNKNOWN, id="a page with 404"),
        pytest.param(content(b'{"list_id": "l.exam'), ListFault.ANSWER, id="half a JSON"),
        pytest.param(content(b'{"list_id": "l.example.org"}', length=500), ListFault.CUT_OFF, id="half an answer"),
        pytest.param(content(b""), ListFault.ANSWER, id="nothing"),
        pytest.param(content(b"[]"), ListFault.ANSWER, id="a list"),
        pytest.param(content(b"null"), ListFault.ANSWER, id="null"),
        pytest.param(content(b'{"list_id": "l.example.org"}'), ListFault.ANSWER, id="no entries"),
        pytest.param(content(b'{"list_id": "l", "total_size": 0}'), ListFault.EMPTY, id="nobody"),
        pytest.param(content(b'{"list_id": "l", "total_size": 3, "entries": []}'), ListFault.CUT_OFF, id="fewer"),
        pytest.param(content(b'{"list_id": "l", "total_size": "x", "entries": []}'), ListFault.ANSWER, id="no number"),
        pytest.param(content(b'{"list_id": "l", "total_size": 1, "entries": [{}]}'), ListFault.ANSWER, id="no member"),
        pytest.param(
            content(b'{"list_id": "l", "total_size": 1, "entries": [{"self_link": "x", "role": "member"}]}'),
            ListFault.ANSWER,
            id="no address",
        ),
        pytest.param(content(b'{"list_id": "l", "total_size": 1e400, "entries": []}'), ListFault.ANSWER, id="infinite"),
        pytest.param(content(b"[" * 100_000), ListFault.ANSWER, id="a hundred thousand brackets"),
        pytest.param(silence, ListFault.TIMEOUT, id="silence"),
        pytest.param(drop_by_drop, ListFault.TIMEOUT, id="one byte at a time"),
    ],
)
def test_what_is_no_answer_of_mailman_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: object, wanted: ListFault
) -> None:
    """Each with a message of one line, in bounded time, and never as a list with fewer people."""
    for bound, seconds in (("mailman_connection.READ_SECONDS", 1), ("mailman3.DEADLINE_SECONDS", 2)):
        monkeypatch.setattr(f"sync.sources.{bound}", seconds)
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    with answering(answer) as url:  # type: ignore[arg-type]
        asked = Mailman3Settings(url=url, list="l.example.org", password_file=password)
        assert fault(asked).fault is wanted


def test_an_answer_without_end_is_not_read_to_the_end(tmp_path: Path) -> None:
    """Neither one that goes on and on nor pages without end fill the memory: 64 MB together are read, and no more."""
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    written = []

    def endless(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        for _ in range(200):
            request.wfile.write(b" " * 1_000_000)
            written.append(1)

    entry = {"self_link": "x", "email": "a@nic.example", "role": "member", "display_name": "a" * 20_000}
    page = json.dumps({"list_id": "l", "total_size": 10**9, "entries": [entry] * 500}).encode()
    for answer in (endless, content(page)):
        with answering(answer) as url:
            asked = Mailman3Settings(url=url, list="l.example.org", password_file=password)
            said = fault(asked)
        assert said.fault is ListFault.ANSWER
        assert "bytes" in str(said)
    assert len(written) < 100


@pytest.mark.parametrize("byte_order_mark", [True, False])
def test_a_password_file_may_come_from_any_editor(
    mailman_core: Mailman, one_list: str, tmp_path: Path, byte_order_mark: bool
) -> None:
    """A byte order mark before it and any kind of line end behind it are not part of the password."""
    password = tmp_path / "password"
    password.write_bytes((b"\xef\xbb\xbf" if byte_order_mark else b"") + f"{PASSWORD}\r\n".encode())
    found = Mailman3(settings(mailman_core, one_list, password_file=password), NOW).fetch()
    assert found.logins == {ADA, BOB, EVE}


def test_a_user_in_any_alphabet_is_asked_about(mailman_core: Mailman, one_list: str) -> None:
    """Mailman reads names in UTF-8, and answers that it does not know this one."""
    said = fault(settings(mailman_core, one_list, user="käthe-€"))
    assert said.fault is ListFault.REFUSED
    assert "admin_user" in str(said)


@pytest.mark.parametrize("password", ["pässwort", "p€sswort"])
def test_a_password_that_mailman_can_not_compare_is_told(
    mailman_core: Mailman, one_list: str, tmp_path: Path, password: str
) -> None:
    """Before it is sent, and without it in the message."""
    file = tmp_path / "password"
    file.write_text(password, encoding="utf-8")
    with pytest.raises(SettingsError, match="not ASCII") as caught:
        Mailman3(settings(mailman_core, one_list, password_file=file), NOW).fetch()
    assert "sswort" not in str(caught.value)


def test_a_redirect_takes_the_password_nowhere(tmp_path: Path) -> None:
    """A server that sends us elsewhere is not followed."""
    asked_elsewhere = []

    def elsewhere(request: BaseHTTPRequestHandler) -> None:
        asked_elsewhere.append(request.headers.get("Authorization"))
        content(b"{}")(request)

    password = tmp_path / "password"
    password.write_text(PASSWORD)
    with answering(elsewhere) as other:

        def redirect(request: BaseHTTPRequestHandler) -> None:
            request.send_response(302)
            request.send_header("Location", f"{other}/lists/l")
            request.send_header("Content-Length", "0")
            request.end_headers()

        with answering(redirect) as url:
            asked = Mailman3Settings(url=url, list="l.example.org", password_file=password)
            assert fault(asked).fault is ListFault.ANSWER
    assert asked_elsewhere == []


def pages(readings: Sequence[Sequence[str]], page_size: int) -> "object":
    """Return the answers of a Mailman whose list is another one at each reading; the last one stays."""
    state = {"reading": -1}

    def answer(request: BaseHTTPRequestHandler) -> None:
        url = urlsplit(request.path)
        if not url.path.endswith("/roster/member"):
            content(b'{"list_id": "l"}')(request)
            return
        page = int(parse_qs(url.query)["page"][0])
        if page == 1:
            state["reading"] = min(state["reading"] + 1, len(readings) - 1)
        people = readings[state["reading"]]
        some = people[(page - 1) * page_size : page * page_size]
        entries = [
            {"self_link": f"x/{local_part}", "email": f"{local_part}@nic.example", "role": "member"}
            for local_part in some
        ]
        content(json.dumps({"total_size": len(people), "entries": entries}).encode())(request)

    return answer


@pytest.mark.parametrize("kind", ["settles", "never settles", "a page is missing"])
def test_a_list_that_changes_between_pages_is_read_until_it_stands_still(tmp_path: Path, kind: str) -> None:
    """Pages of two states may miss somebody without a sign of it: only two equal readings count."""
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    settled = ["ada", "bob", "eve", "ida", "kim"]
    readings = {
        "settles": [["ada", "bob", "eve", "ida", "jim"], settled],
        "never settles": [[*settled, str(number)] for number in range(9)],
        "a page is missing": [settled],
    }[kind]
    answer = pages(readings, 2)
    if kind == "a page is missing":

        def answer(request: BaseHTTPRequestHandler) -> None:
            if "page=2" in request.path:
                content(json.dumps({"total_size": 5}).encode())(request)
            else:
                pages(readings, 2)(request)  # type: ignore[operator]

    with answering(answer) as url:  # type: ignore[arg-type]
        asked = Mailman3Settings(url=url, list="l", password_file=password)
        if kind == "settles":
            found = Mailman3(asked, NOW, 2).fetch()
            assert found.logins == {f"{local_part}@nic.example" for local_part in settled}
        else:
            assert fault(asked, page_size=2).fault is ListFault.CUT_OFF
