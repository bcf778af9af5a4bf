"""A small LDAP server (RFC 4511) whose answers a test writes, for what a real one does not send."""

import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO

from tests.support.wire import Recorder, listening

_BIND, _BOUND, _SEARCH = 0x60, 0x61, 0x63


@dataclass(frozen=True)
class Answer:
    """The answer to a search: entries by DN, references to other servers, a result code; or none at all."""

    entries: Mapping[str, Mapping[str, Sequence[str]]]
    references: Sequence[str] = ()
    code: int = 0
    hangs_up: bool = False
    is_silent: bool = False


Answering = Callable[[str, Sequence[str]], Answer]
"""Gives the answer for a base and the names of the attributes that are asked for."""


def answering(answer: Answering, bound: Callable[[str], int] = lambda dn: 0) -> AbstractContextManager[Recorder]:
    """Run a server that answers each search so, without TLS, until the block ends.

    `bound` gives the result of a bind with a DN, whatever the password.
    """

    def handle(client: socket.socket, _: Recorder) -> None:
        with client.makefile("rb") as stream:
            while request := _read(stream):
                number, (kind, content) = request
                parts = _parts(content)
                if kind == _BIND:
                    client.sendall(_ber(0x30, number, _result(_BOUND, bound(parts[1][1].decode()))))
                    continue
                if kind != _SEARCH:
                    return
                given = answer(parts[0][1].decode(), [name.decode() for _, name in _parts(parts[7][1])])
                if given.hangs_up:
                    client.shutdown(socket.SHUT_RDWR)
                    return
                if not given.is_silent:
                    client.sendall(b"".join(_ber(0x30, number, message) for message in _messages(given)))

    return listening(handle)


def _messages(given: Answer) -> list[bytes]:
    entries = [
        _ber(0x64, _text(dn), _ber(0x30, *(_attribute(name, values) for name, values in attributes.items())))
        for dn, attributes in given.entries.items()
    ]
    references = [_ber(0x73, _text(url)) for url in given.references]
    return [*entries, *references, _result(0x65, given.code)]


def _result(tag: int, code: int) -> bytes:
    return _ber(tag, _ber(0x0A, bytes((code,))), _text(""), _text(""))


def _attribute(name: str, values: Sequence[str]) -> bytes:
    return _ber(0x30, _text(name), _ber(0x31, *map(_text, values)))


def _text(value: str) -> bytes:
    return _ber(0x04, value.encode())


def _ber(tag: int, *contents: bytes) -> bytes:
    """Return a value in BER, its length in four bytes."""
    content = b"".join(contents)
    return bytes((tag, 0x84)) + len(content).to_bytes(4, "big") + content


def _read(stream: BinaryIO) -> tuple[bytes, tuple[int, bytes]] | None:
    """Read a message; return its id in BER, and the tag and the content of its operation."""
    head: bytes = stream.read(2)
    if len(head) < 2:
        return None
    length = head[1]
    if length & 0x80:
        length = int.from_bytes(stream.read(length & 0x7F), "big")
    number, operation = _parts(stream.read(length))[:2]
    return _ber(number[0], number[1]), operation


def _parts(content: bytes) -> list[tuple[int, bytes]]:
    """Return tag and content of each value in a constructed value."""
    found = []
    while content:
        tag, length, start = content[0], content[1], 2
        if length & 0x80:
            start = 2 + (length & 0x7F)
            length = int.from_bytes(content[2:start], "big")
        found.append((tag, content[start : start + length]))
        content = content[start + length :]
    return found
