"""Letters that look like others or cannot be seen, in names, addresses and labels."""

import re
import unicodedata
from collections import Counter

from sync.parse.characters import describe

_SIMILAR = frozenset(["LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "COPTIC", "CHEROKEE", "LISU"])
"""The scripts with letters that look like those of another one. A word has letters of one of them."""

# What needs no attention although it stands for plain letters: Spanish ordinals and the Dutch letter.
_USUAL = frozenset("ªºĳĲ")

_WORD = re.compile(r"[^\W\d_]+")
# They join and separate letters of some scripts, or choose their form. Beside other letters nobody sees them.
_UNSEEN = re.compile("[\u200c\u200d\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")

_LIKE_LATIN = frozenset("асеіјорѕухһԁԛԝӏАВЕКМНОРСТУХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧ")
"""Letters of Cyrillic and Greek that nobody can tell from Latin ones."""


def look_alikes(text: str) -> tuple[str, ...]:
    """Return each letter in `text` that looks like another one or cannot be seen, as its code point and name.

    A letter looks like another one where its word also has letters of another similar script, and where it is a
    variant of a plain letter that Unicode has for mathematics and the like. Words in any one script are normal, as are
    the mixtures of scripts in Chinese, Japanese and Korean.
    """
    if text.isascii():
        return ()
    found = [char for word in _WORD.findall(text) for char in (*_of_another_script(word), *_variants(word))]
    found += [match[0] for match in _UNSEEN.finditer(text) if _is_unseen(text, match.start())]
    return tuple(describe(char) for char in dict.fromkeys(found))


def look_alikes_in_address(address: str) -> tuple[str, ...]:
    """Return the same for a mail address with U-labels, where no mark may be invisible.

    A part with letters of one script counts, too, if all of them look like Latin ones and the domain ends in ASCII.
    """
    if address.isascii():
        return ()
    ends_plain = address.rpartition(".")[2].isascii()
    parts = re.split(r"[.@_+-]", address) if ends_plain else []
    found = (*_UNSEEN.findall(address), *(part[0] for part in parts if is_like_latin(part)))
    return tuple(dict.fromkeys((*look_alikes(address), *map(describe, found))))


def is_like_latin(text: str) -> bool:
    """Whether a text of another script has only letters that nobody can tell from Latin ones."""
    return bool(text) and _LIKE_LATIN.issuperset(text)


def _of_another_script(word: str) -> list[str]:
    """Return the letters of a word that are not of the script of most of its letters."""
    scripts = {char: script for char in word if (script := _script(char))}
    if len(set(scripts.values())) < 2:
        return []
    counted = Counter(scripts[char] for char in word if char in scripts)
    usual = max(counted, key=lambda script: (counted[script], script == "LATIN"))
    return [char for char, script in scripts.items() if script != usual]


def _variants(word: str) -> list[str]:
    """Return the letters of a word that only stand for plain ones, such as those of mathematics; not the wide ones."""
    return [
        char
        for char in word
        if not char.isascii()
        and char not in _USUAL
        and not unicodedata.name(char, "").startswith("FULLWIDTH")
        and (plain := unicodedata.normalize("NFKC", char)).isascii()
        and plain.isalpha()
    ]


def _is_unseen(text: str, at: int) -> bool:
    """Whether the mark at this place changes nothing that anybody sees: in front, or behind a letter without forms."""
    before = text[at - 1] if at else " "
    return before.isspace() or bool(_script(before))


def _script(char: str) -> str:
    """Return the script of a letter if it is one of the similar ones."""
    words = unicodedata.name(char, "").removeprefix("FULLWIDTH ").split(" ", 1)
    return words[0] if words[0] in _SIMILAR else ""
