"""Domains that are nearly the domain of a great mail provider: mail to them goes to somebody else, or nowhere."""

import unicodedata
from functools import lru_cache

_NAMES = """
    gmail.com googlemail.com yahoo.com outlook.com hotmail.com icloud.com protonmail.com proton.me fastmail.com
    tutanota.com yandex.com yandex.ru rocketmail.com rediffmail.com hanmail.net seznam.cz freenet.de t-online.de
    wanadoo.fr laposte.net bluewin.ch
"""
_PROVIDERS = frozenset(_NAMES.split())
_ONE_HOME = {"gmail": "gmail.com", "googlemail": "googlemail.com", "icloud": "icloud.com"}
"""Providers without a domain under another ending."""

_OTHERS = frozenset(["cloud.com", "email.com", "gail.com", "mail.com", "ymail.com", "yandex.eu"])
"""Domains of others that differ in one letter."""

_ALIKE = str.maketrans({"0": "o", "1": "l", "ı": "i"})


@lru_cache(maxsize=4096)
def nearly_provider(domain: str) -> str:
    """Return the provider's domain that differs from `domain` in one letter or in the ending, or "".

    `domain` is in lower case, in U-labels. One letter is missing, too many, another one, or has changed places with the
    next; accents do not count, and digits and pairs of letters count as the letter that they look like.
    """
    if domain in _PROVIDERS or domain in _OTHERS:
        return ""
    name = domain.partition(".")[0]
    if name in _ONE_HOME:
        return _ONE_HOME[name]
    plain = "".join(char for char in unicodedata.normalize("NFKD", domain) if not unicodedata.combining(char))
    alike = plain.translate(_ALIKE).replace("rn", "m").replace("vv", "w")
    near = (provider for provider in sorted(_PROVIDERS) if alike == provider or _differ_in_one(plain, provider))
    return next(near, "")


def _differ_in_one(text: str, other: str) -> bool:
    """Whether one letter has to be put in, taken out or replaced, or two neighbours exchanged, to get the other."""
    if abs(len(text) - len(other)) > 1:
        return False
    start = next((at for at, (a, b) in enumerate(zip(text, other, strict=False)) if a != b), min(len(text), len(other)))
    left, right = text[start:], other[start:]
    return (
        left[1:] == right[1:]
        or left[1:] == right
        or left == right[1:]
        or (left[:2] == right[:2][::-1] and left[2:] == right[2:])
    )
