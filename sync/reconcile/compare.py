"""Where the list and the membership file disagree, and what to do about each case.

A pure function of both. The membership file says who the contacts are, and the list who may read. Neither is changed
to agree with the other unless a person decides so.
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
    """In which way the list and the file disagree about one person or address."""

    NOT_ON_LIST = "not-on-list"
    OTHER_ADDRESS = "other-address"
    NOT_IN_FILE = "not-in-file"
    TWICE = "twice"
    NO_DELIVERY = "no-delivery"
    BOUNCING = "bouncing"


class Do(StrEnum):
    """What can be done: the first two change the list, and `--apply` can do them; the others are done by hand."""

    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"
    CHANGE_FILE = "change-file"
    ADD_TO_FILE = "add-to-file"
    WAIVE = "waive"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do with one address; `how` says it in words, `name` is the name of a new subscriber."""

    do: Do
    address: str
    how: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A person or an address about which list and file disagree.

    `actions` change the list to agree with the file; `instead` are the alternatives. Without `actions`, nothing has to
    be done.
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
    vetted: Vetted, subscribers: Sequence[Subscriber], readers: Mapping[str, str], denied: Collection[str] = ()
) -> tuple[Disagreement, ...]:
    """Compare the people of the file with the addresses on the list.

    `readers` are the configured readers who are no SSCs, `denied` the logins that may not read whatever the list says:
    a denied login is not subscribed before that is settled.
    """
    people = sorted((*vetted.contacts, *vetted.unlisted), key=lambda person: person[1])
    index = _Index(subscribers, [contact for contact, _ in people])
    found: list[Disagreement] = []
    explained = set(readers) | _broken(vetted)
    for contact, _ in people:
        explained.update(contact.logins)
    # A name matches only subscribers whose address the file does not explain.
    strangers = {subscriber.login for subscriber in subscribers} - explained
    for contact, origins in people:
        by_address = index.with_login(contact.logins)
        by_name = index.of(contact, strangers)
        explained.update(subscriber.login for subscriber in by_name)
        disagreement = _person(contact, origins, by_address, by_name)
        found += [disagreement] if disagreement else []
    unknown = [
        subscriber
        for subscriber in subscribers
        if subscriber.login not in explained and not index.entry_is_in(subscriber, explained)
    ]
    found += [_stranger(subscriber) for subscriber in _by_login(unknown).values()]
    listed = {subscriber.login for subscriber in subscribers}
    found += [_absent(login, reason) for login, reason in readers.items() if login not in listed]
    known = {login: contact for contact, _ in people for login in contact.logins}
    silent = [
        subscriber for subscriber in subscribers if subscriber.delivery is not Delivery.ENABLED or subscriber.bounces
    ]
    found += [_undelivered(subscriber, known.get(subscriber.login)) for subscriber in silent]
    settled = [_settle_denied(disagreement, denied) for disagreement in found]
    order = list(Situation).index
    return tuple(sorted(settled, key=lambda found: (order(found.situation), found.served, found.name, found.addresses)))


class _Index:
    """The subscribers by login, name and entry; `people` are the people who may have a subscriber's name."""

    def __init__(self, subscribers: Sequence[Subscriber], people: Sequence[Contact]) -> None:
        names = [name_key(contact.name) for contact in people]
        self._shared = {name for name in names if names.count(name) > 1}
        self._by_login = _by_login(subscribers)
        self._by_name: dict[str, list[Subscriber]] = {}
        self._by_entry: dict[str, list[Subscriber]] = {}
        for subscriber in subscribers:
            if subscriber.entry:
                self._by_entry.setdefault(subscriber.entry, []).append(subscriber)
        for subscriber in self._by_login.values():
            if subscriber.name:
                self._by_name.setdefault(name_key(subscriber.name), []).append(subscriber)

    def with_login(self, logins: Iterable[str]) -> list[Subscriber]:
        """Return the subscribers with one of these logins, in that order."""
        return [self._by_login[login] for login in logins if login in self._by_login]

    def of(self, contact: Contact, among: Collection[str]) -> list[Subscriber]:
        """Return those of `among` with the person's name, and with one of the ccTLDs or a name that nobody shares."""
        served, name = {label for label, _ in contact.slots}, name_key(contact.name)
        return [
            subscriber
            for subscriber in self._by_name.get(name, ())
            if subscriber.login in among
            and (
                served & {_label(text) for text in subscriber.cctlds} if subscriber.cctlds else name not in self._shared
            )
        ]

    def entry_is_in(self, subscriber: Subscriber, logins: Collection[str]) -> bool:
        """Tell whether the entry of the source that holds the address also holds one of `logins`."""
        return any(subscriber.login in logins for subscriber in self._by_entry.get(subscriber.entry, ()))


def _person(
    contact: Contact, origins: tuple[Origin, ...], by_address: Sequence[Subscriber], by_name: Sequence[Subscriber]
) -> Disagreement | None:
    """Return what list and file disagree about in one person of the file, or None."""
    listed = {canonical_login(address) for address in contact.listed}
    there = [subscriber for subscriber in by_address if subscriber.login in listed]
    others = [*(subscriber for subscriber in by_address if subscriber.login not in listed), *by_name]
    found = {subscriber.login for subscriber in there}
    missing = [address for address in contact.listed if canonical_login(address) not in found]
    base = Disagreement(
        Situation.TWICE,
        contact.name,
        contact.served,
        contact.emails,
        tuple(subscriber.address for subscriber in (*there, *others)),
        origins=tuple(f"{origin.file.rpartition('/')[2]}:{origin.line}" for origin in origins),
    )
    by = ""
    if others:
        by = "by the out-of-band address" if others[0] in by_address else f"by the name {others[0].name}"
    join = tuple(Action(Do.SUBSCRIBE, address, f"subscribe {address}", contact.name) for address in missing)
    if there and others:
        return _twice(replace(base, detail=by), others)
    if others:
        return _elsewhere(replace(base, detail=f"the list has {others[0].address}, {by}"), others, join)
    return _not_on_list(base, there, join) if missing else None


def _twice(base: Disagreement, others: Sequence[Subscriber]) -> Disagreement:
    """Return what to do about a person who is on the list with other addresses, too."""
    keep = f"or keep both: add a second entry for it beside {base.origins[0]}"
    return replace(
        base,
        actions=tuple(_leave(subscriber, "keep one subscription") for subscriber in others),
        instead=tuple(Action(Do.CHANGE_FILE, subscriber.address, keep) for subscriber in others),
    )


def _elsewhere(base: Disagreement, others: Sequence[Subscriber], join: tuple[Action, ...]) -> Disagreement:
    """Return what to do about a person who is on the list only with other addresses."""
    address = others[0].address
    leave = tuple(_leave(subscriber, "once the other is subscribed") for subscriber in others)
    change = Action(Do.CHANGE_FILE, address, f"or make {address} the list address in {base.origins[0]}")
    return replace(base, situation=Situation.OTHER_ADDRESS, actions=(*join, *leave), instead=(change,))


def _not_on_list(base: Disagreement, there: Sequence[Subscriber], join: tuple[Action, ...]) -> Disagreement:
    """Return what to do about addresses of a person that are not on the list; `there` are those on it."""
    how = "or take that address out of the membership file"
    if not there:
        how = f"or, if the contact has left: delete {base.origins[0]}"
    return replace(
        base,
        situation=Situation.NOT_ON_LIST,
        detail=f"on it with {there[0].address} alone" if there else "",
        actions=join,
        instead=(Action(Do.CHANGE_FILE, join[0].address, how),),
    )


def _leave(subscriber: Subscriber, why: str = "") -> Action:
    if subscriber.role is not Role.MEMBER:
        how = f"{subscriber.address} is an {subscriber.role} of the list: decide by hand"
        return Action(Do.ASK, subscriber.address, how)
    how = f"unsubscribe {subscriber.address}" + (f" ({why})" if why else "")
    return Action(Do.UNSUBSCRIBE, subscriber.address, how)


def _stranger(subscriber: Subscriber) -> Disagreement:
    waive = Action(
        Do.WAIVE, subscriber.address, f'or, for a reader who is no SSC: "{subscriber.login}" = "why", under [readers]'
    )
    add = Action(Do.ADD_TO_FILE, subscriber.address, "or add the contact to the membership file")
    leave = _leave(subscriber)
    return Disagreement(
        Situation.NOT_IN_FILE,
        subscriber.name,
        " ".join(f".{label}" for label in subscriber.cctlds),
        (),
        (subscriber.address,),
        detail="" if subscriber.role is Role.MEMBER else f"{subscriber.role} of the list",
        actions=(leave,),
        instead=(add, waive),
    )


def _absent(login: str, reason: str) -> Disagreement:
    """Return the disagreement about a configured reader who is not on the list, and so has no login."""
    return Disagreement(
        Situation.NOT_ON_LIST,
        "",
        "",
        (login,),
        (),
        detail=f"a reader of [readers]: {reason}",
        actions=(Action(Do.SUBSCRIBE, login, f"subscribe {login}"),),
        instead=(Action(Do.WAIVE, login, "or take the address out of [readers]"),),
    )


def _undelivered(subscriber: Subscriber, contact: Contact | None) -> Disagreement:
    """Return the disagreement about an address to which the list sends no mail, or from which mail bounces.

    `contact` is the person of the file with this address; its name counts before the name on the list.
    """
    stopped = subscriber.delivery is not Delivery.ENABLED
    bounces = f"bounce score {subscriber.bounces}" if subscriber.bounces else ""
    detail = ", ".join(part for part in (f"delivery stopped {subscriber.delivery}" if stopped else "", bounces) if part)
    # A member who stopped delivery on purpose is left alone; a full mailbox is often emptied soon.
    ask = Action(
        Do.ASK,
        subscriber.address,
        f"ask by another way, then correct the address or enable delivery of {subscriber.address}",
    )
    dead = subscriber.delivery in (Delivery.BY_BOUNCES, Delivery.UNKNOWN)
    situation = Situation.NO_DELIVERY if stopped else Situation.BOUNCING
    return Disagreement(
        situation,
        contact.name if contact else subscriber.name,
        contact.served if contact else " ".join(f".{label}" for label in subscriber.cctlds),
        (),
        (subscriber.address,),
        detail=detail,
        actions=(ask,) if dead else (),
    )


def _settle_denied(finding: Disagreement, denied: Collection[str]) -> Disagreement:
    """Replace the actions that would subscribe a denied login by a question."""
    barred = sorted(finding.logins & frozenset(denied))
    if not barred or not any(action.do is Do.SUBSCRIBE for action in finding.actions):
        return finding
    ask = Action(Do.ASK, barred[0], f"{barred[0]} is denied: settle that first (`tldops access list`)")
    return replace(finding, actions=(ask,))


def _by_login(subscribers: Iterable[Subscriber]) -> dict[str, Subscriber]:
    """Return each login once: as a member, if it is a member and an owner."""
    by_login: dict[str, Subscriber] = {}
    for subscriber in subscribers:
        if subscriber.login not in by_login or subscriber.role is Role.MEMBER:
            by_login[subscriber.login] = subscriber
    return by_login


def _broken(vetted: Vetted) -> set[str]:
    """Return the logins of the broken records of the file."""
    return set(vetted.listed) | {login for record in vetted.broken for login in (*record.listed, *record.out_of_band)}


def _label(text: str) -> str:
    try:
        return canonical_domain(text.strip(". "))
    except UnicodeError:
        return text
