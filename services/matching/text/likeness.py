"""How alike a need and its candidates are, and what shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

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


def likeness(need: Profile, offers: Sequence[Profile]) -> list[Likeness]:
    """One :class:`Likeness` per offer, in their order."""
    if not offers:
        return []
    asked, offered = Corpus([need]), Corpus(offers)
    near = affinity(asked.pieces, offered.pieces)
    parts = _parts(asked, offered, [0], near)
    shared = _shared(near, asked, offered)
    return [
        Likeness(
            value=round(float(parts.value[0, at]), 4),
            lexical=float(parts.lexical[0, at]),
            concepts=float(parts.concepts[0, at]),
            letters=float(parts.letters[0, at]),
            meaning=float(parts.meaning[0, at]),
            shared=shared[at],
        )
        for at in range(len(offers))
    ]


def compare(needs: Corpus, offers: Corpus, rows: Sequence[int], sources: Sources = Sources()) -> Parts:
    """The parts of the needs ``rows`` with every offer: what :func:`likeness` gives, for many at once."""
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
) -> Parts:
    """``numbers`` are the pieces that the rows of ``near`` stand for, in rising order (None = all)."""
    shape = (len(rows), len(offers))
    with_letters = bool(near.letters.any())
    asked, offered, lexical, concepts, letters = (np.zeros(shape, np.float32) for _ in range(5))
    for at, row in enumerate(rows):
        ids = needs.piece_numbers(row)
        ids = ids if numbers is None else np.searchsorted(numbers, ids)
        start, end = needs.starts[row], needs.starts[row] + needs.sizes[row]
        told, rare = needs.weights[start:end], needs.rarities[start:end]
        asked[at], offered[at] = _covered(near.full[ids], told, offers, offers.weights)
        lexical[at] = _both(_covered(near.lexical[ids], rare, offers, offers.rarities))
        concepts[at] = _both(_covered(near.concepts[ids], told, offers, offers.weights))
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
    return Parts(
        value, asked, offered, lexical, concepts, letters, np.zeros_like(value) if meaning is None else meaning
    )


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


def _shared(near: Affinity, need: Corpus, offers: Corpus) -> list[tuple[tuple[str, str], ...]]:
    """By offer: the pieces that meet, as both say them, those first that tell most."""
    met: list[list[tuple[float, str, str]]] = [[] for _ in range(len(offers))]
    for row, one in enumerate(need.pieces.units):
        if one.weight < _TOLD_FROM:
            continue
        alike = near.full[row][offers.ids]
        best = np.maximum.reduceat(alike, offers.starts)
        for at in np.flatnonzero(best >= _SHOWN_FROM):
            start = offers.starts[at]
            piece = offers.ids[start + int(np.argmax(alike[start : start + offers.sizes[at]]))]
            met[at].append((-one.weight * float(best[at]), one.written, offers.pieces.units[piece].written))
    return [tuple((asked, offered) for _, asked, offered in sorted(each)[:_SHOWN]) for each in met]
