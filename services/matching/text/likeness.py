"""How alike a need and its candidates are, and what shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import overload

import numpy as np
import numpy.typing as npt

from services.matching.domain.text import Likeness
from services.matching.text.affinity import Affinity, Matrix, Pieces, Sources, affinity
from services.matching.text.corpus import Corpus
from services.matching.text.profile import Profile

_SHOWN = 3
_SHOWN_FROM, _TOLD_FROM = 0.55, 0.3
_SAME_CODE = 0.99


@dataclass(frozen=True, slots=True)
class Weights:
    """Of the parts; together they make 1. Chosen as ADR 0085 says.

    ``bend`` is the exponent that brings both ways of comparing to one scale, so that one threshold serves both.
    """

    meaning: float
    asked: float
    offered: float
    lexical: float
    letters: float
    bend: float = 1.0


WITH_ENCODER = Weights(meaning=0.32, asked=0.38, offered=0.19, lexical=0.11, letters=0.0)
WITHOUT_ENCODER = Weights(meaning=0.0, asked=0.47, offered=0.21, lexical=0.06, letters=0.26, bend=0.6)


@dataclass(frozen=True, slots=True)
class Parts:
    """Of some needs (rows) with all offers (columns), each 0-1. ``value`` is what they come to.

    ``asked`` is how much of what the need says the offer has, ``offered`` how much of the offer the need asks for.
    """

    value: Matrix
    asked: Matrix
    offered: Matrix
    lexical: Matrix
    concepts: Matrix
    letters: Matrix
    meaning: Matrix


Pair = tuple[str, str]


class _WhenAsked(Sequence[Pair]):
    """The pieces that a need and an offer share. Only the few that are proposed have to tell them."""

    def __init__(self, near: Matrix, need: Corpus, numbers: npt.NDArray[np.int64], offers: Corpus, column: int) -> None:
        self._of = (near, need, numbers, offers, column)

    @cached_property
    def _pairs(self) -> tuple[Pair, ...]:
        return _shared(*self._of)

    @overload
    def __getitem__(self, index: int) -> Pair: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Pair]: ...
    def __getitem__(self, index: int | slice) -> Pair | Sequence[Pair]:
        return self._pairs[index]

    def __len__(self) -> int:
        return len(self._pairs)


def likeness(need: Profile, offers: Sequence[Profile]) -> list[Likeness]:
    """One :class:`Likeness` per offer, in their order."""
    return crossed([need], offers)[0]


def crossed(needs: Sequence[Profile], offers: Sequence[Profile]) -> list[list[Likeness]]:
    """By need the likeness of each offer: many needs with the same offers cost little more than one."""
    if not needs or not offers:
        return [[] for _ in needs]
    asked, offered = Corpus(needs), Corpus(offers)
    near = affinity(asked.pieces, offered.pieces)
    parts = _parts(asked, offered, range(len(needs)), near, concepts=False)
    values, lexical, meaning = (part.tolist() for part in (parts.value, parts.lexical, parts.meaning))
    return [
        [
            Likeness(
                value=round(values[row][at], 4),
                lexical=lexical[row][at],
                meaning=meaning[row][at],
                shared=_WhenAsked(near.full, asked, asked.piece_numbers(row), offered, at),
            )
            for at in range(len(offers))
        ]
        for row in range(len(needs))
    ]


def compare(needs: Corpus, offers: Corpus, rows: Sequence[int], sources: Sources = Sources()) -> Parts:
    """The parts of the needs ``rows`` with every offer: what :func:`likeness` gives, for very many at once."""
    numbers = np.unique(np.concatenate([needs.piece_numbers(row) for row in rows]))
    some = Pieces([needs.pieces.units[number] for number in numbers])
    near = affinity(some, offers.pieces, sources)
    return _parts(needs, offers, rows, near, numbers, sources)


def _parts(
    needs: Corpus,
    offers: Corpus,
    rows: Sequence[int],
    near: Affinity,
    numbers: Matrix | None = None,
    sources: Sources = Sources(),
    *,
    concepts: bool = True,
) -> Parts:
    """``numbers`` are the pieces that the rows of ``near`` stand for, in rising order (None = all).

    ``concepts``: also what the lexicon would say alone, which nothing but measuring asks for.
    """
    shape = (len(rows), len(offers))
    with_letters = bool(near.letters.any())
    asked, offered, lexical, lexicon, letters = (np.zeros(shape, np.float32) for _ in range(5))
    for at, row in enumerate(rows):
        ids = needs.piece_numbers(row)
        ids = ids if numbers is None else np.searchsorted(numbers, ids)
        start, end = needs.starts[row], needs.starts[row] + needs.sizes[row]
        told, rare = needs.weights[start:end], needs.rarities[start:end]
        asked[at], offered[at] = _covered(near.full[ids], told, offers, offers.weights)
        lexical[at] = _both(_covered(near.lexical[ids], rare, offers, offers.rarities))
        if concepts:
            lexicon[at] = _both(_covered(near.concepts[ids], told, offers, offers.weights))
        if with_letters:
            letters[at] = _both(_covered(near.letters[ids], rare, offers, offers.rarities))
    meaning = _meaning(needs, offers, rows) if sources.encoder else None
    weights = WITHOUT_ENCODER if meaning is None else WITH_ENCODER
    value = weights.asked * asked + weights.offered * offered + weights.lexical * lexical + weights.letters * letters
    if meaning is not None:
        value += weights.meaning * meaning
    value = np.clip(value, 0.0, 1.0) ** weights.bend
    if sources.labels:
        _same_codes(value, needs, offers, rows)
    return Parts(value, asked, offered, lexical, lexicon, letters, np.zeros_like(value) if meaning is None else meaning)


def _covered(near: Matrix, told: Matrix, offers: Corpus, weights: Matrix) -> tuple[Matrix, Matrix]:
    """Which part of the need each offer has, and which part of each offer the need asks for."""
    best = np.maximum.reduceat(near[:, offers.ids], offers.starts, axis=1)
    sums = np.add.reduceat(weights, offers.starts)
    wanted = np.add.reduceat(near.max(axis=0)[offers.ids] * weights, offers.starts)
    covered: Matrix = (told @ best) / told.sum()
    return covered, np.asarray(wanted / sums, np.float32)


def _both(parts: tuple[Matrix, Matrix]) -> Matrix:
    found: Matrix = np.sqrt(parts[0] * parts[1])
    return found


def _meaning(needs: Corpus, offers: Corpus, rows: Sequence[int]) -> Matrix | None:
    asked, offered = needs.directions(), offers.directions()
    if asked is None or offered is None:
        return None
    found: Matrix = np.clip(asked[list(rows)] @ offered.T, 0.0, 1.0)
    return found


def _same_codes(value: Matrix, needs: Corpus, offers: Corpus, rows: Sequence[int]) -> None:
    """Labels of the same CPV category say the same, whatever their words."""
    having: dict[str, list[int]] = {}
    for column, codes in enumerate(offers.codes):
        for code in codes:
            having.setdefault(code, []).append(column)
    for at, row in enumerate(rows):
        for code in needs.codes[row]:
            if code in having:
                columns = having[code]
                value[at, columns] = np.maximum(value[at, columns], _SAME_CODE)


def _shared(
    near: Matrix, need: Corpus, numbers: npt.NDArray[np.int64], offers: Corpus, column: int
) -> tuple[Pair, ...]:
    """The pieces of the need and of one offer that meet, as both say them, those first that tell most."""
    start = offers.starts[column]
    columns = offers.ids[start : start + offers.sizes[column]]
    met: list[tuple[float, str, str]] = []
    for row in numbers:
        one = need.pieces.units[row]
        if one.weight < _TOLD_FROM:
            continue
        alike = near[row, columns]
        nearest = int(alike.argmax())
        if alike[nearest] >= _SHOWN_FROM:
            written = offers.pieces.units[columns[nearest]].written
            met.append((-one.weight * float(alike[nearest]), one.written, written))
    return tuple((asked, offered) for _, asked, offered in sorted(met)[:_SHOWN])
