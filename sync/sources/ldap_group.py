"""Reads the subscribers from a group of an LDAP directory."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ldap3 import BASE, SUBTREE, Connection
from ldap3.core.results import RESULT_NO_SUCH_OBJECT, RESULT_REFERRAL, RESULT_SIZE_LIMIT_EXCEEDED, RESULT_SUCCESS
from ldap3.utils.conv import escape_filter_chars

from radicale_tldops.login.deadline import Deadline
from radicale_tldops.login.directory import close, connect, explained
from radicale_tldops.roster.errors import DirectoryError, SettingsError
from radicale_tldops.settings import DirectorySettings, LdapGroupSettings
from sync.sources.dn import dn_key
from sync.sources.group_entry import MEMBERS, OF_GROUPS, is_group, members, next_part, text
from sync.sources.subscribers import ListError, ListFault, Subscriber, Subscribers, asked_now, subscriber

SECTION = "subscribers.ldap"

DEADLINE_SECONDS = 60
"""Longest time in seconds for all questions of one command to the directory."""

PAGE_SIZE = 500
"""Most entries of one answer (RFC 2696)."""

UID = "uid"
"""The attribute of a person that a memberUid names (RFC 2307)."""

_PAGED_RESULTS = "1.2.840.113556.1.4.319"
"""The control of RFC 2696."""

_UIDS_AT_ONCE = 100

Entry = tuple[str, Mapping[str, Sequence[bytes]]]
"""A DN, and its attributes by name in lower case."""


@dataclass(frozen=True, slots=True)
class LdapGroup:
    """One group of a directory. `now` is recorded as the time of the answer."""

    directory: DirectorySettings
    settings: LdapGroupSettings
    now: datetime
    page_size: int = PAGE_SIZE

    @property
    def name(self) -> str:
        """The DN of the group, as messages and the history show it."""
        return self.settings.group

    def fetch(self, *, delivery: bool = False) -> Subscribers:
        """Return the members of the group, one subscriber for each address. `delivery` has no effect."""
        if not self.settings.group:
            raise SettingsError(f"[{SECTION}] has no `group`: set it to the DN of the group.")
        try:
            connection = connect(self.directory)
            try:
                deadline = Deadline(DEADLINE_SECONDS)
                group = _GroupReader(connection, self.directory, self.settings, self.page_size, deadline)
                return asked_now(group.people(), self.name, self.now)
            finally:
                close(connection)
        except DirectoryError as error:
            fault = ListFault.TIMEOUT if "in time" in str(error) else ListFault.UNREACHABLE
            raise ListError(fault, f"the LDAP group could not be read: {error} Check [ldap] and [{SECTION}].") from None


@dataclass(frozen=True, slots=True)
class _GroupReader:
    """Reads one group over one connection."""

    connection: Connection
    directory: DirectorySettings
    settings: LdapGroupSettings
    page_size: int
    deadline: Deadline

    def people(self) -> Sequence[Subscriber]:
        """Return every member of the group.

        Raises:
            ListError: the group has no members, or a member cannot be found or has no address.
        """
        dns, uids = members(self._group())
        ignored = {dn_key(name) for name in self.settings.ignore} | set(self.settings.ignore)
        wanted_dns = [dn for dn in dns if dn_key(dn) not in ignored]
        wanted_uids = [uid for uid in uids if uid not in ignored]
        if not dns and not uids:
            raise ListError(
                ListFault.EMPTY,
                f"{self.settings.group}: the answer has no member. Check the group, and whether {self._who()} may "
                "read its members.",
            )
        if wanted_uids and not self.settings.people_base:
            raise SettingsError(f"[{SECTION}] the group is a posixGroup: set `people_base` to the DN above its people.")
        entries = [*self._by_dn(wanted_dns), *self._by_uid(wanted_uids)]
        return [person for entry in entries for person in self._addresses(entry)]

    def _group(self) -> Mapping[str, Sequence[bytes]]:
        found = list(self._search(self.settings.group, BASE, "(objectClass=*)", MEMBERS))
        if len(found) != 1:
            raise ListError(
                ListFault.UNKNOWN, f"{self.settings.group}: {self._who()} cannot see this group. Check `group`."
            )
        attributes = found[0][1]
        in_parts = {name.partition(";")[0] for name in attributes if ";range=" in name}
        return {**attributes, **{name: self._whole(name, attributes) for name in in_parts}}

    def _whole(self, name: str, attributes: Mapping[str, Sequence[bytes]]) -> Sequence[bytes]:
        """Return all values of an attribute that Active Directory sends in parts, from the first part on."""
        values, is_last = next_part(attributes, name, 0, self.settings.group)
        while not is_last:
            wanted = (f"{name};range={len(values)}-*",)
            found = list(self._search(self.settings.group, BASE, "(objectClass=*)", wanted))
            more, is_last = next_part(found[0][1] if found else {}, name, len(values), self.settings.group)
            values = [*values, *more]
        return values

    def _by_dn(self, dns: Sequence[str]) -> Iterator[Entry]:
        known: dict[object, Entry] = {}
        if dns and self.settings.people_base:
            query = f"({self.directory.mail_attribute}=*)"
            known = {dn_key(entry[0]): entry for entry in self._search(self.settings.people_base, SUBTREE, query)}
        for dn in dns:
            entry = known.get(dn_key(dn))
            found = [entry] if entry else list(self._search(dn, BASE, "(objectClass=*)"))
            if len(found) != 1:
                what = f"{self._who()} cannot see the entry of its member {dn!r}. Take it out of the group"
                raise _unusable(f"{self.settings.group}: {what}")
            yield found[0]

    def _by_uid(self, uids: Sequence[str]) -> Iterator[Entry]:
        attribute, base = UID, self.settings.people_base
        found: dict[str, list[Entry]] = {uid: [] for uid in uids}
        for start in range(0, len(uids), _UIDS_AT_ONCE):
            some = uids[start : start + _UIDS_AT_ONCE]
            query = "(|" + "".join(f"({attribute}={escape_filter_chars(uid)})" for uid in some) + ")"
            for entry in self._search(base, SUBTREE, query):
                for uid in map(text, entry[1].get(attribute.lower(), ())):
                    if uid in found:
                        found[uid].append(entry)
        for uid, entries in found.items():
            if len(entries) != 1:
                count = f"{len(entries)} entries have" if entries else "no entry has"
                what = f"{count} the {attribute} {uid!r} below {base}. Correct the entries of this member"
                raise _unusable(f"{self.settings.group}: {what}")
            yield entries[0]

    def _addresses(self, entry: Entry) -> Sequence[Subscriber]:
        dn, attributes = entry
        if not attributes.get("objectclass"):
            what = f"{self._who()} cannot read the objectClass of this member, which shows whether it is a group"
            raise _unusable(f"{dn}: {what}. Allow it to be read")
        if is_group(attributes):
            what = f"this member of {self.settings.group} is a group, and groups inside groups are not read"
            raise _unusable(f"{dn}: {what}. Put its people into the group")
        addresses = [text(value) for value in attributes.get(self.directory.mail_attribute.lower(), ())]
        if not addresses:
            what = f"{self._who()} cannot see a {self.directory.mail_attribute} of this member. Add an address"
            raise _unusable(f"{dn}: {what}")
        names = attributes.get("cn", ())
        name = text(names[0]) if names else ""
        return [subscriber(address, dn, name=name, entry=dn) for address in addresses]

    def _search(self, base: str, scope: Any, query: str, attributes: Sequence[str] = ()) -> Iterator[Entry]:
        """Yield the entries of a search, which the directory sends in pages (RFC 2696)."""
        of_people = {"objectClass", "cn", self.directory.mail_attribute, UID, *OF_GROUPS}
        wanted = list(attributes or of_people)
        cookie: bytes | None = None
        while True:
            entries, cookie = self._page(base, scope, query, wanted, cookie)
            yield from entries
            if not cookie:
                return

    def _page(
        self, base: str, scope: Any, query: str, wanted: Sequence[str], cookie: bytes | None
    ) -> tuple[Sequence[Entry], bytes | None]:
        """Return the entries of one page and the cookie of the next page; no entries where `base` does not exist."""
        try:
            self.deadline.left()
        except TimeoutError:
            reason = f"{self.settings.group}: the directory did not send all entries within {DEADLINE_SECONDS} seconds."
            raise ListError(ListFault.TIMEOUT, reason) from None
        with explained(base):
            size = self.page_size
            self.connection.search(base, query, scope, attributes=wanted, paged_size=size, paged_cookie=cookie)
            result: Mapping[str, Any] = self.connection.result
            response = list(self.connection.response or ())
            entries = [_entry(item) for item in response if item["type"] == "searchResEntry"]
            control = result.get("controls", {}).get(_PAGED_RESULTS)
            following = control["value"]["cookie"] if control else None
        if result["result"] == RESULT_NO_SUCH_OBJECT:
            return (), None
        self._check(base, result)
        if len(entries) != len(response):
            raise self._referred(base)
        return entries, following

    def _check(self, base: str, result: Mapping[str, Any]) -> None:
        code = result["result"]
        if code == RESULT_REFERRAL:
            raise self._referred(base)
        if code == RESULT_SIZE_LIMIT_EXCEEDED:
            raise ListError(
                ListFault.CUT_OFF,
                f"{base}: the directory's size limit cut off the answer. Raise the limit for {self._who()} above "
                f"{self.page_size}.",
            )
        if code != RESULT_SUCCESS:
            raise ListError(
                ListFault.REFUSED, f"{base}: the directory answered {result['description']!r} to {self._who()}."
            )

    def _referred(self, base: str) -> ListError:
        return ListError(
            ListFault.CUT_OFF,
            f"{base}: the directory refers to another server for a part of the answer. That server is not asked. "
            "Name a server with the whole answer under `servers` in [ldap].",
        )

    def _who(self) -> str:
        return self.directory.bind_dn or "an anonymous user (bind_dn is not set)"


def _unusable(what: str) -> ListError:
    """Return the error for a member without an address that can be used."""
    return ListError(ListFault.ANSWER, f"{what}, or name it under `ignore` in [{SECTION}].")


def _entry(found: Mapping[str, Any]) -> Entry:
    raw: Mapping[str, Sequence[bytes]] = found["raw_attributes"]
    return str(found["dn"]), {name.lower(): values for name, values in raw.items()}
