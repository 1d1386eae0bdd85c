"""Terms of a text: its units as they are stored, and the few that an index finds it by."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from services.matching.text import reading
from services.matching.text.background import rarity
from services.matching.text.translations import translations
from services.matching.text.words import clean

_NUMBER = re.compile(r"(?<![^\W\d_])\d[\d.,]*\s*%?")
_TELLING = 0.1
_CODE = "k:"


def of(text: str) -> frozenset[str]:
    """Everything the text says, as terms."""
    said = {one.term for one in reading.units(text)}
    return frozenset(said | {f"{_CODE}{code}" for code in reading.codes(text)})


def is_unit(term: str) -> bool:
    """Whether a unit is behind the term, not a CPV code."""
    return not term.startswith(_CODE)


def units(said: Collection[str]) -> list[reading.Unit]:
    """The units behind terms, in alphabetical order."""
    return [reading.unit(term) for term in sorted(said) if is_unit(term)]


def codes(said: Collection[str]) -> frozenset[str]:
    """The CPV codes behind terms."""
    return frozenset(term.removeprefix(_CODE) for term in said if term.startswith(_CODE))


def telling(said: Collection[str]) -> list[str]:
    """Keys that texts about the same thing share, whatever their language, the most telling first.

    A concept is its own key. A word outside the lexicon is looked for as its best English translation, or as it is.
    """
    found: dict[str, float] = dict.fromkeys((f"{_CODE}{code}" for code in codes(said)), 2.0)
    for one in units(said):
        if one.weight < _TELLING:
            continue
        for key in _keys(one):
            found[key] = max(found.get(key, 0.0), one.weight)
    return sorted(found, key=lambda key: (-found[key], key))


def _keys(one: reading.Unit) -> Iterable[str]:
    if one.concepts:
        yield from (f"c:{code}" for code in one.key.split("+"))
        return
    english = translations().by_italian.get(one.lemma, {}) if one.lang == "it" else {}
    best = max(english, key=lambda word: (english[word], rarity(word)), default=one.lemma)
    yield f"w:{best}"


def spoken(text: str) -> str:
    """The text as the encoder should hear it: quantities are compared elsewhere and only disturb it."""
    return re.sub(r"\s+", " ", _NUMBER.sub(" ", clean(text))).strip() or text
