"""A list of Mailman 3, by the REST interface of Mailman Core."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar
from urllib.error import HTTPError
from urllib.parse import urlencode

import requests
from mailmanclient.restbase.connection import Connection, MailmanConnectionError
from mailmanclient.restbase.page import Page
from mailmanclient.restobjects.member import Member

from radicale_tldops.login.deadline import Deadline
from radicale_tldops.roster.errors import TldopsError
from radicale_tldops.settings import Mailman3Settings
from sync.parse.full import parse_full
from sync.sources.mailman_connection import CONNECT_SECONDS, READ_SECONDS, connect
from sync.sources.subscribers import Delivery, Fault, ListError, Role, Subscriber, Subscribers, asked_now, subscriber

SECTION = "subscribers.mailman3"

DEADLINE_SECONDS = 60
"""How long one command may wait for Mailman altogether, looking up its name included."""

PAGE_SIZE = 500
"""How many members are asked for at a time: one page is one state of the list, and most lists fit into it."""

READINGS = 4
"""How often a list of several pages is read until two readings in a row agree."""

# What Mailman calls whoever stopped the delivery.
_STOPPED = {
    "by_user": Delivery.BY_USER,
    "by_moderator": Delivery.BY_MODERATOR,
    "by_bounces": Delivery.BY_BOUNCES,
}

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Mailman3:
    """One list of a Mailman Core. `now` is the time that is recorded of an answer."""

    settings: Mailman3Settings
    now: datetime
    page_size: int = PAGE_SIZE

    @property
    def name(self) -> str:
        """The address of the list's REST resource: how messages and the history name it."""
        return f"{self.settings.url}/lists/{self.settings.list}"

    def fetch(self, *, delivery: bool = False) -> Subscribers:
        """Return the members, and the `other_roles` that count."""
        return self._in_time(lambda connection: asked_now(self._people(connection, delivery), self.name, self.now))

    def subscribe(self, address: str, name: str) -> None:
        """Subscribe an address, verified, confirmed and approved by whoever asks for it.

        Raises:
            ListError: it was not done, or, after a time-out, perhaps was.
        """

        def add(connection: Connection) -> None:
            data = {"list_id": self._list_id(connection), "subscriber": address, "display_name": name}
            response, _ = connection.call("members", data | dict.fromkeys(_PREPARED, True))
            self._done(response)

        self._in_time(add)

    def unsubscribe(self, address: str) -> None:
        """Unsubscribe an address, confirmed and approved by whoever asks for it.

        Raises:
            ListError: as for `subscribe`.
        """

        def remove(connection: Connection) -> None:
            # By the link of the member: a path with the address cannot hold every address.
            query = {"list_id": self._list_id(connection), "role": "member", "subscriber": address}
            found = self._all(connection, f"members/find?{urlencode(query)}")
            links = [member["self_link"] for member in found if member["email"].lower() == address.lower()]
            if not links:
                raise ListError(Fault.UNKNOWN, f"{self.name}: {address} is not a member.")
            for link in links:
                response, _ = connection.call(link, dict.fromkeys(_PREPARED[1:], True), method="DELETE")
                self._done(response)

        self._in_time(remove)

    def _in_time(self, work: Callable[[Connection], _T]) -> _T:
        try:
            with _explained(self.name, self.settings.user):
                # Connecting reads the password: a file on a disk that hangs is waited for no longer than a network.
                return Deadline(DEADLINE_SECONDS).run(lambda: work(connect(self.settings, SECTION, self.name)))
        except TimeoutError:
            raise ListError(
                Fault.TIMEOUT,
                f"{self.name}: Mailman was not done within {DEADLINE_SECONDS} seconds. Is it overloaded?",
            ) from None

    def _people(self, connection: Connection, delivery: bool) -> Sequence[Subscriber]:
        list_id = self._list_id(connection)
        roles = [Role.MEMBER, *dict.fromkeys(map(Role, self.settings.other_roles))]
        entries = [entry for role in roles for entry in self._all(connection, f"lists/{list_id}/roster/{role}")]
        people = [_person(entry, self.name) for entry in entries]
        if not any(person.role is Role.MEMBER for person in people):
            raise ListError(Fault.EMPTY, f"{self.name}: the list has no member; that is never taken for an empty list.")
        if not delivery:
            return people
        stopped: dict[str, Delivery] = {}
        for status, meaning in _STOPPED.items():
            query = urlencode({"list_id": list_id, "role": "member", "delivery_status": status})
            found = self._all(connection, f"members/find?{query}")
            stopped |= {_person(entry, self.name).login: meaning for entry in found}
        return [replace(person, delivery=stopped.get(person.login, person.delivery)) for person in people]

    def _list_id(self, connection: Connection) -> str:
        _, content = connection.call(f"lists/{self.settings.list}")
        return str(content["list_id"])

    def _all(self, connection: Connection, path: str) -> Sequence[Mapping[str, Any]]:
        """Return every entry of a collection.

        Pages of a list that changes meanwhile may miss somebody without any sign of it, so a collection of several
        pages is read until two readings agree.
        """
        before, pages = self._once(connection, path)
        if pages == 1 and before is not None:
            return before
        for _ in range(1, READINGS):
            again, _pages = self._once(connection, path)
            if again is not None and again == before:
                return again
            before = again
        raise ListError(Fault.CUT_OFF, f"{self.name}: the list changes while it is read. Run the command again.")

    def _once(self, connection: Connection, path: str) -> tuple[Sequence[Mapping[str, Any]] | None, int]:
        """Read a collection once, and count the pages; None for one that changed from one page to the next."""
        page = Page(connection, path, Member, self.page_size, 1)
        total, entries = int(page.total_size), [member.rest_data for member in page]
        while page.has_next and len(page):
            page = page.next
            if page.total_size != total:
                return None, page.nr
            entries += (member.rest_data for member in page)
        if len(entries) != total:
            raise ListError(
                Fault.CUT_OFF,
                f"{self.name}: Mailman says that there are {total} and gave {len(entries)}. A part of a list is not "
                "used. Run the command again; if it stays so, look into Mailman's log.",
            )
        return entries, page.nr

    def _done(self, response: requests.Response) -> None:
        if response.status_code == 202:
            raise ListError(Fault.REFUSED, f"{self.name}: Mailman waits for somebody to confirm it. See Postorius.")


# What keeps Mailman from asking back: the first is for subscribing alone.
_PREPARED = ("pre_verified", "pre_confirmed", "pre_approved")


def _person(entry: Mapping[str, Any], where: str) -> Subscriber:
    full = parse_full(str(entry.get("display_name") or ""))
    return subscriber(
        entry["email"],
        where,
        name=full.name,
        cctlds=full.cctlds,
        role=Role(entry["role"]),
        bounces=int(entry.get("bounce_score") or 0),
        entry=str(entry.get("user") or ""),
    )


@contextmanager
def _explained(name: str, user: str) -> Iterator[None]:
    """Turn what mailmanclient raises into what a person can act on. No foreign text is quoted but Mailman's reasons."""
    try:
        yield
    except (TldopsError, TimeoutError):
        raise
    except HTTPError as error:
        raise _refused(name, user, error) from None
    except MailmanConnectionError as error:
        raise _failed(name, error.__context__) from None
    except Exception as error:  # almost anything, for an answer that is none: RecursionError, OverflowError
        raise ListError(
            Fault.ANSWER,
            f"{name}: this is no answer of Mailman's REST interface ({type(error).__name__}). Check `url`.",
        ) from None


def _refused(name: str, user: str, error: HTTPError) -> ListError:
    if error.code == 401:
        return ListError(
            Fault.REFUSED,
            f"{name}: Mailman does not accept the user {user!r} with this password. They are admin_user and "
            "admin_pass under [webservice] in mailman.cfg.",
        )
    if error.code == 404:
        return ListError(
            Fault.UNKNOWN,
            f"{name}: Mailman knows no such list or address. `mailman lists` shows the lists; check `list` and `url`.",
        )
    reason = str(error.reason)
    said = f": {reason}" if reason.isprintable() and len(reason) < 200 and "<" not in reason else ""
    fault = Fault.REFUSED if error.code in (400, 403, 409) else Fault.ANSWER
    return ListError(fault, f"{name}: Mailman answered with status {error.code}{said}. Its log may say more.")


def _failed(name: str, cause: BaseException | None) -> ListError:
    if isinstance(cause, requests.Timeout) or "timed out" in str(cause):
        return ListError(
            Fault.TIMEOUT,
            f"{name}: no answer within {CONNECT_SECONDS} seconds for connecting or {READ_SECONDS} for reading. "
            "Is Mailman overloaded?",
        )
    if isinstance(cause, requests.exceptions.JSONDecodeError):
        return ListError(
            Fault.ANSWER,
            f"{name}: the answer is no JSON, but perhaps an error page of a proxy, or cut off. Check `url`.",
        )
    if isinstance(cause, requests.exceptions.SSLError):
        return ListError(
            Fault.REFUSED,
            f"{name}: the server's certificate is not accepted. Set `ca_file`, or check the name in `url`.",
        )
    if isinstance(cause, requests.exceptions.ChunkedEncodingError):
        return ListError(Fault.CUT_OFF, f"{name}: the answer was cut off. Run the command again.")
    return ListError(
        Fault.UNREACHABLE,
        f"{name}: Mailman cannot be reached. Does it run (`mailman status`), and is `url` its REST interface?",
    )
