"""Whether a password is somebody's at the directory, and which addresses that person has there.

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

from radicale_tldops.login.directory import bind, close, connect, explained
from radicale_tldops.roster.errors import DirectoryError, SettingsError, UnavailableError
from radicale_tldops.roster.login import MAX_LOGIN, canonical_login
from radicale_tldops.settings import DirectorySettings, LdapLoginSettings

LOGIN_SECONDS = 3.0
"""How long a login may take, with the servers that do not answer."""

MAX_BINDS = 2
"""Most threads that ask the directory at the same time."""

MAX_WAITING = 4
"""How many more wait for their turn; any others are sent away at once. A client's connections come all together."""

WAIT_SECONDS = 1.0
"""How long they wait."""

REST_SECONDS = 5.0
"""How long the directory is not asked after it could not be."""

_PLACE = "{login}"

# Nobody's password: what a login that does not exist is tried with, so that it costs what one that does exist costs.
_NOBODY = "nobody has this password"

_WRONG = frozenset(
    {
        results.RESULT_INVALID_CREDENTIALS,
        results.RESULT_NO_SUCH_OBJECT,
        results.RESULT_INAPPROPRIATE_AUTHENTICATION,
        results.RESULT_INSUFFICIENT_ACCESS_RIGHTS,
        results.RESULT_UNWILLING_TO_PERFORM,
        results.RESULT_CONSTRAINT_VIOLATION,
        results.RESULT_INVALID_DN_SYNTAX,
    }
)
"""What a server answers to a bind that is refused for the person's sake: wrong, unknown, expired or locked."""


class LdapLogin:
    """Logins at one directory. Safe for threads.

    Raises:
        SettingsError: the settings do not say how the person's entry is found.
    """

    def __init__(
        self,
        directory: DirectorySettings,
        settings: LdapLoginSettings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not directory.servers:
            raise SettingsError("[auth.ldap] needs a directory: set servers in [ldap].")
        if bool(settings.people_base) == bool(settings.dn_template):
            raise SettingsError("[auth.ldap] needs people_base, where people are looked for, or dn_template; not both.")
        self._directory, self._settings = directory, settings
        self._clock = clock
        self._turn = threading.Condition()
        self._asking = self._waiting = 0
        self._is_failing = False
        self._rest_until = float("-inf")

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Wait briefly for the right to ask.

        Raises:
            UnavailableError: the directory rests after a failure, or too many ask already.
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
        """Return the person's addresses as the directory spells them, or None where login or password are wrong.

        `login` comes from `typed_login`. It takes at most `LOGIN_SECONDS`, whatever the servers do.

        Raises:
            DirectoryError: the directory could not be asked; it then rests for `REST_SECONDS`.
        """
        try:
            with explained("[auth.ldap]"):
                connection = connect(self._directory, within=LOGIN_SECONDS)
                try:
                    found = self._ask(connection, login, password)
                finally:
                    close(connection)
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
            raise UnavailableError("the directory could not be asked a moment ago", left)

    def _ask(self, connection: Connection, login: str, password: str) -> tuple[str, ...] | None:
        settings = self._settings
        if settings.dn_template:
            dn = settings.dn_template.replace(_PLACE, escape_rdn_value(login))
            if not _is_right(connection, dn, password):
                return None
            # Who may bind and not read has no address: that is this person's matter, and no failure of the directory.
            itself = _search(connection, dn, "(objectClass=*)", "BASE", self._directory.mail_attribute)
            return itself[0][1] if itself else ()
        wanted = settings.filter.replace(_PLACE, escape_filter_chars(login))
        found = _search(connection, settings.people_base, wanted, "SUBTREE", self._directory.mail_attribute)
        if len(found) != 1:
            # Nobody, or more than one: not to be told from a wrong password, nor by the number of requests it takes.
            _is_right(connection, f"cn=nobody,{settings.people_base}", _NOBODY)
            return None
        dn, addresses = found[0]
        return addresses if _is_right(connection, dn, password) else None


def typed_login(name: str) -> str:
    """Return the one spelling of what was typed as login: canonical where it is an address, else NFKC and folded.

    "" stands for what can be no login: empty, too long, or with characters that do not show.
    """
    if not 0 < len(name) <= MAX_LOGIN:
        return ""
    if any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for char in name):
        return ""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    # An "@" that only appears by folding is in no address, and must not make one.
    return canonical_login(name) if "@" in folded else " ".join(folded.split())


def escape_rdn_value(text: str) -> str:
    """Escape a value for a DN (RFC 4514, 2.4): everything but what can mean nothing there, as pairs of hex digits."""
    plain = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@._-"
    return "".join(chr(byte) if byte in plain else f"\\{byte:02x}" for byte in text.encode())


def _is_right(connection: Connection, dn: str, password: str) -> bool:
    code = bind(connection, dn, password)
    if code == results.RESULT_SUCCESS:
        return True
    if code in _WRONG:
        return False
    raise DirectoryError(f"[auth.ldap]: a bind ended with {connection.result['description']}.")


def _search(
    connection: Connection, base: str, wanted: str, scope: Literal["BASE", "SUBTREE"], attribute: str
) -> list[tuple[str, tuple[str, ...]]]:
    """Return DN and addresses of at most two entries: whether there is more than one is all that matters."""
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
    # Names of attributes have no case (RFC 4512, 2.5), and may come with options ("mail;lang-en").
    return tuple(
        value.decode("utf-8", "replace")
        for name, values in attributes.items()
        if name.partition(";")[0].lower() == wanted.lower()
        for value in values
    )
