"""Small servers that answer like a Mailman that has gone wrong."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[[BaseHTTPRequestHandler], None]


@contextlib.contextmanager
def answering(answer: Answer) -> Iterator[str]:
    """Serve on the loopback until the block ends; every request gets `answer`. Gives the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with contextlib.suppress(OSError):
                answer(self)

        def log_message(self, format: str, *args: object) -> None:
            """Keep the output of the tests free of requests."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/3.1"
    finally:
        server.shutdown()
        server.server_close()


def content(body: bytes, status: int = 200, kind: str = "application/json", length: int | None = None) -> Answer:
    """Return an answer with this body; `length` is what it says its length is."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(len(body) if length is None else length))
        request.end_headers()
        request.wfile.write(body)

    return answer


def drop_by_drop(request: BaseHTTPRequestHandler) -> None:
    """Answer one byte at a time, for ever."""
    request.send_response(200)
    request.send_header("Content-Length", "1000000")
    request.end_headers()
    for _ in range(1000):
        request.wfile.write(b" ")
        time.sleep(0.2)


def silence(request: BaseHTTPRequestHandler) -> None:
    """Answer nothing for longer than anybody waits."""
    del request
    time.sleep(60)
