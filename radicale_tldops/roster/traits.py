"""Traits, by which a person is recognised: the addresses, and the name within each ccTLD."""

import hashlib
import re
import unicodedata

from radicale_tldops.roster.contact import Contact, name_key


def traits(contact: Contact) -> tuple[str, ...]:
    """Return every trait of a person. Two records that share one may be the same person."""
    return (*(address_trait(login) for login in contact.logins), *name_traits(contact))


def address_trait(login: str) -> str:
    """Return the trait of a canonical address."""
    return f"address {login}"


def address_digest(login: str) -> str:
    """Return the digest that is stored of a canonical list address, to know later whose it was."""
    return trait_digest(address_trait(login))


def name_traits(contact: Contact) -> tuple[str, ...]:
    """Return the traits of the name, one for each ccTLD."""
    return tuple(name_trait(label, contact.name) for label, _ in contact.slots)


def name_trait(label: str, name: str) -> str:
    """Return the trait of a name within the ccTLD with this A-label."""
    return f"name {label} {name_key(name)}"


# Words that two people share by chance: titles, suffixes and particles.
_COMMON = re.compile(
    "mr|mrs|ms|dr|prof|eng|ing|ir|jr|jnr|sr|snr|ii|iii|iv|esq|md|msc|phd|abu|af|al|ap|ben|bin|bint|da|das|de|degli|dei|del"
    "|della|den|der|des|di|do|dos|du|e|el|ibn|la|las|le|los|na|ten|ter|van|vom|von|y|zu|zum|zur"
)


def name_words(name: str) -> frozenset[str]:
    """Return the words of a name that tell people apart, without accents; all words where there are no others.

    Initials tell nobody apart, but one character is a word in scripts without upper case.
    """
    words = frozenset(re.findall(r"\w+", _bare(name)))
    telling = {
        word for word in words if not _COMMON.fullmatch(word) and (len(word) > 1 or word.upper() == word.lower())
    }
    return frozenset(telling) or words


def name_letters(name: str) -> str:
    """Return the letters of a name in one word, without accents; a syllable of Hangul is one letter."""
    return "".join(filter(str.isalpha, unicodedata.normalize("NFC", _bare(name))))


def _bare(name: str) -> str:
    """Return a name in lower case and without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c))


def word_digest(uid: str, word: str) -> str:
    """Return the digest that is stored of a word of the name of somebody who left."""
    return trait_digest(f"word {uid} {word}")


def departed_digests(uid: str, contact: Contact) -> tuple[str, ...]:
    """Return what is stored of somebody who left: digests of the traits, and of the words of the name."""
    words = (word_digest(uid, word) for word in sorted(name_words(contact.name)))
    return (*map(trait_digest, traits(contact)), *words)


def trait_digest(trait: str) -> str:
    """Return the digest that is stored of a trait after its person has left."""
    return hashlib.sha256(trait.encode()).hexdigest()
