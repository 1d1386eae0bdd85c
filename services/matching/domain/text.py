"""Words of Italian and English titles, made comparable without any dictionary."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass

_WORD = re.compile(r"[a-z0-9]+")
_EMPTY = frozenset(
    re.findall(
        r"\w+",
        """
        the and for with from our your their all to of on at by is are we it an or
        per con dei del della delle degli dell dello alla alle agli allo nel nella nelle nei sul sulla sulle dal dalla
        una uno gli che non sono come piu anche presso tra fra loro nostro nostra di in da su al la le lo il un ed
        """,
    )
)
_SHORTEST = 2
_PLURALS_FROM = 5


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike a need and an offer are in what they say.

    ``value`` (0-1) sums up all there is to compare, among it the same words and the meaning as the sentence encoder
    hears it (each 0-1). ``shared`` are pairs: as the need says it, as the offer says it.
    """

    value: float
    lexical: float = 0.0
    meaning: float = 0.0
    shared: Sequence[tuple[str, str]] = ()


def words(*texts: str | None) -> frozenset[str]:
    """The words that carry meaning: lower case, without accents, cut so that singular and plural meet."""
    found: set[str] = set()
    for text in texts:
        plain = unicodedata.normalize("NFKD", (text or "").lower())
        letters = "".join(char for char in plain if not unicodedata.combining(char))
        found.update(_stem(word) for word in _WORD.findall(letters) if len(word) >= _SHORTEST and word not in _EMPTY)
    return frozenset(found)


def _stem(word: str) -> str:
    if len(word) < _PLURALS_FROM or word.isdigit():
        return word
    return word.removesuffix("s").rstrip("aeio") or word


def overlap(left: Collection[str], right: Collection[str]) -> tuple[float, list[str]]:
    """Share (0-1) of the shorter text's words that the other has too, and these words in alphabetical order."""
    common = sorted(set(left) & set(right))
    if not common:
        return 0.0, []
    return len(common) / min(len(left), len(right)), common
