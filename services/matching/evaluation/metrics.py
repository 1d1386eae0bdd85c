"""Measures of a ranking, per need and over needs, with a bootstrap interval over needs.

Relevant = grade of at least ``least`` (1 unless said otherwise). nDCG@10: gain 2^grade − 1, discount log2(rank + 1).
Precision, recall and F1 are over all pairs of all needs that are decided (micro).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum

import numpy as np
import numpy.typing as npt

CUT = 10
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one need: ``relevant`` pairs there are, how many were ``decided`` for, how many of these are ``right``.

    The others are None when there is nothing relevant: then no ranking is better than another.
    """

    relevant: int
    decided: int
    right: int
    average_precision: float | None
    ndcg: float | None
    reciprocal_rank: float | None
    first_right: float | None


def outcome(grades: Sequence[int], ranks: Sequence[int | None], decided: int, right: int, least: int = 1) -> Outcome:
    """``ranks`` (from 1; None = not ranked at all) belong to the judged offers with these ``grades``."""
    relevant = sum(grade >= least for grade in grades)
    if not relevant:
        return Outcome(0, decided, right, None, None, None, None)
    hits = sorted(rank for grade, rank in zip(grades, ranks, strict=True) if grade >= least and rank is not None)
    precision = sum(at / rank for at, rank in enumerate(hits, 1)) / relevant
    first = hits[0] if hits else None
    return Outcome(
        relevant=relevant,
        decided=decided,
        right=right,
        average_precision=precision,
        ndcg=_ndcg(grades, ranks),
        reciprocal_rank=0.0 if first is None else 1 / first,
        first_right=float(first == 1),
    )


def _ndcg(grades: Sequence[int], ranks: Sequence[int | None]) -> float:
    # Exact sums: in another order of equal terms a perfect ranking would come to a bit more than 1.
    found = fsum(
        (2.0**grade - 1) / np.log2(rank + 1)
        for grade, rank in zip(grades, ranks, strict=True)
        if rank is not None and rank <= CUT
    )
    ideal = fsum(
        (2.0**grade - 1) / np.log2(rank + 1) for rank, grade in enumerate(sorted(grades, reverse=True)[:CUT], 1)
    )
    return float(found / ideal) if ideal else 0.0


NAMES = ("precision", "recall", "f1", "ndcg_10", "map", "mrr", "r_1")
_SUMS = ("relevant", "decided", "right")
_MEANS = ("ndcg", "average_precision", "reciprocal_rank", "first_right")


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure with its interval (None without any need to measure it on)."""

    value: float | None
    low: float | None
    high: float | None


def summary(outcomes: Sequence[Outcome], *, samples: int = 1000, seed: int = 7) -> dict[str, Measure]:
    """The figures over all needs; 95 % intervals from ``samples`` draws of needs with replacement."""
    if not outcomes:
        return dict.fromkeys(NAMES, Measure(None, None, None))
    sums = np.array([[getattr(one, name) for name in _SUMS] for one in outcomes], np.float64)
    means = np.array([[_or_nan(getattr(one, name)) for name in _MEANS] for one in outcomes], np.float64)
    ranked = ~np.isnan(means[:, 0])
    table = np.column_stack([sums, np.nan_to_num(means), ranked])
    whole = _figures(np.ones((1, len(outcomes))) @ table)[0]
    drawn = _drawn(len(outcomes), samples, seed)
    spread = _figures(np.vstack([draw @ table for draw in drawn]))
    return {
        name: Measure(None, None, None)
        if np.isnan(whole[at])
        else Measure(_round(whole[at]), *(_round(edge) for edge in np.nanpercentile(spread[:, at], [2.5, 97.5])))
        for at, name in enumerate(NAMES)
    }


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value


def _round(value: float) -> float:
    return round(float(value), 4)


def _drawn(needs: int, samples: int, seed: int) -> list[Floats]:
    """How often each need is drawn, some samples at a time so that memory stays small."""
    chance = np.random.default_rng(seed)
    found, left = [], samples
    while left > 0:
        size = min(left, max(1, 2_000_000 // needs))
        counts = np.zeros((size, needs))
        picks = chance.integers(0, needs, (size, needs))
        np.add.at(counts, (np.arange(size)[:, None], picks), 1)
        found.append(counts)
        left -= size
    return found


def _figures(totals: Floats) -> Floats:
    """Rows of sums become rows in the order of ``NAMES``."""
    relevant, decided, right, ndcg, average, reciprocal, first, ranked = totals.T
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(decided > 0, right / decided, 0.0)
        recall = np.where(relevant > 0, right / relevant, np.nan)
        f1 = np.where(relevant > 0, 2 * right / (decided + relevant), np.nan)
        precision = np.where(relevant > 0, precision, np.nan)
        by_need = [np.where(ranked > 0, one / ranked, np.nan) for one in (ndcg, average, reciprocal, first)]
    return np.column_stack([precision, recall, f1, *by_need])


class BestThreshold:
    """Collects scores (0-1) and says at which threshold F1 would have been best: a diagnosis, not a rule."""

    _STEPS = 1000

    def __init__(self) -> None:
        self._all = np.zeros(self._STEPS + 1)
        self._right = np.zeros(self._STEPS + 1)

    def add(self, scores: npt.NDArray[np.float32], right: Ints) -> None:
        """``scores`` of every pair of a need that may be proposed, ``right`` the positions of the relevant ones."""
        steps = np.clip(np.round(scores * self._STEPS), 0, self._STEPS).astype(np.int64)
        self._all += np.bincount(steps, minlength=self._STEPS + 1)
        self._right += np.bincount(steps[right], minlength=self._STEPS + 1)

    def best(self, relevant: int) -> tuple[float, float] | None:
        """F1 and its threshold; None when nothing is relevant."""
        if not relevant:
            return None
        decided, right = np.cumsum(self._all[::-1])[::-1], np.cumsum(self._right[::-1])[::-1]
        f1 = 2 * right / np.maximum(1, decided + relevant)
        at = self._STEPS - int(np.argmax(f1[::-1]))
        return round(float(f1[at]), 4), at / self._STEPS
