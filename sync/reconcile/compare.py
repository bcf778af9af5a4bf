"""Where the list and the membership file disagree, and what to do about each case.

A pure function of both. The membership file says who the contacts are, and the list who reads: neither is changed to
follow the other unless somebody decides so.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from radicale_tldops.roster.contact import Contact, name_key
from radicale_tldops.roster.login import canonical_domain, canonical_login
from sync.problems import Origin
from sync.sources.subscribers import Delivery, Role, Subscriber
from sync.vet import Vetted


class Situation(StrEnum):
    """How the list and the file stand to each other about one person or address."""

    NOT_ON_LIST = "not-on-list"
    OTHER_ADDRESS = "other-address"
    NOT_IN_FILE = "not-in-file"
    TWICE = "twice"
    NO_DELIVERY = "no-delivery"
    BOUNCING = "bouncing"


class Do(StrEnum):
    """What can be done: the first two on the list, and so by `--apply`; the others by hand."""

    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"
    CHANGE_FILE = "change-file"
    ADD_TO_FILE = "add-to-file"
    WAIVE = "waive"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do with one address, and in words how; `name` is what a new subscriber is called."""

    do: Do
    address: str
    how: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A person or an address about which list and file disagree.

    `actions` lead to agreement in the file's way; `instead` are the other ways out. Without `actions` it is merely
    to be known.
    """

    situation: Situation
    name: str
    served: str
    addresses: tuple[str, ...]
    on_list: tuple[str, ...]
    detail: str = ""
    origins: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    instead: tuple[Action, ...] = ()

    @property
    def logins(self) -> frozenset[str]:
        """Every address that it concerns, in canonical form."""
        return frozenset(map(canonical_login, (*self.addresses, *self.on_list)))


def reconcile(
    vetted: Vetted,
    subscribers: Sequence[Subscriber],
    readers: Mapping[str, str],
    denied: Collection[str] = (),
) -> tuple[Finding, ...]:
    """Compare the people of the file with the addresses on the list.

    `readers` are the configured readers who are no SSCs, `denied` the logins that may not read whatever the list says:
    nobody denied is to be subscribed before that is settled.
    """
    people = sorted((*vetted.contacts, *vetted.unlisted), key=lambda one: one[1])
    index = _Index(subscribers, [contact for contact, _ in people])
    found: list[Finding] = []
    explained = set(readers) | _broken(vetted)
    for contact, _ in people:
        explained.update(contact.logins)
    # Who is recognised by name must not be somebody whom the file explains otherwise.
    strangers = {one.login for one in subscribers} - explained
    for contact, origins in people:
        by_address = index.with_login(contact.logins)
        by_name = index.of(contact, strangers)
        explained.update(one.login for one in by_name)
        found += _person(contact, origins, by_address, by_name)
    unknown = [one for one in subscribers if one.login not in explained and not index.entry_is_in(one, explained)]
    found += [_stranger(one) for one in _distinct(unknown)]
    listed = {one.login for one in subscribers}
    found += [_absent(login, reason) for login, reason in readers.items() if login not in listed]
    known = {login: contact for contact, _ in people for login in contact.logins}
    silent = [one for one in subscribers if one.delivery is not Delivery.ENABLED or one.bounces]
    found += [_undelivered(one, known.get(one.login)) for one in silent]
    order = list(Situation)
    settled = (_settle_denied(one, denied) for one in found)
    return tuple(sorted(settled, key=lambda one: (order.index(one.situation), one.served, one.name, one.addresses)))


class _Index:
    """The subscribers, by everything that identifies one; `people` are those who may be behind a name."""

    def __init__(self, subscribers: Iterable[Subscriber], people: Sequence[Contact]) -> None:
        names = [name_key(contact.name) for contact in people]
        self._shared = {name for name in names if names.count(name) > 1}
        self._by_login: dict[str, Subscriber] = {}
        self._by_name: dict[str, list[Subscriber]] = {}
        self._by_entry: dict[str, list[Subscriber]] = {}
        for one in subscribers:
            # As a member rather than as an owner, where somebody is both.
            if one.login not in self._by_login or one.role is Role.MEMBER:
                self._by_login[one.login] = one
            if one.entry:
                self._by_entry.setdefault(one.entry, []).append(one)
        for one in self._by_login.values():
            if one.name:
                self._by_name.setdefault(name_key(one.name), []).append(one)

    def with_login(self, logins: Iterable[str]) -> list[Subscriber]:
        """Return the subscribers with one of these logins, in that order."""
        return [self._by_login[login] for login in logins if login in self._by_login]

    def of(self, contact: Contact, among: Collection[str]) -> list[Subscriber]:
        """Return those of `among` who have the person's name: with one of the ccTLDs, or alone where it is unique."""
        served, name = {label for label, _ in contact.slots}, name_key(contact.name)
        return [
            one
            for one in self._by_name.get(name, ())
            if one.login in among
            and (served & {_label(text) for text in one.cctlds} if one.cctlds else name not in self._shared)
        ]

    def entry_is_in(self, subscriber: Subscriber, logins: Collection[str]) -> bool:
        """Tell whether the entry of the source that holds the address holds one of `logins`, too."""
        return any(one.login in logins for one in self._by_entry.get(subscriber.entry, ()))


def _person(
    contact: Contact, origins: tuple[Origin, ...], by_address: Sequence[Subscriber], by_name: Sequence[Subscriber]
) -> list[Finding]:
    """Return what is to be said of one person of the file."""
    listed = {canonical_login(address) for address in contact.listed}
    there = [one for one in by_address if one.login in listed]
    others = [*(one for one in by_address if one.login not in listed), *by_name]
    missing = [address for address in contact.listed if canonical_login(address) not in {one.login for one in there}]
    base = Finding(
        Situation.TWICE,
        contact.name,
        contact.served,
        contact.emails,
        tuple(one.address for one in (*there, *others)),
        origins=tuple(f"{origin.file.rpartition('/')[2]}:{origin.line}" for origin in origins),
    )
    file = base.origins[0]
    if there and others:
        detail = f"by {_reason(others[0], by_address)}"
        return [
            replace(
                base,
                detail=detail,
                actions=tuple(_leave(one, "keep one subscription") for one in others),
                instead=tuple(
                    Action(Do.CHANGE_FILE, one.address, f"or keep both: add a second entry for it beside {file}")
                    for one in others
                ),
            )
        ]
    if others:
        return [
            replace(
                base,
                situation=Situation.OTHER_ADDRESS,
                detail=f"the list has {others[0].address}, by {_reason(others[0], by_address)}",
                actions=(
                    *(_join(address, contact) for address in missing),
                    *(_leave(one, "once the other is subscribed") for one in others),
                ),
                instead=(
                    Action(
                        Do.CHANGE_FILE,
                        others[0].address,
                        f"or make {others[0].address} the list address in {file}",
                    ),
                ),
            )
        ]
    if not missing:
        return []
    how = "or take that address out of the membership file" if there else f"or, if the contact has left: delete {file}"
    return [
        replace(
            base,
            situation=Situation.NOT_ON_LIST,
            detail=f"on it with {there[0].address} alone" if there else "",
            actions=tuple(_join(address, contact) for address in missing),
            instead=(Action(Do.CHANGE_FILE, missing[0], how),),
        )
    ]


def _reason(subscriber: Subscriber, by_address: Sequence[Subscriber]) -> str:
    return "the out-of-band address" if subscriber in by_address else f"the name {subscriber.name}"


def _join(address: str, contact: Contact) -> Action:
    return Action(Do.SUBSCRIBE, address, f"subscribe {address}", contact.name)


def _leave(one: Subscriber, why: str = "") -> Action:
    if one.role is not Role.MEMBER:
        return Action(Do.ASK, one.address, f"{one.address} is an {one.role} of the list: decide by hand")
    return Action(Do.UNSUBSCRIBE, one.address, f"unsubscribe {one.address}" + (f" ({why})" if why else ""))


def _stranger(one: Subscriber) -> Finding:
    waive = Action(Do.WAIVE, one.address, f'or, for a reader who is no SSC: "{one.login}" = "why", under [readers]')
    add = Action(Do.ADD_TO_FILE, one.address, "or add the contact to the membership file")
    leave = _leave(one)
    return Finding(
        Situation.NOT_IN_FILE,
        one.name,
        " ".join(f".{label}" for label in one.cctlds),
        (),
        (one.address,),
        detail="" if one.role is Role.MEMBER else f"{one.role} of the list",
        actions=(leave,),
        instead=(add, waive),
    )


def _absent(login: str, reason: str) -> Finding:
    """Return what is to be said of a configured reader who is not on the list, and so has no login."""
    return Finding(
        Situation.NOT_ON_LIST,
        "",
        "",
        (login,),
        (),
        detail=f"a reader of [readers]: {reason}",
        actions=(Action(Do.SUBSCRIBE, login, f"subscribe {login}"),),
        instead=(Action(Do.WAIVE, login, "or take the address out of [readers]"),),
    )


def _undelivered(one: Subscriber, contact: Contact | None) -> Finding:
    """Return what is to be said of an address that the list's mail does not reach, or hardly.

    `contact` is the person of the file with this address, whose name goes before what the list calls it.
    """
    stopped = one.delivery is not Delivery.ENABLED
    bounces = f"bounce score {one.bounces}" if one.bounces else ""
    detail = ", ".join(part for part in (f"delivery stopped {one.delivery}" if stopped else "", bounces) if part)
    # No question to a person who stopped the delivery. A full mailbox often works again without help.
    ask = Action(
        Do.ASK, one.address, f"ask by another way, then correct the address or enable delivery of {one.address}"
    )
    dead = one.delivery is Delivery.BY_BOUNCES
    situation = Situation.NO_DELIVERY if stopped else Situation.BOUNCING
    return Finding(
        situation,
        contact.name if contact else one.name,
        contact.served if contact else " ".join(f".{label}" for label in one.cctlds),
        (),
        (one.address,),
        detail=detail,
        actions=(ask,) if dead else (),
    )


def _settle_denied(finding: Finding, denied: Collection[str]) -> Finding:
    """Take the subscription of somebody denied out of what is to be done."""
    barred = sorted(finding.logins & frozenset(denied))
    if not barred or not any(action.do is Do.SUBSCRIBE for action in finding.actions):
        return finding
    ask = Action(Do.ASK, barred[0], f"{barred[0]} is denied: settle that first (`tldops access list`)")
    return replace(finding, actions=(ask,))


def _distinct(unknown: Iterable[Subscriber]) -> list[Subscriber]:
    """Return each address once, as a member where it is one."""
    by_login: dict[str, Subscriber] = {}
    for one in unknown:
        if one.login not in by_login or one.role is Role.MEMBER:
            by_login[one.login] = one
    return list(by_login.values())


def _broken(vetted: Vetted) -> set[str]:
    """Return the logins of records that are in the file and broken: nobody knows yet what they say."""
    return set(vetted.listed) | {login for one in vetted.broken for login in (*one.listed, *one.out_of_band)}


def _label(text: str) -> str:
    try:
        return canonical_domain(text.strip(". "))
    except UnicodeError:
        return text
