"""A full name split into the five parts of the vCard property N (RFC 2426, 3.1.2)."""

import re
from typing import NamedTuple

# Lower case only: "de" and "van" belong to the family name, "De" and "Van" may be a name of their own.
_PARTICLE = re.compile(
    "af|al|ap|av|bin|bint|da|dal|dalla|das|de|degli|dei|del|della|den|der|des|di|do|dos|du|el|ibn|la|las|le|los|na"
    "|'t|te|ten|ter|thoe|van|vom|von|zu|zum|zur"
)
# Between two halves of one family name: "Ortega y Gasset", "Souza e Silva".
_JOINT = re.compile("e|i|y")
_PREFIX = re.compile(r"(?:dr|eng|ing|ir|mr|mrs|ms|prof)\.?", re.IGNORECASE)
_SUFFIX = re.compile(r"(?:jn?r|sn?r|ii|iii|iv|esq|md|msc|ph\.?d)\.?", re.IGNORECASE)
# Without a comma before it only what is no family name in this spelling: the "Ii" of "Aoi Naomi Ii" is one.
_BARE_SUFFIX = re.compile(r"(?:Jr|Sr|Ph\.?D)\.?|II|III|IV")
# Han ideographs and Hangul syllables; not katakana, which spells foreign names in their own order.
_FAMILY_FIRST = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]+")


class SplitName(NamedTuple):
    """The five parts of N in their order. Each may be empty; the words of a name are all in one of them."""

    family: str
    given: str = ""
    additional: str = ""
    prefix: str = ""
    suffix: str = ""


def _split_words(words: list[str], suffix: str = "") -> SplitName:
    """Split a name that is written in its natural order."""
    prefixes: list[str] = []
    while len(words) > 1 and _PREFIX.fullmatch(words[0]):
        prefixes.append(words.pop(0))
    if len(words) > 2 and _BARE_SUFFIX.fullmatch(words[-1]):
        suffix = f"{words.pop()} {suffix}".rstrip()
    if len(words) > 1 and _FAMILY_FIRST.fullmatch(words[0]):
        return SplitName(words[0], " ".join(words[1:]), "", " ".join(prefixes), suffix)
    start = len(words) - 1
    while start > 0:
        before = words[start - 1]
        if start > 2 and _JOINT.fullmatch(before):
            start -= 2
        elif _PARTICLE.fullmatch(before):
            start -= 1
        else:
            break
    return SplitName(" ".join(words[start:]), " ".join(words[:start]), "", " ".join(prefixes), suffix)


def split_name(name: str) -> SplitName:
    """Return the best split of `name`; no word of it is lost, white space and commas between words are.

    A guess that serves sorting and search: the name as it was written stands in FN. "Doe, Jr., John" and
    "Doe, John" have the family name first, "John Doe, Jr." has not; particles in lower case belong to the
    family name behind them, which otherwise is the last word, or the first where that is Chinese or Korean.
    """
    parts = [words for words in (part.split() for part in name.split(",")) if words]
    if not parts:
        return SplitName(name.strip())
    rest = [part for part in parts[1:] if not all(_SUFFIX.fullmatch(word) for word in part)]
    suffix = " ".join(word for part in parts[1:] if part not in rest for word in part)
    if not rest:
        return _split_words(parts[0], suffix)
    given = " ".join(word for part in rest for word in part)
    return SplitName(" ".join(parts[0]), given, "", "", suffix)
