"""How near single pieces of two texts are: the lexicon, translations, spelling and the encoder's ear for words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from services.matching.text import encoder
from services.matching.text.lexicon import lexicon
from services.matching.text.reading import Unit
from services.matching.text.translations import Translations, translations

Matrix = npt.NDArray[np.float32]

_CONCEPT = 0.75
"""What a shared concept is worth by itself; the rest tells its members apart (milk and butter are both dairy)."""
_STRANGERS = 0.9
"""How far the ear is trusted where the lexicon knows no link."""
_KINDRED = 0.6
"""From this share of common trigrams on, words are taken for kindred (telefono, telephone)."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What may be asked; measuring switches some off. ``labels``: texts that are labels of one CPV category say the
    same. ``translations`` None = the table that ships.

    Letters are only asked where there is no encoder, or when wanted for themselves: beside it they add nothing.
    """

    encoder: bool = True
    lexicon: bool = True
    letters: bool = False
    labels: bool = True
    translations: Translations | None = None

    def table(self) -> Translations:
        return self.translations if self.translations is not None else translations()


@dataclass(frozen=True, slots=True)
class Affinity:
    """0-1 for every pair of units. ``full`` is all there is to know, ``fine`` without the lexicon; the others are
    single sources: same or translated word, concepts, letters."""

    full: Matrix
    fine: Matrix
    lexical: Matrix
    concepts: Matrix
    letters: Matrix


class Pieces:
    """Units of many texts, each once, with what comparing them needs, worked out once."""

    def __init__(self, units: Sequence[Unit]) -> None:
        self.units = units

    def __len__(self) -> int:
        return len(self.units)

    @cached_property
    def heard(self) -> Matrix | None:
        return encoder.words_directions([one.written for one in self.units])

    @cached_property
    def places(self) -> Mapping[str, npt.NDArray[np.int64]]:
        """Where each lemma stands."""
        return _grouped([one.lemma for one in self.units])

    @cached_property
    def english(self) -> Mapping[str, npt.NDArray[np.int64]]:
        return _grouped([one.lemma if one.lang == "en" else "" for one in self.units])

    @cached_property
    def italian(self) -> Mapping[str, npt.NDArray[np.int64]]:
        return _grouped([one.lemma if one.lang == "it" else "" for one in self.units])

    @cached_property
    def postings(self) -> Mapping[str, npt.NDArray[np.int64]]:
        """Where each trigram stands."""
        found: dict[str, list[int]] = defaultdict(list)
        for place, one in enumerate(self.units):
            for trigram in one.trigrams:
                found[trigram].append(place)
        return {trigram: np.array(places) for trigram, places in found.items()}

    @cached_property
    def concepts(self) -> npt.NDArray[np.int64]:
        """Numbers of the concepts, a row per unit; the number after the last one stands for none."""
        nothing = len(lexicon().codes)
        width = max((len(one.concepts) for one in self.units), default=1) or 1
        table = np.full((len(self.units), width), nothing, np.int64)
        for row, one in enumerate(self.units):
            table[row, : len(one.concepts)] = one.concepts
        return table


def affinity(left: Pieces, right: Pieces, sources: Sources = Sources()) -> Affinity:
    """Every unit of ``left`` with every unit of ``right``."""
    lexical = _same_word(left, right)
    _translated(lexical, left, right, sources.table())
    heard = (left.heard, right.heard) if sources.encoder else (None, None)
    letters = _letters(left, right) if sources.letters or heard[0] is None else np.zeros_like(lexical)
    if heard[0] is not None and heard[1] is not None:
        fine = np.maximum(lexical, heard[0] @ heard[1].T)
    else:
        fine = np.maximum(lexical, np.where(letters >= _KINDRED, letters, np.float32(0)))
    if not sources.lexicon:
        return Affinity(fine, fine, lexical, np.zeros_like(fine), letters)
    near = _near(left, right)
    full = np.where(near > 0, _CONCEPT * near + (1 - _CONCEPT) * fine, 0.0)
    np.maximum(full, fine * np.where(near > 0, np.float32(1), np.float32(_STRANGERS)), out=full)
    return Affinity(full.astype(np.float32), fine, lexical, near, letters)


def _near(left: Pieces, right: Pieces) -> Matrix:
    padded = lexicon().padded
    near = np.zeros((len(left), len(right)), np.float32)
    for row in left.concepts.T:
        part = padded[row]
        for column in right.concepts.T:
            np.maximum(near, part[:, column], out=near)
    return near


def _same_word(left: Pieces, right: Pieces) -> Matrix:
    same = np.zeros((len(left), len(right)), np.float32)
    for row, one in enumerate(left.units):
        if one.lemma and one.lemma in right.places:
            same[row, right.places[one.lemma]] = 1.0
    return same


def _translated(known: Matrix, left: Pieces, right: Pieces, table: Translations) -> None:
    """Asks from the left alone, in both languages: there are fewer."""
    for row, unit in enumerate(left.units):
        if unit.lang == "it":
            meant, there = table.by_italian.get(unit.lemma), right.english
        else:
            meant, there = table.by_english.get(unit.lemma), right.italian
        for word, probability in meant.items() if meant else ():
            if word in there:
                columns = there[word]
                known[row, columns] = np.maximum(known[row, columns], probability**0.5)


def _letters(left: Pieces, right: Pieces) -> Matrix:
    """Dice's coefficient of the trigrams."""
    sizes = np.array([len(one.trigrams) for one in right.units], np.float32)
    alike = np.zeros((len(left), len(right)), np.float32)
    for row, one in enumerate(left.units):
        for trigram in one.trigrams:
            if trigram in right.postings:
                alike[row, right.postings[trigram]] += 2.0
        alike[row] /= np.maximum(1, sizes + len(one.trigrams))
    return alike


def _grouped(lemmas: Sequence[str]) -> dict[str, npt.NDArray[np.int64]]:
    found: dict[str, list[int]] = defaultdict(list)
    for place, lemma in enumerate(lemmas):
        found[lemma].append(place)
    return {lemma: np.array(places) for lemma, places in found.items()}
