"""What a text says, piece by piece: concepts and words, each with how much it tells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from services.matching.text.background import rarity
from services.matching.text.categories import labels
from services.matching.text.lexicon import LONGEST, Lexicon, lexicon
from services.matching.text.words import LINKING, Lang, Word, fold, form, language, words

CONTEXT, NAME = 0.45, 0.35
_FOR_WHOM = {"per", "for"}
_ASKING = ("asking", "giving")
_MARKS = {"": 1.0, "~": CONTEXT, "?": NAME}


@dataclass(frozen=True, slots=True)
class Unit:
    """A concept mention (``concepts`` are its numbers) or a plain word, as written.

    ``weight`` is what it tells of what is asked or offered, ``rare`` how rare its words are by themselves. ``term`` is
    how it is stored; :func:`unit` reads it back.
    """

    term: str
    concepts: tuple[int, ...]
    key: str
    lang: Lang
    written: str
    lemma: str
    trigrams: frozenset[str]
    weight: float
    rare: float


@lru_cache(maxsize=200_000)
def unit(term: str) -> Unit:
    """The unit that is stored as ``term``: kind and mark, key, language, and as it was written."""
    head, key, lang_, written = term.split(":", 3)
    lang: Lang = "it" if lang_ == "it" else "en"
    known = lexicon()
    concepts: tuple[int, ...] = ()
    if head[0] == "c":
        concepts = tuple(known.numbers[code] for code in key.split("+") if code in known.numbers)
    forms = [form(word, lang) for word in written.split()]
    rare = sum(rarity(one) for one in forms) - 0.3
    lemma = forms[0] if len(forms) == 1 else fold(written)
    weight = _weight(known, concepts, key, head[1:])
    return Unit(term, concepts, key, lang, written, lemma, _trigrams(lemma), weight, rare)


def _trigrams(word: str) -> frozenset[str]:
    padded = f" {word} "
    return frozenset(padded[at : at + 3] for at in range(max(1, len(padded) - 2)))


def _weight(known: Lexicon, concepts: tuple[int, ...], key: str, mark: str) -> float:
    factor = _MARKS.get(mark, 1.0)
    if concepts:
        return float(np.max(known.weights[list(concepts)])) * factor
    return rarity(key) * factor


def units(text: str) -> list[Unit]:
    """The units of a text in their order, each once, the one that tells more kept."""
    lang = language(text)
    found: dict[tuple[tuple[int, ...], str], Unit] = {}
    for one in _units(words(text, lang), lang):
        key = (one.concepts, "" if one.concepts else one.key)
        if key not in found or found[key].weight < one.weight:
            found[key] = one
    return list(found.values())


def _units(said: Sequence[Word], lang: Lang) -> Iterator[Unit]:
    known = lexicon()
    asking = {known.numbers[code] for code in _ASKING}
    context, after_asking, index = False, False, 0
    while index < len(said):
        word = said[index]
        if word.is_pause:
            context = context and word.written == "("
            index += 1
            continue
        length, concepts = _longest(said, index, lang, known)
        if word.empty and (length == 1 or not concepts):
            # "for the school" says for whom; "we look for chairs" says what.
            if word.written in _FOR_WHOM and not after_asking:
                context = True
            index += 1
            continue
        mark = "~" if context else "?" if word.name and not concepts else ""
        written = " ".join(one.written for one in said[index : index + length] if not one.is_pause)
        key = "+".join(known.codes[one] for one in concepts) if concepts else word.form
        yield unit(f"{'c' if concepts else 'w'}{mark}:{key}:{lang}:{written}")
        after_asking = bool(asking.intersection(concepts))
        index += length


def _longest(said: Sequence[Word], start: int, lang: Lang, known: Lexicon) -> tuple[int, tuple[int, ...]]:
    """How many words from ``start`` on the longest known form takes, and its concepts; (1, ()) when there is none."""
    lemmas: list[str] = []
    plain: list[str] = []
    best: tuple[int, tuple[int, ...]] = (1, ())
    for index in range(start, len(said)):
        word = said[index]
        if word.is_pause or len(lemmas) == LONGEST:
            break
        if fold(word.written) in LINKING:
            if index == start:
                break
            continue
        lemmas.append(word.form)
        plain.append(fold(word.written))
        forms = known.forms[lang]
        concepts = forms.get(tuple(lemmas)) or forms.get(tuple(plain))
        if concepts:
            best = (index - start + 1, concepts)
    return best


def codes(text: str) -> tuple[str, ...]:
    """CPV codes whose label the text is, in either language."""
    lang = language(text)
    said = tuple(word.form for word in words(text, lang) if not word.empty)
    return labels().get((lang, said), ())
