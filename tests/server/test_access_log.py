"""The access log: one line for each request, whatever is in it, and nobody waits for its reader."""

import os
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radicale_tldops.serve.access_log import AccessLog, Served
from tests.support import JANE, JOHN, Client, Login, World, serve
from tests.support.logs import LINE
from tests.support.waiting import until

HOSTILE = 'jane\n2026-01-01 "x" \u2028\x1b[2Jü\udc80\U0001f600\\\x7f'


class Written:
    """An access log into a file."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "access.log"
        self.file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.log = AccessLog(self.file)

    def lines(self) -> list[str]:
        """Everything that was written, after the log was closed."""
        self.log.close()
        return self.path.read_text("ascii").splitlines()


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Written]:
    made = Written(tmp_path)
    yield made
    made.log.close()
    os.close(made.file)


def write(log: AccessLog, login: str = "jane@nic.example", path: str = "/abc/tld-ops/", device: str = "phone") -> None:
    """Log one request."""
    log.log(Served("192.0.2.1", "REPORT", path, 207, login, device, 1234, 0.00512, 41))


def test_a_line_holds_every_field_in_order(written: Written) -> None:
    """Time, peer, method, path, status, login, device, bytes, milliseconds, generation."""
    before = time.time()
    write(written.log)
    (line,) = written.lines()
    match = LINE.fullmatch(line)
    assert match, line
    expected = ("192.0.2.1", "REPORT", "/abc/tld-ops/", "207", "jane@nic.example", "phone", "1234", "5.1", "41")
    assert match.groups()[1:] == expected
    stamp = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(before))
    later = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(before + 60))
    assert match["time"].startswith((stamp, later))


def test_what_is_not_known_is_a_dash_and_a_dash_is_quoted(written: Written) -> None:
    """Nobody passes for an empty field."""
    written.log.log(Served("192.0.2.1", "GET", "/", 401, "", "", 0, 0.0, 0))
    write(written.log, login="-")
    empty, dash = (LINE.fullmatch(line) for line in written.lines())
    assert empty
    assert (empty["login"], empty["device"], empty["generation"]) == ("-", "-", "-")
    assert dash
    assert dash["login"] == '"-"'


@pytest.mark.parametrize("field", ["login", "path", "device"])
def test_hostile_words_stay_inside_their_field(written: Written, field: str) -> None:
    """Newlines, U+2028, escape sequences, quotes and spaces make no second line and no other field."""
    write(written.log, **{field: HOSTILE})
    (line,) = written.lines()
    match = LINE.fullmatch(line)
    assert match, line
    assert match["peer"] == "192.0.2.1"
    assert match[field].startswith('"jane\\n2026-01-01 \\"x\\" \\u2028\\u001b[2J')


@settings(deadline=None)
@given(words=st.tuples(*[st.text(max_size=600)] * 5))
def test_any_words_make_exactly_one_line_of_ascii(
    tmp_path_factory: pytest.TempPathFactory, words: tuple[str, ...]
) -> None:
    """Whatever the fields hold: one line, the same number of fields, short enough to be written at once."""
    written = Written(tmp_path_factory.mktemp("log"))
    peer, method, path, login, device = words
    written.log.log(Served(peer, method, path, 200, login, device, 1, 1.0, 1))
    lines = written.lines()
    os.close(written.file)
    assert len(lines) == 1
    assert LINE.fullmatch(lines[0]), lines
    assert len(lines[0]) < 4096


def test_eight_threads_write_whole_lines(written: Written) -> None:
    """No line is lost, and none stands in another."""

    def work(number: int) -> None:
        for count in range(300):
            write(written.log, login=f"{number}-{count}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    matches = [LINE.fullmatch(line) for line in written.lines()]
    assert {match["login"] for match in matches if match} == {f"{a}-{b}" for a in range(8) for b in range(300)}
    assert len(matches) == 2400


def test_nobody_waits_for_a_reader_that_does_not_read() -> None:
    """With a full pipe every call comes back, memory is bounded, and the loss is told to who reads again."""
    out, into = os.pipe()
    log = AccessLog(into)
    for _ in range(30_000):
        write(log)
    read = bytearray()

    def drain() -> None:
        while part := os.read(out, 65536):
            read.extend(part)

    reader = threading.Thread(target=drain)
    reader.start()
    until(lambda: b"are lost" in read, "no word of the lost lines")
    log.close()
    os.close(into)
    reader.join(30)
    os.close(out)
    *lines, last = read.decode("ascii").splitlines()
    lost = re.search(r"(\d+) lines of the access log are lost", last)
    assert lost
    assert len(lines) + int(lost[1]) == 30_000
    assert all(map(LINE.fullmatch, lines))


def test_a_broken_pipe_stops_nothing() -> None:
    """Whoever reads the log may go away; requests go on."""
    out, into = os.pipe()
    log = AccessLog(into)
    os.close(out)
    for _ in range(3):
        write(log)
        time.sleep(0.1)
    log.close()
    os.close(into)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], Login]:
    """What a server wrote about a few requests, and the login of the last one."""
    world = World(tmp_path_factory.mktemp("served"))
    world.configure('[server]\nproxies = ["127.0.0.1"]\n')
    world.sync(JOHN, JANE)
    login = world.device("john.doe@nic.nl")
    with serve(world) as url:
        own = Client(url, login)
        book = own.book()
        own.request("GET", f"{book}?token=SECRET", X_Forwarded_For="203.0.113.9, 198.51.100.7")
        Client(url, user='x"\nGET\u2028\x1b[2J', password="SECRET").request("PROPFIND", book)
        own.request("DELETE", book, X_Forwarded_For="junk")
    log = next(world.folder.glob("server-*.log")).read_text()
    return [line for line in log.splitlines() if LINE.fullmatch(line)], login


def test_a_request_gives_one_line_with_the_true_peer(served: tuple[list[str], Login]) -> None:
    """The server's own log, through a proxy that is configured; those on the way of a graceful stop are in it, too."""
    get, wrong, delete = [match for line in served[0][-3:] if (match := LINE.fullmatch(line))]
    assert (get["method"], get["peer"], get["login"]) == ("GET", "198.51.100.7", "john.doe@nic.nl")
    assert (get["device"], get["generation"]) == ("test", "1")
    assert (wrong["status"], wrong["login"], wrong["device"]) == ("401", r'"x\"\nGET\u2028\u001b[2J"', "-")
    assert (delete["method"], delete["status"], delete["peer"]) == ("DELETE", "403", "127.0.0.1")


def test_no_secret_is_in_the_log(served: tuple[list[str], Login]) -> None:
    """No password, right or wrong, and no query string."""
    lines, login = served
    assert lines
    for line in lines:
        assert "SECRET" not in line
        assert login.password not in line
