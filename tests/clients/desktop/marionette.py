"""A small client of Marionette, the remote protocol of Gecko: JSON messages over TCP.

A message is its length in bytes, a colon, and a JSON array: `[0, number, command, parameters]` to the program,
`[1, number, error, result]` back. The program greets with one object that is no array.
"""

import json
import socket
from typing import Any

TIMEOUT = 60
"""Seconds to wait for one answer."""


class MarionetteError(Exception):
    """The program answered with an error; the message holds its name, text and stack."""


class Marionette:
    """One session, whose scripts run with the program's own privileges."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), TIMEOUT)
        self._unread = b""
        self._number = 0
        greeting = self._read()
        assert greeting["marionetteProtocol"] == 3, greeting
        self.send("WebDriver:NewSession", {"strictFileInteractability": False})
        self.send("Marionette:SetContext", {"value": "chrome"})
        self.send("WebDriver:SetTimeouts", {"script": TIMEOUT * 1000})

    def send(self, command: str, parameters: dict[str, Any] | None = None) -> Any:
        """Send a command and return its result. Raises `MarionetteError`."""
        self._number += 1
        message = json.dumps([0, self._number, command, parameters or {}]).encode()
        self._socket.sendall(b"%d:%b" % (len(message), message))
        kind, number, error, result = self._read()
        assert (kind, number) == (1, self._number)
        if error:
            raise MarionetteError(f"{error['error']}: {error['message']}\n{error['stacktrace']}")
        return result

    def run(self, script: str, *arguments: Any) -> Any:
        """Run the body of an async function in the current window and return what it returns.

        The script finds `arguments`, and may use `await`.
        """
        wrapped = (
            "const finished = arguments[arguments.length - 1];"
            f"(async (...given) => {{ {script} }})(...Array.from(arguments).slice(0, -1))"
            ".then(value => finished({value}), error => finished({error: `${error}\\n${error.stack}`}));"
        )
        found = self.send("WebDriver:ExecuteAsyncScript", {"script": wrapped, "args": list(arguments), "sandbox": None})
        # A script that opens a window is answered with null.
        answer = found["value"] or {}
        if "error" in answer:
            raise MarionetteError(answer["error"])
        return answer.get("value")

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def _read(self) -> Any:
        while b":" not in self._unread:
            self._receive()
        length, _, self._unread = self._unread.partition(b":")
        while len(self._unread) < int(length):
            self._receive()
        message, self._unread = self._unread[: int(length)], self._unread[int(length) :]
        return json.loads(message)

    def _receive(self) -> None:
        received = self._socket.recv(65536)
        if not received:
            raise MarionetteError("the program closed the connection")
        self._unread += received
