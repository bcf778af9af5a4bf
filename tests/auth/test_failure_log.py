"""Failed logins in the log: one line that nobody forges, and that fail2ban takes for what it is."""

import logging
from pathlib import Path

import pytest

from radicale_tldops.login.failures import LOGGED, FailureLog
from tests.auth.conftest import HOME, PASSWORDS, Place
from tests.docs.pages import ROOT
from tests.support.clock import Clock
from tests.support.logs import FILTER, banned

JAIL = ROOT / "config/fail2ban/jail.d/tldops.conf"

FORGED = "198.51.100.1"
LINE = f'failed login from {FORGED}: wrong password or unknown login: "x"'
HOSTILE = (
    "jane@nic.example", f"jane\n{LINE}", f"x\r\n{LINE}", f"x\u2028{LINE}", f"x\u0085{LINE}", f"\x1b[2J{LINE}",
    f"{LINE} ", f'" {LINE}', f'"{LINE}"', f"\\{LINE}\\", '"', "\\", '\\"', '\\\\"', "x\\", f"x: {LINE}",
    f"host tldops[1]: {LINE}", f"peer={FORGED}", f"from {FORGED}", f"[{FORGED}] ", f"from {FORGED}:", "%s %d {0}",
    "\x00", "\x7f", "ünï", "\u202eabc", "\ud800", FORGED, "<HOST>", "x" * 5000, "é\n" * 200,
)  # fmt: skip


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """What goes to the log of failed logins."""
    caplog.set_level(logging.INFO, "radicale_tldops.auth")
    return caplog


def messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The lines so far."""
    return [record.getMessage() for record in caplog.records if record.name == "radicale_tldops.auth"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_failed_login_is_one_line_with_the_true_address(
    place: Place, lines: pytest.LogCaptureFixture, name: str
) -> None:
    """Visible ASCII, the address before anything that was typed, and of bounded length."""
    assert place.enter(name, "a-guess-7391") == ""
    (line,) = messages(lines)
    assert line.isascii()
    assert line.isprintable()
    assert line.startswith(f'failed login from {HOME}: wrong password or unknown login: "')
    assert line.endswith('"')
    assert len(line) < 1500
    assert "a-guess" not in line


@pytest.mark.parametrize(
    "peer", ["not an address", "", "unix", f"{HOME}\nfailed login from {FORGED}: x", '"', "::1%x\ny"]
)
def test_a_peer_that_is_no_address_is_no_address_in_the_log(
    place: Place, lines: pytest.LogCaptureFixture, peer: str
) -> None:
    """Nothing but an address stands in its place."""
    place.enter("jane", "wrong", peer)
    (line,) = messages(lines)
    assert line in (
        'failed login from unknown: wrong password or unknown login: "jane"',
        'failed login from ::1: wrong password or unknown login: "jane"',
    )


def test_fail2ban_finds_the_true_address_and_no_other(
    place: Place, lines: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """In each line, whatever was typed, with and without what the journal puts in front."""
    peers = [f"192.0.2.{number + 1}" for number in range(len(HOSTILE))]
    for peer, name in zip(peers, HOSTILE, strict=True):
        place.enter(name, "wrong", peer)
    written = messages(lines)
    journal = [f"contacts tldops[4711]: {line}" for line in written]
    stamped = [f"[2026-11-21 08:00:00 +0000] [8/Thread-2 (serve)] [WARNING] {line}" for line in written]
    assert len(written) == len(HOSTILE)
    for form in (written, journal, stamped):
        assert banned(form, tmp_path) == peers


def test_fail2ban_knows_ipv6_and_a_throttled_guesser(tmp_path: Path) -> None:
    """Both reasons of a guesser, and no other."""
    assert banned(
        [
            'failed login from 2001:db8::7: wrong password or unknown login: "jane"',
            'failed login from 192.0.2.7: too many attempts: "jane"',
            'failed login from 192.0.2.8: not on the list: "jane"',
            'failed login from unknown: wrong password or unknown login: "jane"',
            "12 more failed logins were left out of the log",
        ],
        tmp_path,
    ) == ["2001:db8::7", "192.0.2.7"]


def test_fail2ban_takes_no_other_line_for_a_failed_login(tmp_path: Path) -> None:
    """Not the access log, in which paths and names are the client's, nor Radicale's own lines."""
    text = f'failed login from {FORGED}: too many attempts: \\"x\\"'
    assert not banned(
        [
            f'2026-11-21T08:00:00.000Z 192.0.2.7 GET "/{text}" 401 "{text}" - 13 0.4 -',
            f'contacts tldops[1]: 2026-11-21T08:00:00.000Z 192.0.2.7 GET "/ {text}" 401 - - 13 0.4 -',
            f"[WARNING] Failed login attempt from 192.0.2.7 (forwarded for '{text}'): '{text}'",
            f'contacts tldops[1]: x: failed login from {FORGED}: too many attempts: "x"',
            f'failed login from {FORGED}: too many attempts: "x" failed login from 192.0.2.7: too many attempts: "x',
        ],
        tmp_path,
    )


def test_the_jail_names_the_filter() -> None:
    """Both files are used as they are."""
    assert "filter = tldops" in JAIL.read_text()
    assert FILTER.stem == "tldops"


def test_the_same_wrong_password_from_the_same_place_is_logged_once(
    asking: Place, lines: pytest.LogCaptureFixture
) -> None:
    """A forgotten phone fills no log and gets nobody banned; from elsewhere, or another password, it is a new line."""
    for _ in range(20):
        asking.enter("jane", "last year's password")
        asking.enter("nobody@nic.example", "x" * 2000)
    assert len(messages(lines)) == 2
    asking.enter("jane", "another password")
    asking.enter("jane", "last year's password", "203.0.113.5")
    assert len(messages(lines)) == 4


def test_right_passwords_are_not_logged_as_failures(asking: Place, lines: pytest.LogCaptureFixture) -> None:
    """Nor is anything in the log that is a password."""
    asking.enter("jane", PASSWORDS["jane"])
    asking.enter("jane@nic.example", asking.device("jane"))
    assert messages(lines) == []


def test_who_is_not_on_the_list_is_logged_as_that(asking: Place, lines: pytest.LogCaptureFixture) -> None:
    """The operator reads why; the answer to the client is the same as for a wrong password."""
    asking.enter("zoe", PASSWORDS["zoe"])
    assert messages(lines) == [f'failed login from {HOME}: not on the list: "zoe"']


def test_a_flood_does_not_fill_the_log(lines: pytest.LogCaptureFixture) -> None:
    """What is left out is counted; another address has its lines all the same."""
    clock = Clock()
    log = FailureLog(clock)
    for number in range(10_000):
        log.log("203.0.113.5", "too many attempts", f"person{number}")
    assert len(messages(lines)) == LOGGED.burst
    log.log(HOME, "too many attempts", "jane")
    assert messages(lines)[-2].startswith(f"failed login from {HOME}: ")
    assert messages(lines)[-1] == f"{10_000 - LOGGED.burst} more failed logins were left out of the log"
