"""How evenly a plan helps the neighbourhoods, what fairness moves, and what that costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.matching.allocation.model import Plan, Problem


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """A neighbourhood (None: needs of no known one). Shares (0-1) are averages over its need lines."""

    nil: int | None
    hardship: float
    needs: int
    plain: float
    fair: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """The plan beside the one that looks at fit alone: ``cost`` is the fit given up, ``share`` that of all of it.

    ``moved`` need lines are covered otherwise, ``gained`` and ``lost`` of them better and worse.
    """

    neighbourhoods: tuple[Neighbourhood, ...]
    cost: float
    share: float
    moved: int
    gained: int
    lost: int


def compared(problem: Problem, plan: Plan, plain: Plan) -> Comparison:
    """``plan`` beside ``plain``, the plan for the same problem with fairness off."""
    change = np.array(plan.coverage) - np.array(plain.coverage)
    moved = np.abs(change) > 1e-9
    cost = max(0.0, plain.benefit - plan.benefit)
    return Comparison(
        tuple(_neighbourhoods(problem, plan.coverage, plain.coverage)),
        cost,
        cost / plain.benefit if plain.benefit > 0 else 0.0,
        int(moved.sum()),
        int((moved & (change > 0)).sum()),
        int((moved & (change < 0)).sum()),
    )


def _neighbourhoods(problem: Problem, fair: Sequence[float], plain: Sequence[float]) -> list[Neighbourhood]:
    places: dict[int | None, list[int]] = {}
    for index, need in enumerate(problem.needs):
        places.setdefault(need.nil, []).append(index)
    found = [
        Neighbourhood(
            nil,
            max(problem.needs[index].hardship for index in lines),
            len(lines),
            sum(plain[index] for index in lines) / len(lines),
            sum(fair[index] for index in lines) / len(lines),
        )
        for nil, lines in places.items()
    ]
    return sorted(found, key=lambda one: (one.nil is None, -one.hardship, one.nil or 0))
