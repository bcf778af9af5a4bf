"""Invented names of people, drawn from the parts of a language, with what people really write around them."""

from dataclasses import dataclass
from random import Random

from tests.data.scripts import Language, Part

_LOCAL_PARTS = (
    *("{given}.{family}",) * 14,
    *("{initial}.{family}",) * 3,
    *("{initial}{family}", "{given}-{family}", "{given}_{family}", "{family}.{given}", "{given}", "{family}"),
)
"""How the local part of an address is made of a name; the first is the usual one."""


@dataclass(frozen=True, slots=True)
class Name:
    """A name as it is written, and its parts as they stand in addresses: ASCII letters in lower case."""

    written: str
    given: str
    family: str


def draw_name(rng: Random, language: Language, given_names: int = 1) -> Name:
    """Return some name of the language with so many given names, or in Latin letters as passports have it."""
    givens = [rng.choice(language.given) for _ in range(given_names)]
    return _written(rng, language, givens, rng.choice(language.family))


def rename(rng: Random, language: Language, old: str) -> Name:
    """Return another name for the person called `old`: with the same given name, where it is one of the language."""
    kept = [part for part in language.given if part.written in old or part.roman in old]
    givens = [max(kept, key=lambda part: len(part.written)) if kept else rng.choice(language.given)]
    others = [part for part in language.family if part.written not in old and part.roman not in old]
    return _written(rng, language, givens, rng.choice(others or language.family))


def local_part(rng: Random, name: Name) -> str:
    """Return the local part of an address of that person, as it would be if nobody else had it."""
    form = rng.choice(_LOCAL_PARTS)
    return form.format(given=name.given, family=name.family, initial=name.given[0])


def _written(rng: Random, language: Language, givens: list[Part], family: Part) -> Name:
    native = language.is_latin or rng.random() < 0.65
    given = " ".join(part.written if native else part.roman for part in givens)
    last = family.written if native else family.roman
    if native and language.order == "j":
        full = last + given.replace(" ", "")
    elif native and language.order == "f":
        full = f"{last} {given}"
    else:
        full = _decorated(rng, given, last, is_latin=language.is_latin)
    return Name(full, "".join(part.local for part in givens), family.local)


def _decorated(rng: Random, given: str, family: str, *, is_latin: bool) -> str:
    """Put the name together; one in ten or so is written in a way that a parser of lines may stumble over."""
    kind = rng.randrange(100)
    if not is_latin:
        return f"{family}, {given}" if kind < 3 else f"{given} {family}"
    unusual = (
        f"{family}, {given}",
        f"{family}, {given}",
        f"{family}, Jr., {given}",
        f"{family}, III, {given}",
        f"{given} {family}, PhD",
        f"Dr. {given} {family}",
        f"{given} {family} (NOC)",
        f'{given} "{given[:3]}" {family}',
        f"{family.upper()} {given}",
        f"{given} {given[0]}. {family}",
    )
    return unusual[kind] if kind < len(unusual) else f"{given} {family}"
