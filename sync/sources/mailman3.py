"""Reads the subscribers of a Mailman 3 list, and changes them, through the REST interface of Mailman Core."""

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
from sync.sources.subscribers import (
    Delivery,
    ListError,
    ListFault,
    Role,
    Subscriber,
    Subscribers,
    asked_now,
    subscriber,
)

SECTION = "subscribers.mailman3"

DEADLINE_SECONDS = 60
"""Longest time in seconds for all answers of Mailman to one command, the look-up of its name included."""

PAGE_SIZE = 500
"""Most members of one answer. One answer shows one state of the list, and most lists fit into one."""

READINGS = 4
"""Most times that a list of several pages is read, until two readings in a row are the same."""

# Mailman's delivery_status for each way to stop delivery.
_STOPPED = {
    "by_user": Delivery.BY_USER,
    "by_moderator": Delivery.BY_MODERATOR,
    "by_bounces": Delivery.BY_BOUNCES,
    "unknown": Delivery.UNKNOWN,
}

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Mailman3:
    """One list of a Mailman Core. `now` is recorded as the time of the answer."""

    settings: Mailman3Settings
    now: datetime
    page_size: int = PAGE_SIZE

    @property
    def name(self) -> str:
        """The URL of the list's REST resource, as messages and the history show it."""
        return f"{self.settings.url}/lists/{self.settings.list}"

    def fetch(self, *, delivery: bool = False) -> Subscribers:
        """Return the members of the list, and the people in the roles of the setting `other_roles`."""
        return self._in_time(lambda connection: asked_now(self._people(connection, delivery), self.name, self.now))

    def subscribe(self, address: str, name: str) -> None:
        """Subscribe an address, already verified, confirmed and approved, so that Mailman asks nobody.

        Raises:
            ListError: the address was not subscribed; after a time-out it may be subscribed.
        """

        def add(connection: Connection) -> None:
            data = {"list_id": self._list_id(connection), "subscriber": address, "display_name": name}
            response, _ = connection.call("members", data | dict.fromkeys(_PREPARED, True))
            self._done(response)

        self._in_time(add)

    def unsubscribe(self, address: str) -> None:
        """Unsubscribe an address, already confirmed and approved, so that Mailman asks nobody.

        Raises:
            ListError: the address was not unsubscribed; after a time-out it may be unsubscribed.
        """

        def remove(connection: Connection) -> None:
            # Deleted through the link of the member: some addresses cannot stand in a path.
            query = {"list_id": self._list_id(connection), "role": "member", "subscriber": address}
            found = self._all(connection, f"members/find?{urlencode(query)}")
            links = [member["self_link"] for member in found if member["email"].lower() == address.lower()]
            if not links:
                raise ListError(ListFault.UNKNOWN, f"{self.name}: {address} is not a member.")
            for link in links:
                response, _ = connection.call(link, dict.fromkeys(_PREPARED[1:], True), method="DELETE")
                self._done(response)

        self._in_time(remove)

    def _in_time(self, work: Callable[[Connection], _T]) -> _T:
        try:
            with _explained(self.name, self.settings.user):
                # The deadline includes reading the password: its disk may hang, too.
                return Deadline(DEADLINE_SECONDS).run(lambda: work(connect(self.settings, SECTION, self.name)))
        except TimeoutError:
            raise ListError(
                ListFault.TIMEOUT,
                f"{self.name}: Mailman did not send all answers within {DEADLINE_SECONDS} seconds. Check its load and "
                "try again.",
            ) from None

    def _people(self, connection: Connection, delivery: bool) -> Sequence[Subscriber]:
        list_id = self._list_id(connection)
        roles = [Role.MEMBER, *dict.fromkeys(map(Role, self.settings.other_roles))]
        entries = [entry for role in roles for entry in self._all(connection, f"lists/{list_id}/roster/{role}")]
        people = [_person(entry, self.name) for entry in entries]
        if not any(person.role is Role.MEMBER for person in people):
            raise ListError(
                ListFault.EMPTY,
                f"{self.name}: Mailman says that the list has no members. An empty list is not accepted. Check `list`.",
            )
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

        If the list changes between two pages, an entry may be missing and no page shows it. So a collection of several
        pages is read until two readings are the same.
        """
        before, pages = self._once(connection, path)
        if pages == 1 and before is not None:
            return before
        for _ in range(1, READINGS):
            again, _pages = self._once(connection, path)
            if again is not None and again == before:
                return again
            before = again
        raise ListError(ListFault.CUT_OFF, f"{self.name}: the list changed while it was read. Run the command again.")

    def _once(self, connection: Connection, path: str) -> tuple[Sequence[Mapping[str, Any]] | None, int]:
        """Return the entries and the number of pages; None for the entries where the total changed between pages."""
        page = Page(connection, path, Member, self.page_size, 1)
        total, entries = int(page.total_size), [member.rest_data for member in page]
        while page.has_next and len(page):
            page = page.next
            if page.total_size != total:
                return None, page.nr
            entries += (member.rest_data for member in page)
        if len(entries) != total:
            raise ListError(
                ListFault.CUT_OFF,
                f"{self.name}: Mailman says that there are {total} entries and sent {len(entries)}. Run the command "
                "again. If the error stays, read Mailman's log.",
            )
        return entries, page.nr

    def _done(self, response: requests.Response) -> None:
        if response.status_code == 202:
            raise ListError(
                ListFault.REFUSED,
                f"{self.name}: Mailman waits until a moderator approves the change. Approve it in Postorius.",
            )


# With these Mailman does not ask the subscriber or a moderator. The first exists only for subscribing.
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
    """Turn the exceptions of mailmanclient into `ListError`. Only short reasons of Mailman are quoted."""
    try:
        yield
    except (TldopsError, TimeoutError):
        raise
    except HTTPError as error:
        raise _refused(name, user, error) from None
    except MailmanConnectionError as error:
        raise _failed(name, error.__context__) from None
    except Exception as error:  # a wrong answer can raise almost anything: RecursionError, OverflowError
        raise ListError(
            ListFault.ANSWER,
            f"{name}: the answer is not from Mailman's REST interface ({type(error).__name__}). Check `url`.",
        ) from None


def _refused(name: str, user: str, error: HTTPError) -> ListError:
    reason = str(error.reason)
    said = f": {reason}" if reason.isprintable() and len(reason) < 200 and "<" not in reason else ""
    fault, what = ListFault.ANSWER, f"Mailman answered with status {error.code}{said}. Read its log."
    if error.code == 401:
        fault, what = ListFault.REFUSED, f"Mailman does not accept the user {user!r} with this password. "
        what += "They must be admin_user and admin_pass under [webservice] in mailman.cfg."
    elif error.code == 404:
        fault, what = ListFault.UNKNOWN, "Mailman does not know this list or address. "
        what += "`mailman lists` shows the lists; check `list` and `url`."
    elif error.code in (400, 403, 409):
        fault = ListFault.REFUSED
    return ListError(fault, f"{name}: {what}")


def _failed(name: str, cause: BaseException | None) -> ListError:
    fault, what = ListFault.UNREACHABLE, "Mailman cannot be reached. "
    what += "Check that it runs (`mailman status`) and that `url` is its REST interface."
    if isinstance(cause, requests.Timeout) or "timed out" in str(cause):
        fault, what = ListFault.TIMEOUT, f"no answer within {CONNECT_SECONDS} seconds for connecting or "
        what += f"{READ_SECONDS} for reading. Check Mailman's load and try again."
    elif isinstance(cause, requests.exceptions.JSONDecodeError):
        fault, what = ListFault.ANSWER, "the answer is not JSON. It may be an error page of a proxy. Check `url`."
    elif isinstance(cause, requests.exceptions.SSLError):
        fault, what = ListFault.REFUSED, "the server's certificate is not valid. "
        what += "Set `ca_file`, or check the name in `url`."
    elif isinstance(cause, requests.exceptions.ChunkedEncodingError):
        fault, what = ListFault.CUT_OFF, "the answer was cut off. Run the command again."
    return ListError(fault, f"{name}: {what}")
