"""One commodity as whole numbers: what the solvers work on, and what a flow on it is worth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from services.matching.allocation.model import LEAST_REGARD, SHARES, SLOPES, NeedLine, NotPossible, Problem

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

NO_LIMIT = 2**31
MOST_IN_ALL = 2**60
"""Quantities of a network together stay below, so that no sum of the solver overflows."""
_DECIMALS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Quantities are whole multiples of ``unit``; edges name needs and offers by their place in here.

    ``worth`` is what an edge adds when it covers the whole need. ``steps`` and ``slopes`` (per need, three each) are
    the concave fairness term: how much fits in a step, and what it is worth per share of what is asked; ``fairness`` is
    its weight. ``floor`` is what somebody insists on. ``rounded``: the numbers were so large that quantities are cut.
    """

    unit: Decimal
    asked: Ints
    free: Ints
    need: Ints
    offer: Ints
    cap: Ints
    lot: Ints
    floor: Ints
    worth: Floats
    steps: Ints
    slopes: Floats
    fairness: float
    need_links: Ints
    offer_links: Ints
    each_link: float
    needs: Ints
    offers: Ints
    edges: Ints
    rounded: bool = False

    @property
    def per_unit(self) -> Floats:
        """What one unit adds along each edge, fairness and links apart."""
        found: Floats = self.worth / self.asked[self.need]
        return found

    def met(self, flow: Ints) -> Ints:
        """How much each need gets."""
        return _summed(self.need, flow, len(self.asked))

    def given(self, flow: Ints) -> Ints:
        """How much each offer gives."""
        return _summed(self.offer, flow, len(self.free))

    def links_of_needs(self, flow: Ints) -> Ints:
        return np.bincount(self.need[flow > 0], minlength=len(self.asked)).astype(np.int64)

    def links_of_offers(self, flow: Ints) -> Ints:
        return np.bincount(self.offer[flow > 0], minlength=len(self.free)).astype(np.int64)

    @property
    def bonus(self) -> Floats:
        """What each step is worth per share of what is asked, the weight of fairness included."""
        return self.slopes * self.fairness

    def fair(self, met: Ints) -> Floats:
        """The fairness term of each need that gets so much, without its weight."""
        left = met.copy()
        total = np.zeros(len(met))
        for step in range(len(SHARES)):
            part = np.minimum(left, self.steps[:, step])
            total += self.slopes[:, step] * part / self.asked
            left -= part
        return total

    def values(self, flow: Ints) -> Floats:
        """What the flow is worth, need by need."""
        fit = np.bincount(self.need, weights=self.per_unit * flow, minlength=len(self.asked))
        found: Floats = fit + self.fairness * self.fair(self.met(flow)) - self.each_link * self.links_of_needs(flow)
        return found

    def value(self, flow: Ints) -> float:
        return float(self.values(flow).sum())

    def part(self, kept: Mask) -> Network:
        """Only these needs and whatever is joined to them; offers keep all they have."""
        edges = np.flatnonzero(kept[self.need])
        needs = np.flatnonzero(kept)
        offers = np.unique(self.offer[edges])
        return replace(
            self,
            asked=self.asked[needs],
            free=self.free[offers],
            need=np.searchsorted(needs, self.need[edges]),
            offer=np.searchsorted(offers, self.offer[edges]),
            cap=self.cap[edges],
            lot=self.lot[edges],
            floor=self.floor[edges],
            worth=self.worth[edges],
            steps=self.steps[needs],
            slopes=self.slopes[needs],
            need_links=self.need_links[needs],
            offer_links=self.offer_links[offers],
            needs=self.needs[needs],
            offers=self.offers[offers],
            edges=self.edges[edges],
        )


def networks(problem: Problem) -> list[Network]:
    """One network per commodity that has edges. Raises :class:`NotPossible` for what cannot be insisted on."""
    by_commodity: dict[str, list[int]] = {}
    for index, edge in enumerate(problem.edges):
        by_commodity.setdefault(problem.needs[edge.need].commodity, []).append(index)
    return [_network(problem, np.array(edges, dtype=np.int64)) for _, edges in sorted(by_commodity.items())]


def _network(problem: Problem, edges: Ints) -> Network:
    chosen = [problem.edges[index] for index in edges]
    needs, need = np.unique([edge.need for edge in chosen], return_inverse=True)
    offers, offer = np.unique([edge.offer for edge in chosen], return_inverse=True)
    asked_of = [problem.needs[index] for index in needs]
    free_of = [problem.offers[index] for index in offers]
    quantities = [line.asked for line in asked_of] + [line.free for line in free_of]
    unit, rounded = _unit(quantities, [edge.cap for edge in chosen if edge.cap is not None])
    asked, free = _whole([line.asked for line in asked_of], unit), _whole([line.free for line in free_of], unit)
    cap = np.minimum(asked[need], free[offer])
    asked = np.maximum(asked, 1)
    limited = [index for index, edge in enumerate(chosen) if edge.cap is not None]
    cap[limited] = np.minimum(cap[limited], _whole([chosen[index].cap or Decimal(0) for index in limited], unit))
    lots = _whole([line.lot for line in asked_of], unit, up=True)[need]
    lots = np.maximum(lots, _whole([line.lot for line in free_of], unit, up=True)[offer])
    least = _whole([edge.least for edge in chosen], unit, up=True)
    lots = np.maximum(np.minimum(np.maximum(lots, 1), np.maximum(cap, 1)), least)
    floor = _floor(problem, edges, unit, cap)
    if ((floor > 0) & (floor < least)).any():
        raise NotPossible
    return Network(
        unit=unit,
        asked=asked,
        free=free,
        need=need.astype(np.int64),
        offer=offer.astype(np.int64),
        cap=cap,
        lot=np.where(floor > 0, np.minimum(lots, floor), lots),
        floor=floor,
        worth=np.array([edge.score for edge in chosen]) * np.array([line.weight for line in asked_of])[need],
        steps=_steps(asked),
        slopes=np.array([_slopes(line) for line in asked_of]),
        fairness=problem.rules.fairness,
        need_links=np.array([_limit(line.most_links) for line in asked_of], dtype=np.int64),
        offer_links=np.array([_limit(line.most_links) for line in free_of], dtype=np.int64),
        each_link=problem.rules.each_link,
        needs=needs.astype(np.int64),
        offers=offers.astype(np.int64),
        edges=edges,
        rounded=rounded,
    )


def regard(hardship: float) -> float:
    """How much the fairness term looks at a neighbourhood: more, the worse off it is."""
    return LEAST_REGARD + (1 - LEAST_REGARD) * min(max(hardship, 0.0), 1.0)


def _slopes(line: NeedLine) -> list[float]:
    return [regard(line.hardship) * slope for slope in SLOPES]


def _steps(asked: Ints) -> Ints:
    first = -(-asked * SHARES[0] // sum(SHARES))
    second = -(-asked * (SHARES[0] + SHARES[1]) // sum(SHARES)) - first
    return np.stack([first, second, asked - first - second], axis=1)


def _limit(links: int | None) -> int:
    return NO_LIMIT if links is None else links


def _unit(quantities: list[Decimal], caps: list[Decimal]) -> tuple[Decimal, bool]:
    """The coarsest power of ten in which nothing is lost, coarser only when the numbers would overflow."""
    decimals = max(
        (max(0, -int(one.normalize().as_tuple().exponent)) for one in (*quantities, *caps)),
        default=0,
    )
    exponent, total, rounded = -min(decimals, _DECIMALS), sum(quantities), False
    while total / Decimal(10) ** exponent >= MOST_IN_ALL:
        exponent, rounded = exponent + 1, True
    return Decimal(10) ** exponent, rounded


def _whole(quantities: list[Decimal], unit: Decimal, *, up: bool = False) -> Ints:
    cut = [int(-(-one // unit)) if up else int(one // unit) for one in quantities]
    return np.array(cut, dtype=np.int64)


def _floor(problem: Problem, edges: Ints, unit: Decimal, cap: Ints) -> Ints:
    floor = np.zeros(len(edges), dtype=np.int64)
    for forced in problem.forced:
        place = np.flatnonzero(edges == forced.edge)
        if len(place):
            floor[place[0]] = int(forced.quantity // unit)
    if (floor > cap).any():
        raise NotPossible
    return floor


def _summed(groups: Ints, flow: Ints, count: int) -> Ints:
    """Sums by group in whole numbers: ``np.bincount`` would go through floats."""
    total = np.zeros(count, dtype=np.int64)
    np.add.at(total, groups, flow)
    return total
