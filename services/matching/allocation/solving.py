"""From a problem to its plan: the flow, then the rules it cannot say, and never worse than the best next choice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from services.matching.allocation.branching import branched
from services.matching.allocation.flow import Choices, Unsolved, bound_of, relaxed
from services.matching.allocation.greedy import greedy
from services.matching.allocation.keeping import breaches, kept
from services.matching.allocation.model import Forced, Link, NotPossible, Plan, Problem, Tell, nobody
from services.matching.allocation.network import Floats, Ints, Mask, Network, networks

_SMALL = 400
"""Edges of a part that branch and bound is tried on."""
_NODES_EACH = 120
_NODES_IN_ALL = 3000
_CLOSE_ENOUGH = 1e-9


@dataclass(frozen=True, slots=True)
class _Solved:
    network: Network
    flow: Ints
    bound: float
    greedy: float


def solve(problem: Problem, tell: Tell = nobody, known: Plan | None = None) -> Plan:
    """The plan. ``tell`` hears of the progress and may stop it. Raises :class:`NotPossible` and Stopped.

    ``known`` is a plan for the same lines and rules, made with another weight of fairness or with choices that are
    insisted on: the answer is no worse than that.
    """
    parts = networks(problem)
    _possible(problem, parts)
    total = sum(len(network.need) for network in parts) or 1
    done, solved = 0, []
    for network in parts:
        tell("solving", done / total)
        one = _solve(network, _within(tell, done / total, len(network.need) / total))
        solved.append(one if known is None else _no_worse(one, _flow_of(network, known)))
        done += len(network.need)
    tell("solving", 1.0)
    return _plan(problem, solved)


def _no_worse(one: _Solved, other: Ints) -> _Solved:
    """Part by part the better of the two."""
    flow = _better(one.network, _parts(one.network), one.flow, other)
    return replace(one, flow=flow, bound=max(one.bound, one.network.value(flow)))


def _flow_of(network: Network, plan: Plan) -> Ints:
    quantities = {link.edge: int(link.quantity // network.unit) for link in plan.links}
    return np.array([quantities.get(edge, 0) for edge in network.edges.tolist()], dtype=np.int64)


def _within(tell: Tell, start: float, size: float) -> Callable[[float], None]:
    return lambda share: tell("solving", start + share * size)


def greedy_plan(problem: Problem) -> Plan:
    """What the best next choice, one after another, comes to."""
    found = [(network, greedy(network)) for network in networks(problem)]
    return _plan(problem, [_Solved(network, flow, np.inf, network.value(flow)) for network, flow in found])


def around(problem: Problem, edge: int) -> Problem:
    """The part of the problem that a change along ``edge`` can reach; edges keep their order."""
    needs, offers = {problem.edges[edge].need}, set[int]()
    by_need: dict[int, list[int]] = {}
    by_offer: dict[int, list[int]] = {}
    for one in problem.edges:
        by_need.setdefault(one.need, []).append(one.offer)
        by_offer.setdefault(one.offer, []).append(one.need)
    waiting = list(needs)
    while waiting:
        for offer in by_need[waiting.pop()]:
            if offer not in offers:
                offers.add(offer)
                new = set(by_offer[offer]) - needs
                needs |= new
                waiting += new
    edges = [index for index, one in enumerate(problem.edges) if one.need in needs]
    place = {index: at for at, index in enumerate(edges)}
    need_at = {index: at for at, index in enumerate(sorted(needs))}
    offer_at = {index: at for at, index in enumerate(sorted(offers))}
    return Problem(
        [problem.needs[index] for index in sorted(needs)],
        [problem.offers[index] for index in sorted(offers)],
        [
            replace(one, need=need_at[one.need], offer=offer_at[one.offer])
            for one in (problem.edges[index] for index in edges)
        ],
        problem.rules,
        [Forced(place[one.edge], one.quantity) for one in problem.forced if one.edge in place],
    )


def _possible(problem: Problem, parts: list[Network]) -> None:
    """Raises :class:`NotPossible` when what is insisted on does not fit together."""
    for network in parts:
        over = (network.met(network.floor) > network.asked).any() or (network.given(network.floor) > network.free).any()
        links = network.links_of_needs(network.floor) > network.need_links
        if over or links.any() or (network.links_of_offers(network.floor) > network.offer_links).any():
            raise NotPossible
    if any(one.quantity <= 0 for one in problem.forced):
        raise NotPossible


def _solve(network: Network, tell: Callable[[float], None]) -> _Solved:
    choices = Choices.none(network)
    first = greedy(network)
    try:
        best = relaxed(network, choices)
    except Unsolved:
        best = None
    if best is None:
        return _Solved(network, first, float(np.abs(network.worth).sum() + network.bonus.sum()), network.value(first))
    tell(0.3)
    labels = _parts(network)
    bounds = _by_part(labels, best.values)
    flow = best.flow
    if breaches(network, flow).any() or network.each_link > 0:
        flow = kept(network, flow, choices)
    tell(0.7)
    flow = _better(network, labels, flow, first)
    bounds = np.maximum(bounds, _by_part(labels, network.values(flow)))
    if not network.rounded:
        flow, bounds = _finished(network, labels, flow, bounds, choices)
    whole = bound_of(network, best)
    bound = whole if network.rounded else min(whole, float(bounds.sum()) * (1 + _CLOSE_ENOUGH))
    return _Solved(network, flow, max(bound, network.value(flow)), network.value(first))


def _better(network: Network, labels: Ints, flow: Ints, other: Ints) -> Ints:
    """Part by part the better of two flows."""
    wins = _by_part(labels, network.values(other)) > _by_part(labels, network.values(flow))
    return np.where(wins[labels[network.need]], other, flow)


def _finished(network: Network, labels: Ints, flow: Ints, bounds: Floats, choices: Choices) -> tuple[Ints, Floats]:
    """Small parts that are not at their bound yet, those with the most to gain first, solved to the end."""
    gaps = bounds - _by_part(labels, network.values(flow))
    sizes = np.bincount(labels[network.need], minlength=len(bounds))
    budget, flow, bounds = _NODES_IN_ALL, flow.copy(), bounds.copy()
    for part in np.argsort(-gaps):
        if gaps[part] <= _CLOSE_ENOUGH * max(1.0, bounds[part]) or budget <= 0:
            break
        if sizes[part] > _SMALL:
            continue
        inside: Mask = labels == part
        edges = np.flatnonzero(inside[network.need])
        nodes = min(budget, _NODES_EACH)
        found, bound = branched(network.part(inside), flow[edges], _of(choices, edges), nodes)
        flow[edges] = found
        bounds[part] = min(bounds[part], bound)
        budget -= nodes
    return flow, bounds


def _of(choices: Choices, edges: Ints) -> Choices:
    return Choices(choices.closed[edges], choices.opened[edges])


def _by_part(labels: Ints, values: Floats) -> Floats:
    found: Floats = np.bincount(labels, weights=values).astype(np.float64)
    return found


def _parts(network: Network) -> Ints:
    """For each need the number of its connected part."""
    needs, offers = len(network.asked), len(network.free)
    lowest = np.arange(needs)
    while True:
        of_offer = np.full(offers, needs, dtype=np.int64)
        np.minimum.at(of_offer, network.offer, lowest[network.need])
        again = lowest.copy()
        np.minimum.at(again, network.need, of_offer[network.offer])
        again = again[again]
        if (again == lowest).all():
            break
        lowest = again
    _, labels = np.unique(lowest, return_inverse=True)
    found: Ints = labels.astype(np.int64)
    return found


def _plan(problem: Problem, solved: list[_Solved]) -> Plan:
    links: list[Link] = []
    coverage = [0.0] * len(problem.needs)
    value = fair = 0.0
    for one in solved:
        network, flow = one.network, one.flow
        met = network.met(flow)
        shares = met / network.asked
        for place, need in enumerate(network.needs.tolist()):
            coverage[need] = min(1.0, float(shares[place]))
        value += network.value(flow)
        fair += float(network.fair(met).sum())
        links += _links(network, flow)
    return Plan(
        links=tuple(sorted(links, key=lambda link: (link.need, link.offer))),
        value=value,
        bound=sum(one.bound for one in solved),
        greedy=sum(one.greedy for one in solved),
        benefit=value - problem.rules.fairness * fair,
        fairness=fair,
        coverage=tuple(coverage),
    )


def _links(network: Network, flow: Ints) -> list[Link]:
    per_unit, values = network.per_unit, []
    met = network.met(flow)
    fair = network.fairness * network.fair(met)
    for edge in np.flatnonzero(flow).tolist():
        need, quantity = int(network.need[edge]), int(flow[edge])
        share = float(per_unit[edge]) * quantity + float(fair[need]) * quantity / int(met[need]) - network.each_link
        values.append(
            Link(
                int(network.edges[edge]),
                int(network.needs[need]),
                int(network.offers[network.offer[edge]]),
                Decimal(quantity) * network.unit,
                share,
            )
        )
    return values
