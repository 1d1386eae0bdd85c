"""Weights of the ranking, refitted from decisions.

The model is a logistic regression on what the signals said of each decided proposal. Its prior are the weights of the
rules: with few decisions little moves, with many they speak. Only signals about how well an offer fits are learned.
Signals that carry the city's own choices (priorities, urgency, hardship) keep their weight: that people like to accept
what is easy must not undo what the focus group decided.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

NOT_LEARNED = frozenset({"same_resource", "priority", "urgent", "hardship"})
"""The first is always there, so decisions say nothing about it; the others are the city's choices."""

ENOUGH = 100
"""Decisions below which nothing is fitted."""

ENOUGH_OF_EACH = 20
"""Acceptances, and refusals, below which nothing is fitted."""

HELD_OUT = 0.25
"""Share of the decisions, the newest, on which old and new weights are compared."""

PRIOR_DECISIONS = 50.0
"""How many decisions the weights in use count for."""

FURTHEST = 3.0
"""A learned weight is at most this many times, and at least this part of, the weight in the rules."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Decided:
    """One decided proposal: what each signal said (0-1, by code), and whether it was accepted."""

    decided_at: datetime
    shares: Mapping[str, float]
    accepted: bool


@dataclass(frozen=True, slots=True)
class Quality:
    """How well weights foretell decisions they have not seen.

    ``log_loss``: lower is better. ``auc``: 0.5 is chance; None when all those decisions went one way.
    """

    log_loss: float
    auc: float | None


@dataclass(frozen=True, slots=True)
class Fit:
    """New weights, and how old and new ones foretell the newest decisions."""

    weights: Mapping[str, float]
    decisions: int
    accepted: int
    held_out: int
    before: Quality
    after: Quality

    @property
    def is_better(self) -> bool:
        return self.after.log_loss < self.before.log_loss


@dataclass(frozen=True, slots=True)
class TooFew:
    """Not enough decisions to learn from."""

    decisions: int
    accepted: int


def fit(
    decisions: Sequence[Decided], weights: Mapping[str, float], in_use: Mapping[str, float] | None = None
) -> Fit | TooFew:
    """Weights learned from the decisions, with those of the rules (``weights``, by code, sum 1) as their prior.

    Judged on the newest quarter by weights fitted on the older ones, beside those ``in_use`` (None: the rules); then
    fitted on all. Weights in use that were learned may have seen part of that quarter: the comparison favours staying.
    """
    accepted = sum(one.accepted for one in decisions)
    if len(decisions) < ENOUGH or min(accepted, len(decisions) - accepted) < ENOUGH_OF_EACH:
        return TooFew(len(decisions), accepted)
    ordered = sorted(decisions, key=lambda one: one.decided_at)
    cut = len(ordered) - round(len(ordered) * HELD_OUT)
    codes = sorted(weights)
    shares, answers = _matrix(ordered, codes), np.array([one.accepted for one in ordered], dtype=float)
    old = np.array([weights[code] for code in codes])
    used = old if in_use is None else np.array([in_use[code] for code in codes])
    earlier = _learned(shares[:cut], answers[:cut], codes, old)
    final = _learned(shares, answers, codes, old)
    return Fit(
        weights={code: round(float(value), 4) for code, value in zip(codes, final, strict=True)},
        decisions=len(ordered),
        accepted=accepted,
        held_out=len(ordered) - cut,
        before=_quality(used, shares, answers, cut),
        after=_quality(earlier, shares, answers, cut),
    )


def _matrix(decisions: Sequence[Decided], codes: Sequence[str]) -> Floats:
    return np.array([[min(max(one.shares.get(code, 0.0), 0.0), 1.0) for code in codes] for one in decisions])


def _learned(shares: Floats, answers: Floats, codes: Sequence[str], old: Floats) -> Floats:
    """Weights that sum to 1, none negative, those not learned as they were."""
    learns = np.array([code not in NOT_LEARNED for code in codes])
    if not learns.any():
        return old
    scale = _calibrated(shares @ old, answers)[1]
    scale = max(scale, 1.0)  # where the score tells nothing yet, its parts are still given the benefit of the doubt
    steps = np.column_stack([np.ones(len(shares)), shares[:, ~learns] @ old[~learns], shares[:, learns]])
    prior = np.concatenate([[0.0, scale], scale * old[learns]])
    trust = np.full(len(prior), PRIOR_DECISIONS / 4)
    trust[0] = 1e-6
    slopes = _newton(steps, answers, prior, trust)[2:]
    found = old.copy()
    found[learns] = _within(slopes, old[learns])
    return found


def _within(slopes: Floats, old: Floats) -> Floats:
    """Slopes as weights: none negative, none too far from the rules, together what they were together.

    A share of what is missing (or too much) goes to each in proportion, again and again until limits and sum both hold.
    """
    total, low, high = float(old.sum()), old / FURTHEST, old * FURTHEST
    found = np.clip(slopes, 0.0, None)
    found = old.copy() if found.sum() == 0 else found * total / found.sum()
    for _round in range(200):
        found = np.clip(found, low, high)
        missing = total - float(found.sum())
        if abs(missing) < 1e-12:
            break
        room = (high - found) if missing > 0 else (found - low)
        if room.sum() <= 0:
            break
        found = found + missing * room / room.sum()
    return found


def _newton(steps: Floats, answers: Floats, prior: Floats, trust: Floats, rounds: int = 60) -> Floats:
    """The most likely coefficients under a normal prior; each step is halved until it helps."""
    found = prior.copy()
    loss = _loss(steps, answers, found, prior, trust)
    for _round in range(rounds):
        chance = _sigmoid(steps @ found)
        slope = steps.T @ (chance - answers) + trust * (found - prior)
        curve = (steps * (chance * (1 - chance))[:, None]).T @ steps + np.diag(trust)
        step = np.linalg.solve(curve, slope)
        for _half in range(40):
            there = found - step
            reached = _loss(steps, answers, there, prior, trust)
            if reached <= loss:
                break
            step = step / 2
        if not loss - reached >= 1e-9:
            return found
        found, loss = there, reached
    return found


def _loss(steps: Floats, answers: Floats, found: Floats, prior: Floats, trust: Floats) -> float:
    odds = steps @ found
    likelihood = np.logaddexp(0.0, odds) - answers * odds
    return float(likelihood.sum() + 0.5 * (trust * (found - prior) ** 2).sum())


def _calibrated(scores: Floats, answers: Floats) -> tuple[float, float]:
    """Intercept and slope that make a score a chance."""
    steps = np.column_stack([np.ones(len(scores)), scores])
    found = _newton(steps, answers, np.array([0.0, 4.0]), np.array([1e-6, 1e-2]))
    return float(found[0]), float(found[1])


def _quality(weights: Floats, shares: Floats, answers: Floats, cut: int) -> Quality:
    """Scores are made chances on the older decisions and judged on the newer ones."""
    intercept, slope = _calibrated(shares[:cut] @ weights, answers[:cut])
    scores, truth = shares[cut:] @ weights, answers[cut:]
    odds = intercept + slope * scores
    loss = float(np.mean(np.logaddexp(0.0, odds) - truth * odds))
    return Quality(round(loss, 4), _auc(scores, truth))


def _auc(scores: Floats, truth: Floats) -> float | None:
    """How often an accepted proposal scores above a refused one; ties count half."""
    yes, no = np.sort(scores[truth == 1]), np.sort(scores[truth == 0])
    if not len(yes) or not len(no):
        return None
    below, upto = np.searchsorted(no, yes, "left"), np.searchsorted(no, yes, "right")
    return round(float((below + upto).sum() / (2 * len(yes) * len(no))), 4)


def _sigmoid(odds: Floats) -> Any:
    return 1.0 / (1.0 + np.exp(-np.clip(odds, -40, 40)))
