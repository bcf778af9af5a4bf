"""Conditional requests: RFC 9110, 13, and the If header of RFC 4918, 10.4."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate
from urllib.parse import unquote, urlsplit

from radicale_tldops.dav.answer import NOT_MODIFIED, OK, PRECONDITION_FAILED, Answer
from radicale_tldops.dav.body import RequestError

_TIME = r"\d\d:\d\d:\d\d"
_DATE = re.compile(
    rf"[A-Z][a-z]{{2}}, \d\d [A-Z][a-z]{{2}} \d{{4}} {_TIME} GMT"
    rf"|[A-Z][a-z]{{5,8}}, \d\d-[A-Z][a-z]{{2}}-\d\d {_TIME} GMT"
    rf"|[A-Z][a-z]{{2}} [A-Z][a-z]{{2}} [ \d]\d {_TIME} \d{{4}}"
)
"""The current form of a date, and the two older ones that a server has to accept (RFC 9110, 5.6.7)."""

_CONDITION = r'(?:<[^<>\s]++>|\[(?:W/)?+"[^"]*+"\])'
_LIST = rf"\((?:\s*+(?:Not\s*+)?+{_CONDITION})++\s*+\)"
_TAGGED = rf"(?:<([^<>\s]*+)>\s*+)?+({_LIST})\s*+"
_HEADER = re.compile(rf"\s*+(?:{_TAGGED})++", re.IGNORECASE)
_ONE_LIST = re.compile(_TAGGED, re.IGNORECASE)
_ONE_CONDITION = re.compile(rf"(Not)?\s*+({_CONDITION})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class State:
    """The state of a resource: its entity tag and its sync token, each "" if it has none."""

    etag: str = ""
    token: str = ""


def is_met(header: str, here: State, state_at: Callable[[str], State]) -> bool:
    """Return whether one of the lists of an If header holds (RFC 4918, 10.4.3; RFC 6578, 5).

    `here` is the state of the requested resource, `state_at` gives that of other paths.

    Raises:
        RequestError: with 400, the header is malformed.
    """
    if _HEADER.fullmatch(header) is None:
        raise RequestError("the If header cannot be read")
    state = here
    for url, conditions in _ONE_LIST.findall(header):
        # A URL holds for all lists up to the next URL.
        state = state_at(_path(url)) if url else state
        if all(_holds(condition, state) != bool(negated) for negated, condition in _ONE_CONDITION.findall(conditions)):
            return True
    return False


def _path(url: str) -> str:
    try:
        return unquote(urlsplit(url).path)
    except ValueError:
        return ""


def _holds(condition: str, state: State) -> bool:
    if condition.startswith("<"):
        return condition[1:-1] == state.token
    return condition[1:-1].removeprefix("W/") == state.etag


def conditional(answer: Answer, conditions: Mapping[str, str]) -> Answer:
    """Return the answer, or 304 or 412 where the headers of a GET ask for it, in the order of RFC 9110, 13.2.2."""
    headers = dict(answer.headers)
    if answer.status != OK or "ETag" not in headers:
        return answer
    etag, changed = headers["ETag"], moment(headers["Last-Modified"])
    if "HTTP_IF_MATCH" in conditions:
        is_matching = _names(conditions["HTTP_IF_MATCH"], etag, weak=False)
    else:
        since = moment(conditions.get("HTTP_IF_UNMODIFIED_SINCE", ""))
        is_matching = since is None or changed is None or changed <= since
    if not is_matching:
        return Answer(PRECONDITION_FAILED)
    if "HTTP_IF_NONE_MATCH" in conditions:
        is_known = _names(conditions["HTTP_IF_NONE_MATCH"], etag, weak=True)
    else:
        since = moment(conditions.get("HTTP_IF_MODIFIED_SINCE", ""))
        is_known = since is not None and changed is not None and changed <= since
    if not is_known:
        return answer
    kept = tuple((name, value) for name, value in answer.headers if name in ("ETag", "Last-Modified"))
    # "*" does not prove that the client has the newest book.
    holds_it = conditions.get("HTTP_IF_NONE_MATCH", "*").strip() != "*"
    return Answer(NOT_MODIFIED, kept, is_current=answer.is_current and holds_it)


def _names(header: str, etag: str, *, weak: bool) -> bool:
    """Return whether a list of entity tags contains this one; `weak` ignores the W/ before them (RFC 9110, 8.8.3.2)."""
    tags = [tag.strip() for tag in header.split(",")]
    return tags == ["*"] or etag in ([tag.removeprefix("W/") for tag in tags] if weak else tags)


def moment(header: str) -> datetime | None:
    """Return an HTTP date in any of its three forms, or None for anything else (RFC 9110, 5.6.7)."""
    parsed = parsedate(header) if _DATE.fullmatch(header) else None
    try:
        return datetime(*parsed[:6], tzinfo=UTC) if parsed else None
    except ValueError:
        return None
