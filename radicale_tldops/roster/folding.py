"""Text and numbers in the form in which people are searched: accents, case and the way of writing do not count."""

import re
import unicodedata

# Letters that have no accent to take away, though people leave one out.
_PLAIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"})


def folded(text: str) -> str:
    """Return text in lower case, without accents."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    accents = {ord(letter): "" for letter in {*apart} if unicodedata.combining(letter)}
    return apart.translate(accents | _PLAIN)


def number_digits(text: str) -> str:
    """Return the digits of a telephone number without what stands for the country or the trunk: 00, +, 0."""
    return re.sub(r"\D", "", text.replace("(0)", "")).lstrip("0")
