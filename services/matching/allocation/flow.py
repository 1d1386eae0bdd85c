"""The best flow through a network when links cost by the quantity: a min-cost flow, and a bound for every plan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ortools.graph.python import min_cost_flow

from services.matching.allocation.network import Floats, Ints, Mask, Network

_FINE = 2.0**20
"""Steps of cost between nothing and one of the smaller values."""
_COARSEST, _FINEST = 2.0**32, 2.0**44
"""Range of the largest cost: finer takes longer (a third more at 2**44), more would overflow."""
_LAST_RESORT = 2.0**20
_COST_STEP = 2.0**6
_LAST_DIGITS = 1e-9


class Unsolved(Exception):
    """The solver gave up; its numbers were too large."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What has been decided about links: ``closed`` carry nothing, ``opened`` at least their lot and cost in full."""

    closed: Mask
    opened: Mask

    @classmethod
    def none(cls, network: Network) -> Choices:
        return cls(np.zeros(len(network.need), dtype=bool), network.floor > 0)

    def with_closed(self, edges: Mask) -> Choices:
        return Choices(self.closed | (edges & ~self.opened), self.opened)

    def with_opened(self, edges: Mask) -> Choices:
        return Choices(self.closed & ~edges, self.opened | edges)


@dataclass(frozen=True, slots=True)
class Relaxed:
    """``values`` per need, links paid by the quantity: together a bound for every flow that keeps the choices."""

    flow: Ints
    values: Floats

    @property
    def bound(self) -> float:
        return float(self.values.sum())


def relaxed(network: Network, choices: Choices) -> Relaxed | None:
    """The best flow without lots and limits of links; None when the choices leave none.

    A link that is not opened pays its cost by the unit, in proportion to the most it could carry: never more than it
    has to pay when it carries anything.
    """
    floor = np.where(choices.opened, np.maximum(network.floor, network.lot), network.floor)
    room = np.where(choices.closed, 0, network.cap) - floor
    left_to_ask = network.asked - network.met(floor)
    left_to_give = network.free - network.given(floor)
    if (room < 0).any() or (left_to_ask < 0).any() or (left_to_give < 0).any():
        return None
    price = np.where(choices.opened, 0.0, network.each_link / np.maximum(network.cap, 1))
    gains = network.per_unit - price
    flow = floor + _best_flow(network, gains, room, floor, left_to_give)
    fit = np.bincount(network.need, weights=gains * flow, minlength=len(network.asked))
    opened = np.bincount(network.need[choices.opened], minlength=len(network.asked))
    return Relaxed(flow, fit + network.fairness * network.fair(network.met(flow)) - network.each_link * opened)


def bound_of(network: Network, found: Relaxed) -> float:
    """What no flow exceeds. Where quantities were cut to be counted, all that could be gained at all."""
    if not network.rounded:
        return found.bound * (1 + _LAST_DIGITS) if found.bound > 0 else found.bound
    best = np.zeros(len(network.asked))
    np.maximum.at(best, network.need, network.worth)
    return float((best + network.bonus.sum(axis=1)).sum())


def _best_flow(network: Network, gains: Floats, room: Ints, floor: Ints, left_to_give: Ints) -> Ints:
    """Flow above the floors. Nodes: needs, then offers, then where everything ends, used or not."""
    needs, offers = len(network.asked), len(network.free)
    used = np.flatnonzero(room > 0)
    steps = _steps_left(network, floor)
    rising = steps.shape[1] if network.bonus.any() else 1
    sizes = steps if rising > 1 else steps.sum(axis=1, keepdims=True)
    worth = network.bonus[:, :rising] / network.asked[:, None]
    reach = np.zeros(offers, dtype=np.int64)
    np.add.at(reach, network.offer[used], room[used])
    supply = np.minimum(left_to_give, reach)
    end = needs + offers
    tails = [network.offer[used] + needs, np.repeat(np.arange(needs), rising), np.arange(needs, end)]
    heads = [network.need[used], np.full(needs * rising, end), np.full(offers, end)]
    caps = [room[used], sizes.ravel(), supply]
    values = np.concatenate([gains[used], worth.ravel(), np.zeros(offers)])
    supplies = np.concatenate([np.zeros(needs, dtype=np.int64), supply, [-supply.sum()]])
    found = _solved(np.concatenate(tails), np.concatenate(heads), np.concatenate(caps), values, supplies)
    flow = np.zeros(len(network.need), dtype=np.int64)
    flow[used] = found[: len(used)]
    return flow


def _steps_left(network: Network, floor: Ints) -> Ints:
    """The steps of the fairness term that the floors have not used up, the first ones first."""
    steps, taken = network.steps.copy(), network.met(floor)
    for step in range(steps.shape[1]):
        part = np.minimum(taken, steps[:, step])
        steps[:, step] -= part
        taken = taken - part
    return steps


def _solved(tails: Ints, heads: Ints, caps: Ints, values: Floats, supplies: Ints) -> Ints:
    """Flows of greatest value. Costs are whole numbers as fine as the solver takes them."""
    most = float(np.abs(values).max(initial=0.0))
    if most == 0.0:
        return np.zeros(len(tails), dtype=np.int64)
    largest = min(max(_COARSEST, _FINE * most / _smaller_of(values)), _FINEST)
    while largest >= _LAST_RESORT:
        solver = min_cost_flow.SimpleMinCostFlow()
        costs = -np.ceil(values * (largest / most)).astype(np.int64)
        arcs = solver.add_arcs_with_capacity_and_unit_cost(tails, heads, caps, costs)
        solver.set_nodes_supplies(np.arange(len(supplies)), supplies)
        if solver.solve() == solver.OPTIMAL:
            found: Ints = solver.flows(arcs)
            return found
        largest /= _COST_STEP
    raise Unsolved


def _smaller_of(values: Floats) -> float:
    """What 99 of 100 values (zeros apart) are above."""
    return float(np.quantile(np.abs(values[values != 0]), 0.01))
