"""Who is meant by what somebody typed: any part of a name, a ccTLD, an address, a number, an organisation, a UID."""

import re
from collections.abc import Callable, Mapping, Sequence

from radicale_tldops.roster.cctld import Cctld, Delegations
from radicale_tldops.roster.contact import name_key
from radicale_tldops.roster.folding import folded, number_digits
from radicale_tldops.roster.login import canonical_login
from sync.people.person import Person

_NUMBER = re.compile(r"\+?[\d\s()./-]+")
_MIN_DIGITS = 4
"""So many digits are a part of a telephone number; fewer stand in too many of them."""
_MIN_UID = 8
_SHORT = 2
"""A word of so few letters is a ccTLD where it can be one."""


def find(people: Sequence[Person], typed: str, known: Delegations, countries: Mapping[str, str]) -> list[Person]:
    """Return the people who are meant, in their order.

    A whole address, name or UID means its owner alone. Else every word has to be found: a ccTLD among those that are
    served, digits in a number, any other word in name, organisation, address, ccTLD or country. `countries` are the
    names of countries by A-label.
    """
    text = " ".join(typed.split())
    if not text:
        return []
    login, name = canonical_login(text), name_key(text)
    exact = [p for p in people if login in p.contact.logins or name_key(p.contact.name) == name or p.uid == text]
    if exact:
        return exact
    if _NUMBER.fullmatch(text) and len(digits := number_digits(text)) >= _MIN_DIGITS:
        return [person for person in people if any(digits in number for number in _numbers(person))]
    texts = _texts(people, countries)
    tests = [_word(word, known) for word in text.split()]
    found = [person for person, own in zip(people, texts, strict=True) if all(test(person, own) for test in tests)]
    if found or not any(_cctld(word, known) for word in text.split()):
        return found
    # A short word that is the label of a ccTLD may be a part of a name: "de Vries".
    words = [folded(word) for word in text.split()]
    return [person for person, own in zip(people, texts, strict=True) if all(word in own for word in words)]


def _word(word: str, known: Delegations) -> Callable[[Person, str], bool]:
    """Return the test whether a person, with the text in which they are searched, has this word."""
    cctld = _cctld(word, known)
    if cctld is not None:
        return lambda person, _: cctld in person.contact.cctlds
    plain = folded(word)
    if len(plain) >= _MIN_UID and re.fullmatch(r"[0-9a-f-]+", plain):
        return lambda person, own: person.uid.startswith(plain) or plain in own
    return lambda _, own: plain in own


def _cctld(word: str, known: Delegations) -> Cctld | None:
    """Return the ccTLD that a word names: with a dot, as an A-label, of two letters, or of a script of its own."""
    is_label = word.startswith(".") or len(word) <= _SHORT or not word.isascii() or word.lower().startswith("xn--")
    return known.known(word) if is_label else None


def _texts(people: Sequence[Person], countries: Mapping[str, str]) -> list[str]:
    """Return the words in which each person is searched, folded in one go: ten times as fast as one by one."""
    return folded("\n".join(_text(person, countries) for person in people)).split("\n")


def _text(person: Person, countries: Mapping[str, str]) -> str:
    contact = person.contact
    labels = (f"{cctld.dotted} .{cctld.a_label} {countries.get(cctld.a_label, '')}" for cctld in contact.cctlds)
    return " ".join((contact.name, contact.organisation, *contact.emails, contact.signal, contact.matrix, *labels))


def _numbers(person: Person) -> list[str]:
    contact = person.contact
    return [re.sub(r"\D", "", text) for text in (*(p.number for p in contact.phones), contact.signal, contact.whatsapp)]
