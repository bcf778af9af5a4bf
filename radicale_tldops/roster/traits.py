"""Traits, by which a person is recognised: the addresses, and the name within each ccTLD."""

import hashlib

from radicale_tldops.roster.contact import Contact, name_key


def traits(contact: Contact) -> tuple[str, ...]:
    """Return every trait of a person. Two records that share one may be the same person."""
    return (*(address_trait(login) for login in contact.logins), *name_traits(contact))


def address_trait(login: str) -> str:
    """Return the trait of a canonical address."""
    return f"address {login}"


def name_traits(contact: Contact) -> tuple[str, ...]:
    """Return the traits of the name, one for each ccTLD."""
    return tuple(name_trait(label, contact.name) for label, _ in contact.slots)


def name_trait(label: str, name: str) -> str:
    """Return the trait of a name within the ccTLD with this A-label."""
    return f"name {label} {name_key(name)}"


def trait_digest(trait: str) -> str:
    """Return the digest that is stored of a trait after its person has left."""
    return hashlib.sha256(trait.encode()).hexdigest()
