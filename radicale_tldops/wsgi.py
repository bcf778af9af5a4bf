"""Reading a request's body without waiting for a client for ever."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from radicale_tldops.dav.body import REQUEST_TIMEOUT, RequestError

PROMPT_SECONDS = 1.0
"""How long every client may take to send a body; most arrive together with their headers."""

PATIENT_SECONDS = 10.0
"""How long the slow clients may take for whom there is patience."""

PATIENCE = 3
"""For how many slow clients at a time there is patience: a worker has few threads, and each of them holds one."""

_READERS = 64


class Input(Protocol):
    """The `wsgi.input` of PEP 3333, as far as it is used here."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, and wait for them."""


class BodyReader:
    """Reads bodies with a time limit, which no WSGI server gives: a phone that loses its network never says so."""

    def __init__(self) -> None:
        self._patience = threading.Semaphore(PATIENCE)
        # A read that nobody waits for any more ends when its connection does, which is when the answer is sent.
        self._readers = ThreadPoolExecutor(_READERS, "body")

    def read(self, source: Input, length: int) -> bytes:
        """Return the `length` bytes of a body.

        Raises:
            RequestError: with 400 when there are fewer, with 408 when they do not come in time.

        """
        if not length:
            return b""
        reading = self._readers.submit(source.read, length)
        try:
            body = self._wait(reading)
        except TimeoutError:
            raise RequestError("the body did not arrive in time", REQUEST_TIMEOUT) from None
        except (OSError, RuntimeError) as error:
            raise RequestError("the body cannot be read") from error
        if len(body) < length:
            raise RequestError("the body ended before its Content-Length")
        return body

    def _wait(self, reading: Future[bytes]) -> bytes:
        try:
            return reading.result(PROMPT_SECONDS)
        except TimeoutError:
            if not self._patience.acquire(blocking=False):
                raise
        try:
            return reading.result(PATIENT_SECONDS)
        finally:
            self._patience.release()
