"""Checking a password at the directory, and reading the addresses of its owner there.

A few threads at a time ask the directory, so a slow directory cannot hold all threads of the server. After a failure
the directory is not asked for `REST_SECONDS`, and then by one login at a time until it answers again.
"""

import contextlib
import threading
import time
import unicodedata
from collections.abc import Callable, Iterator
from typing import Literal

from ldap3 import Connection
from ldap3.core import results
from ldap3.utils.conv import escape_filter_chars

from radicale_tldops.login.directory import REFUSED, bind, close, connect, explained
from radicale_tldops.roster.errors import DirectoryError, SettingsError, UnavailableError
from radicale_tldops.roster.login import MAX_LOGIN, canonical_login
from radicale_tldops.settings import DirectorySettings, LdapLoginSettings

LOGIN_SECONDS = 3.0
"""Most seconds that a login takes, including servers that do not answer."""

MAX_BINDS = 2
"""Most threads that ask the directory at the same time."""

MAX_WAITING = 4
"""Most threads that wait for their turn; further logins get 503 at once. A client opens several connections at once."""

WAIT_SECONDS = 1.0
"""Most seconds that they wait."""

REST_SECONDS = 5.0
"""Seconds for which the directory is not asked after a failure."""

_PLACE = "{login}"


class _EntryError(DirectoryError):
    """The directory cannot check the password of one entry; others are not affected."""


class LdapLogin:
    """Logins at one directory. Safe for threads.

    Raises:
        SettingsError: no server is set, or neither or both of `people_base` and `dn_template`.
    """

    def __init__(
        self, directory: DirectorySettings, settings: LdapLoginSettings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        if not directory.servers:
            raise SettingsError("[auth.ldap] needs a directory: set servers in [ldap].")
        if bool(settings.people_base) == bool(settings.dn_template):
            raise SettingsError("[auth.ldap] needs people_base (where people are searched) or dn_template, not both.")
        self._directory, self._settings = directory, settings
        self._clock = clock
        self._turn = threading.Condition()
        self._asking = self._waiting = 0
        self._is_failing = False
        self._rest_until = float("-inf")

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn to ask, at most `WAIT_SECONDS`.

        Raises:
            UnavailableError: the directory failed a moment ago, or too many logins wait.
        """
        with self._turn:
            self._refuse_while_resting()
            if not self._is_free() and self._waiting >= (0 if self._is_failing else MAX_WAITING):
                raise UnavailableError("too many logins at the directory", WAIT_SECONDS)
            self._waiting += 1
            try:
                free = self._turn.wait_for(self._is_free, WAIT_SECONDS)
            finally:
                self._waiting -= 1
            self._refuse_while_resting()
            if not free:
                raise UnavailableError("too many logins at the directory", WAIT_SECONDS)
            self._asking += 1
        try:
            yield
        finally:
            with self._turn:
                self._asking -= 1
                self._turn.notify_all()

    def addresses(self, login: str, password: str) -> tuple[str, ...] | None:
        """Return the person's addresses as the directory has them, or None for a wrong login or password.

        `login` comes from `typed_login`. The call takes at most `LOGIN_SECONDS`.

        Raises:
            DirectoryError: the directory failed; unless only this entry did, it is not asked for `REST_SECONDS`.
        """
        try:
            with explained("[auth.ldap]"):
                connection = connect(self._directory, within=LOGIN_SECONDS)
                try:
                    found = self._ask(connection, login, password)
                finally:
                    close(connection)
        except _EntryError:
            raise
        except DirectoryError:
            with self._turn:
                self._is_failing, self._rest_until = True, self._clock() + REST_SECONDS
            raise
        self._is_failing = False
        return found

    def _is_free(self) -> bool:
        return self._asking < (1 if self._is_failing else MAX_BINDS)

    def _refuse_while_resting(self) -> None:
        left = self._rest_until - self._clock()
        if left > 0:
            raise UnavailableError("the directory failed a moment ago", left)

    def _ask(self, connection: Connection, login: str, password: str) -> tuple[str, ...] | None:
        settings = self._settings
        if settings.dn_template:
            dn = settings.dn_template.replace(_PLACE, escape_rdn_value(login))
            if not _is_right(connection, dn, password):
                return None
            # A person who may bind and not read the own entry has no address: that is not a failure of the directory.
            itself = _search(connection, dn, "(objectClass=*)", "BASE", self._directory.mail_attribute)
            return itself[0][1] if itself else ()
        wanted = settings.filter.replace(_PLACE, escape_filter_chars(login))
        found = _search(connection, settings.people_base, wanted, "SUBTREE", self._directory.mail_attribute)
        if len(found) != 1:
            # No person, or more than one: same answer and same number of requests as for a wrong password.
            _is_right(connection, f"cn=nobody,{settings.people_base}", password)
            return None
        dn, addresses = found[0]
        return addresses if _is_right(connection, dn, password) else None


def typed_login(name: str) -> str:
    """Return the canonical form of a typed login; for a name that is no address, NFKC and without case.

    Return "" for a text that cannot be a login: empty, too long, or with invisible characters.
    """
    if not 0 < len(name) <= MAX_LOGIN:
        return ""
    if any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for char in name):
        return ""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    # An "@" that only case-folding produces does not make an address.
    return canonical_login(name) if "@" in folded else " ".join(folded.split())


def escape_rdn_value(text: str) -> str:
    """Escape a value for a DN (RFC 4514, 2.4): all but harmless characters become pairs of hex digits."""
    plain = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@._-"
    return "".join(chr(byte) if byte in plain else f"\\{byte:02x}" for byte in text.encode())


def _is_right(connection: Connection, dn: str, password: str) -> bool:
    code = bind(connection, dn, password)
    if code == results.RESULT_SUCCESS:
        return True
    if code in REFUSED:
        return False
    raise _EntryError(f"[auth.ldap]: a bind ended with {connection.result['description']}.")


def _search(
    connection: Connection, base: str, wanted: str, scope: Literal["BASE", "SUBTREE"], attribute: str
) -> list[tuple[str, tuple[str, ...]]]:
    """Return DN and addresses of at most two entries: two are enough to see that there is more than one."""
    connection.search(base, wanted, search_scope=scope, attributes=[attribute], size_limit=2)
    code = connection.result["result"]
    if code not in (results.RESULT_SUCCESS, results.RESULT_SIZE_LIMIT_EXCEEDED):
        if scope == "BASE":
            return []
        raise DirectoryError(f"[auth.ldap]: a search ended with {connection.result['description']}.")
    entries = [entry for entry in connection.response or () if entry["type"] == "searchResEntry"]
    if code == results.RESULT_SIZE_LIMIT_EXCEEDED and len(entries) < 2:
        raise DirectoryError("[auth.ldap]: a search was cut short.")
    return [(entry["dn"], _values(entry["raw_attributes"], attribute)) for entry in entries]


def _values(attributes: dict[str, list[bytes]], wanted: str) -> tuple[str, ...]:
    # Names of attributes are compared without case (RFC 4512, 2.5), and may have options ("mail;lang-en").
    return tuple(
        value.decode("utf-8", "replace")
        for name, values in attributes.items()
        if name.partition(";")[0].lower() == wanted.lower()
        for value in values
    )
