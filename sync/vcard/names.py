"""A full name split into the five parts of the vCard property N (RFC 2426, 3.1.2)."""

import re
from typing import NamedTuple

# What is not part of a name: "(Matz)", "[acting]", '"Jack"'. A bracket may hold others, and may stay open.
_REMARK = re.compile(
    r"[(\[（【](?:[^()\[\]（）【】]|[(\[（【][^()\[\]（）【】]*[)\]）】])*(?:[)\]）】]|$)"
    r"""|(?<!\S)(?:"[^"]+"|[“„][^“”„]+[”“]|«[^«»]+»|「[^「」]+」|'[^']+'|‘[^‘’]+’)(?![^\s,])"""
)
# Lower case only: "de" and "van" belong to the family name, "De" and "Van" may be a name of their own.
_PARTICLE = re.compile(
    "af|al|ap|av|ben|bin|bint|da|dal|dalla|das|de|degli|dei|del|della|den|der|des|di|do|dos|du|el|ibn|la|las|le|los|na"
    "|'t|te|ten|ter|thoe|van|vom|von|zu|zum|zur"
)
# Between two halves of one family name: "Ortega y Gasset", "Souza e Silva".
_JOINT = re.compile("e|i|y")
# Behind a family name and a part of it: "Silva Filho".
_LATER = re.compile("Filho|J[uú]nior|Netto|Neto|Sobrinho")
# The later ones are names in some country: they count with the dot alone.
_PREFIX = re.compile(
    r"(?:dame|dr|mr|mrs|ms|mx|prof|sir)\.?|(?:bc|dipl\.-ing|eng|hon|ing|ir|mag|mgr|rev)\.", re.IGNORECASE
)
# Exact case: the "Ii" of "Aoi Naomi Ii" and the "Ma" of "Yo-Yo Ma" are family names.
_SUFFIX = re.compile(
    r"(?:Jn?r|JR|Sn?r|SR|Esq)\.?|I{2,3}|I?V|VI{1,3}"
    r"|(?:[BCDMP]|Dr|Ph|LL)\.?(?:Sc|Eng|Phil|Ed|[BDM])\.?|[DEM]BA|JD|MPA|[CMO]BE"
    r"|C[EP]H|C?CSP|CISSP|CISM|CISA|CRISC|CGEIT|SSCP|OSC[EP]|CCIE|CCN[AP]|CIPP|G(?:CIH|CFA|PEN|REM|SEC)|PMP|C[FP]A"
)
_AFTER_COMMA = re.compile(r"[js]n?r\.?|esq\.?|ii|iii|iv|m\.?d\.?|m\.?sc\.?|ph\.?d\.?", re.IGNORECASE)
# Behind a comma and a full name. "DOE, ANN" has one word before it, and is no full name.
_LETTERS = re.compile(r"[A-Z][A-Z0-9.+/-]*")
# Han ideographs and Hangul syllables; not katakana, which spells foreign names in their own order.
_FAMILY_FIRST = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]+")


class SplitName(NamedTuple):
    """The five parts of N in their order. Each may be empty; the words of a name are all in one of them."""

    family: str
    given: str = ""
    additional: str = ""
    prefix: str = ""
    suffix: str = ""


def split_name(name: str) -> SplitName:
    """Return the best split of `name`; no word of it is lost, white space and commas between words are.

    A guess that serves sorting and search: the name as it was written stands in FN. "Doe, Jr., John" and
    "Doe, John" have the family name first, "John Doe, Jr." has not; particles in lower case belong to the
    family name behind them, which otherwise is the last word, or the first where that is Chinese or Korean, or the only
    one in capitals. Remarks in brackets or quotes stay with the given name.
    """
    parts = [words for words in (part.split() for part in _REMARK.sub(" ", name).split(",")) if words]
    if not parts:
        return SplitName(name.strip())
    first, *others = parts
    full = sum(not word[0].islower() for word in first) > 1 and not " ".join(first).isupper()
    behind = [part for part in others if all(_is_suffix(word, full) for word in part)]
    given = [word for part in others if part not in behind for word in part]
    prefixes, first, suffixes = _without_titles(first, 1 if given else 2)
    if given:
        more, given, last = _without_titles(given, 1)
        prefixes, suffixes = prefixes + more, suffixes + last
    else:
        first, given = _in_natural_order(first)
    suffixes += [word for part in behind for word in part]
    given += _REMARK.findall(name)
    return SplitName(" ".join(first), " ".join(given), "", " ".join(prefixes), " ".join(suffixes))


def _is_suffix(word: str, full: bool) -> bool:
    """Say whether a word behind a comma is a suffix; `full` says that a given and a family name stand before it."""
    return bool(_SUFFIX.fullmatch(word) or _AFTER_COMMA.fullmatch(word) or (full and _LETTERS.fullmatch(word)))


def _without_titles(words: list[str], least: int) -> tuple[list[str], list[str], list[str]]:
    """Return the prefixes, the other words, and the suffixes, before which at least `least` other words stay."""
    start, end = 0, len(words)
    while start < end - 1 and _PREFIX.fullmatch(words[start]):
        start += 1
    while end - start > least and _SUFFIX.fullmatch(words[end - 1]):
        end -= 1
    return words[:start], words[start:end], words[end:]


def _in_natural_order(words: list[str]) -> tuple[list[str], list[str]]:
    """Return the words of the family name and those of the given name."""
    capitals = next((at for at, word in enumerate(words) if not word.isupper()), 0)
    if any(len(word) > 2 and word.isalpha() for word in words[:capitals]):
        return words[:capitals], words[capitals:]
    if len(words) > 1 and _FAMILY_FIRST.fullmatch(words[0]):
        return words[:1], words[1:]
    start = len(words) - 1
    if start > 1 and _LATER.fullmatch(words[start]):
        start -= 1
    while start > 0:
        before = words[start - 1]
        if start > 2 and _JOINT.fullmatch(before):
            start -= 2
        elif _PARTICLE.fullmatch(before):
            start -= 1
        else:
            break
    return words[start:], words[:start]
