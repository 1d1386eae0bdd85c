"""A skewed example: all offers lie near the well-off neighbourhoods, so that fit alone leaves the others with nothing.

``sportello bench fairness`` shows what each weight of fairness moves, and what that costs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from services.matching.allocation.fairness import Comparison, compared
from services.matching.allocation.model import Edge, NeedLine, OfferLine, Problem, Rules
from services.matching.allocation.solving import solve

NEIGHBOURHOODS = ((1, "Duomo", 0.05), (20, "Loreto", 0.40), (60, "Stadera", 0.70), (76, "Quarto Oggiaro", 0.95))
"""NIL, name and an invented indicator of hardship (0-1)."""
NEEDS_EACH, ASKED, OFFERS, FREE = 5, Decimal(20), 10, Decimal(20)
"""Asked in all: 400; offered: 200, all of it in the Duomo. Fit falls with the distance, as in the ranking."""
_FITS = {1: 0.60, 20: 0.55, 60: 0.52, 76: 0.50}
WEIGHTS = (0.0, 0.1, 0.3, 0.6, 1.0)


@dataclass(frozen=True, slots=True)
class Shown:
    """One weight of fairness: coverage (0-1) by neighbourhood, what moved, and the share of the fit given up."""

    weight: float
    coverage: dict[str, float]
    moved: int
    cost: float


def problem(fairness: float) -> Problem:
    """The example with this weight of fairness."""
    needs = [
        NeedLine(f"{name} {number}", "goods/C62", ASKED, nil=nil, hardship=hardship)
        for nil, name, hardship in NEIGHBOURHOODS
        for number in range(NEEDS_EACH)
    ]
    offers = [OfferLine(f"offer {number}", "goods/C62", FREE) for number in range(OFFERS)]
    edges = [Edge(need, offer, _FITS[line.nil or 1]) for need, line in enumerate(needs) for offer in range(len(offers))]
    return Problem(needs, offers, edges, Rules(fairness, each_link=0.01))


def comparison(fairness: float) -> Comparison:
    """The example's plan with this weight beside the one that looks at fit alone."""
    wanted = problem(fairness)
    plan = solve(wanted)
    return compared(wanted, plan, solve(replace(wanted, rules=replace(wanted.rules, fairness=0.0)), known=plan))


def shown() -> Iterator[Shown]:
    names = {nil: name for nil, name, _ in NEIGHBOURHOODS}
    for weight in WEIGHTS:
        found = comparison(weight)
        coverage = {names[one.nil or 1]: one.fair for one in reversed(found.neighbourhoods)}
        yield Shown(weight, coverage, found.moved, found.share)
