"""Terms of a text: words in their dictionary form, concepts, categories."""

from __future__ import annotations

import re

from services.matching.domain.text import words

_NUMBER = re.compile(r"(?<![^\W\d_])\d[\d.,]*\s*%?")


def of(text: str) -> frozenset[str]:
    """Everything the text says, as terms."""
    return frozenset(f"w:{word}" for word in words(text))


def telling(said: frozenset[str]) -> list[str]:
    """The terms in the order of what they tell, the most telling first."""
    return sorted(said, key=lambda term: (-len(term), term))


def spoken(text: str) -> str:
    """The text as the encoder should hear it: quantities are compared elsewhere and only disturb it."""
    return re.sub(r"\s+", " ", _NUMBER.sub(" ", text)).strip() or text
