"""Reading bodies: fast readers are never refused, and those that never come hold few threads."""

import io
import threading

import pytest

from radicale_tldops.dav.body import RequestError
from radicale_tldops.serve.body import MAX_ALL, MAX_READS, THREADS, BodyReader


class Held(io.BytesIO):
    """A body that comes when it is let go."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.asked = threading.Event()
        self.go = threading.Event()

    def read(self, size: int | None = -1, /) -> bytes:
        """Wait, then return what there is."""
        self.asked.set()
        assert self.go.wait(30)
        return super().read(size)


def hold(bodies: BodyReader, reader: str, count: int) -> list[tuple[Held, threading.Thread]]:
    """Let `count` bodies of a reader be under way."""
    held = []
    for _ in range(count):
        source = Held(b"abc")
        thread = threading.Thread(target=bodies.read, args=(reader, source, 3))
        thread.start()
        assert source.asked.wait(30)
        held.append((source, thread))
    return held


def let_go(held: list[tuple[Held, threading.Thread]]) -> None:
    """Let bodies come."""
    for source, thread in held:
        source.go.set()
        thread.join(30)


def test_a_body_has_the_length_that_it_says() -> None:
    """What is shorter was cut off on the way, and is not taken for what came of it."""
    bodies = BodyReader()
    assert bodies.read("jane", io.BytesIO(b"abc"), 3) == b"abc"
    assert bodies.read("jane", io.BytesIO(b""), 0) == b""
    with pytest.raises(RequestError) as short:
        bodies.read("jane", io.BytesIO(b"ab"), 3)
    assert short.value.status == 400


def test_one_reader_holds_a_part_of_the_threads_and_another_is_read() -> None:
    """Beyond the limit there is 503, for that reader alone; when the bodies come, all is as before."""
    bodies = BodyReader()
    held = hold(bodies, "john", MAX_READS)
    with pytest.raises(RequestError) as refused:
        bodies.read("john", io.BytesIO(b"abc"), 3)
    assert refused.value.status == 503
    assert bodies.read("jane", io.BytesIO(b"abc"), 3) == b"abc"
    let_go(held)
    assert bodies.read("john", io.BytesIO(b"abc"), 3) == b"abc"


def test_many_readers_leave_threads_for_what_has_no_body() -> None:
    """Health and downloads are answered whatever bodies do not come."""
    bodies = BodyReader()
    held = [held_body for number in range(MAX_ALL) for held_body in hold(bodies, f"reader{number}", 1)]
    with pytest.raises(RequestError):
        bodies.read("jane", io.BytesIO(b"abc"), 3)
    assert MAX_ALL < THREADS
    let_go(held)
