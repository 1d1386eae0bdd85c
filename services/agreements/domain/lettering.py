"""Which characters a document can show, and what stands in it for those that it cannot.

A document may only hold characters that its own fonts have (PDF/A-2b forbids the empty box that a reader would see
otherwise, so no document at all would come). People paste what they like: a picture, a name in Chinese, a character
that controls a printer. Whoever approves the file cannot edit a title, so none of this may hold a document up.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache

from services.agreements.domain.glyphs import FAMILIES

MARK = "□"
"""Stands for what cannot be shown."""

_JOINER = "\u200d"
_HARMLESS = frozenset("\n\t\u200b\u200c\u200d\u200e\u200f\u2060\u00ad")
"""Never seen as such: they break lines, join letters, or say in which direction what stands beside them is read."""
_LINE_ENDS = dict.fromkeys(("\r\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"), "\n")
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They turn the order in which words are shown: a document must read as it was written."""


def shown(text: str) -> str:
    """`text` as a document shows it. The same again for what is already as it is shown."""
    if _plain().issuperset(text):
        return text
    return "".join(_shown(cluster) for cluster in _clusters(text))


def cannot_show(text: str) -> tuple[str, ...]:
    """What a document shows as :data:`MARK`, each once, in the order of the text."""
    if _plain().issuperset(text):
        return ()
    return tuple(dict.fromkeys(one for one in _clusters(text) if MARK in _shown(one) and MARK not in one))


def named(character: str) -> str:
    """A character for people: itself, or its number where it cannot be seen."""
    if all(one.isprintable() or one == _JOINER for one in character):
        return character
    return " ".join(f"U+{ord(one):04X}" for one in character)


def _clusters(text: str) -> Iterator[str]:
    """Characters together with what is set on them: accents, the parts of a joined picture, the two of a flag."""
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or not _belongs(text, at, at - start):
            yield text[start:at]
            start = at


def _belongs(text: str, at: int, taken: int) -> bool:
    one, before = text[at], text[at - 1]
    if before == "\r":
        return one == "\n"
    flag = "\U0001f1e6" <= one <= "\U0001f1ff"
    return (
        unicodedata.category(one) in ("Mn", "Mc", "Me")
        or one == _JOINER
        or "\U0001f3fb" <= one <= "\U0001f3ff"
        or "\U000e0020" <= one <= "\U000e007f"
        or (before == _JOINER and ord(one) > 0x2000)
        or (flag and taken == 1 and "\U0001f1e6" <= before <= "\U0001f1ff")
    )


@lru_cache(maxsize=4096)
def _shown(cluster: str) -> str:
    if cluster in _LINE_ENDS:
        return _LINE_ENDS[cluster]
    seen = "".join(one for one in cluster if not _left_out(one))
    for form in (unicodedata.normalize("NFC", seen), seen):
        if any(glyphs.issuperset(form) for glyphs in _glyphs()):
            return form
    first = seen[0]
    if unicodedata.category(first) == "Zs":
        plain = "\u00a0" if first in "\u00a0\u202f" else " "
        return plain + (MARK if len(seen) > 1 else "")
    if len(seen) > 1 and any(first in glyphs for glyphs in _glyphs()):
        return first + MARK
    return MARK


def _left_out(one: str) -> bool:
    """Neither seen nor missed: choices between forms of a picture, marks of the order of bytes, tags."""
    if one in _HARMLESS or one in _TURNING:
        return False
    return unicodedata.category(one) == "Cf" or "\ufe00" <= one <= "\ufe0f" or "\U000e0100" <= one <= "\U000e01ef"


@cache
def _plain() -> frozenset[str]:
    """What nearly every text is made of, nothing of it set on another character: such a text is seen at once."""
    return frozenset("\n").union(*map(_range, FAMILIES["Titillium Web"].split()))


@cache
def _glyphs() -> tuple[frozenset[str], ...]:
    return tuple(_HARMLESS.union(*map(_range, ranges.split())) for ranges in FAMILIES.values())


def _range(text: str) -> Iterator[str]:
    first, _, last = text.partition("-")
    return map(chr, range(int(first, 16), int(last or first, 16) + 1))
