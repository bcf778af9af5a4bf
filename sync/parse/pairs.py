"""Brackets and quotation marks without a partner: signs that an entry is the rest of two whose middle was lost."""

import re

# An input method may write one bracket of a pair in full width and the other not.
_PARTNERS = {"(": ")", "（": ")", "<": ">"}
_PARENTHESES = {"）": ")"}
_BRACKETS = re.compile("[()（）<>]")
_QUOTES = re.compile('["“”„]')
# Between letters it may be part of a word, as in Hebrew abbreviations (gershayim).
_INSIDE = re.compile(r'(?<=[^\W\d_])"(?=[^\W\d_])')


def partnerless(text: str) -> str:
    """Return a bracket or quotation mark of `text` that has no partner, or ""."""
    waiting: list[str] = []
    for bracket in _BRACKETS.findall(text):
        if bracket in _PARTNERS:
            waiting.append(bracket)
        elif not waiting or _PARTNERS[waiting.pop()] != _PARENTHESES.get(bracket, bracket):
            return str(bracket)
    if waiting:
        return waiting[-1]
    quotes = _QUOTES.findall(text)
    return quotes[-1] if len(quotes) % 2 and len(_QUOTES.findall(_INSIDE.sub("", text))) % 2 else ""


def stays_open(text: str) -> bool:
    """Whether a parenthesis of `text` never closes. One that only closes does not count: people write "1) +31 …"."""
    depth = 0
    for bracket in _BRACKETS.findall(text):
        if bracket in "(（":
            depth += 1
        elif bracket in ")）":
            depth = max(depth - 1, 0)
    return depth > 0
