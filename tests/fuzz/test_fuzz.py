"""A share of the hostile requests that `make prove` sends; each run of the tests sends the same ones."""

from dataclasses import replace

import pytest

from tests.fuzz.checks import BrokenPropertyError, LeakError, check
from tests.fuzz.requests import VALID, Hostile, generate
from tests.fuzz.running import Tally, in_process, memory, over_sockets
from tests.fuzz.target import Target, build
from tests.fuzz.trees import CARDDAV
from tests.support import Response
from tests.support.in_process import Sent, call

IN_PROCESS = 2000
OVER_SOCKETS = 300


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Target:
    """A store with thirty people, and the application."""
    return build(tmp_path_factory.mktemp("fuzz"))


def told(tally: Tally) -> str:
    """Return the failures, to be read, and to be sent again: see tests/fuzz/running.py."""
    return f"{len(tally.failures)} of {tally.requests}:\n\n" + "\n\n".join(
        failure[:1500] for failure in tally.failures[:5]
    )


def test_hostile_requests_in_process(target: Target) -> None:
    """No 5xx and no exception; no roster for who has no login; well-formed, whole and bounded answers for who has."""
    tally = in_process(target, "test", range(IN_PROCESS))
    assert not tally.failures, told(tally)
    assert tally.requests == IN_PROCESS
    assert tally.closed > IN_PROCESS // 4
    assert tally.statuses[207] > IN_PROCESS // 20


def test_hostile_requests_over_sockets(target: Target) -> None:
    """The same for `tldops serve`, whose one worker is the same process before and after."""
    tally = over_sockets(target, "sockets", range(OVER_SOCKETS))
    assert not tally.failures, told(tally)
    assert tally.requests == OVER_SOCKETS


def test_what_is_kept_is_bounded(target: Target) -> None:
    """Requests that are never the same twice do not fill the memory: not by their answers, and not without any."""
    login = target.logins["plain"]

    def ask(numbers: range) -> None:
        for number in numbers:
            props = "".join(f'<p{number}x{index} xmlns="{"u" * 200}"/>' for index in range(30))
            nobody = '<C:filter><C:prop-filter name="FN"><C:text-match>nobody</C:text-match></C:prop-filter></C:filter>'
            query = f'<C:addressbook-query xmlns:C="{CARDDAV}"><prop xmlns="DAV:">{props}</prop>{nobody}'
            body = f"{query}{' ' * 40_000}</C:addressbook-query>".encode()
            sent = Sent("REPORT", target.book, (("Depth", "1"),), body)
            assert call(target.application, sent.by(login)).status == 207

    ask(range(900))
    before = memory()
    ask(range(900, 1700))
    assert memory() - before < 8


def test_the_same_number_is_the_same_request(target: Target) -> None:
    """What failed can be sent again."""
    assert [generate(target, "a", number) for number in range(50)] == [generate(target, "a", n) for n in range(50)]
    assert generate(target, "a", 1) != generate(target, "b", 1)


@pytest.fixture
def stranger(target: Target) -> Hostile:
    """A request without a login."""
    return Hostile("a", 0, "nobody", Sent("GET", target.book), True)


@pytest.mark.parametrize("kind", ["FN", "EMAIL", "TEL", "UID"])
def test_the_check_sees_a_leak(target: Target, stranger: Hostile, kind: str) -> None:
    """A name, an address, a number or a UID of any card in any answer, or header, is seen."""
    text = next(iter(target.live.snapshot().plain.cards.values())).text
    value = next(line.partition(":")[2] for line in text.splitlines() if line.startswith(kind))
    for answer in (Response(401, {}, f"x{value}x".encode()), Response(401, {"x": value}, b"")):
        with pytest.raises(LeakError):
            check(target, stranger, answer)
    check(target, stranger, Response(401, {}, b"Unauthorized\n"))


def test_the_check_sees_what_is_wrong(target: Target, stranger: Hostile) -> None:
    """A 5xx, a 207 for a stranger, a broken multistatus, a card too few, an answer too long."""
    reader = replace(stranger, sender="plain", sent=Sent("GET", target.book))
    assert reader.sender in VALID
    whole = call(target.application, reader.sent.by(target.logins["plain"]))
    check(target, reader, whole)
    short = whole.body.rpartition(b"BEGIN:VCARD")[0]
    wrong = [
        (stranger, Response(500, {}, b"")),
        (stranger, Response(207, {}, b"<multistatus xmlns='DAV:'/>")),
        (reader, Response(207, {}, b"<multistatus xmlns='DAV:'>")),
        (reader, Response(207, {}, b"<multistatus xmlns='DAV:'><response><href>/</href></response></multistatus>")),
        (reader, Response(200, {}, short)),
        (reader, Response(200, {}, whole.body * 60)),
        (reader, Response(200, {}, whole.body + target.other_principals[0].encode())),
    ]
    for request, answer in wrong:
        with pytest.raises(BrokenPropertyError):
            check(target, request, answer)
