"""The second step: a flow is made to keep what no flow can say: smallest lots, limits of links, the cost of a link."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from services.matching.allocation.flow import Choices, relaxed
from services.matching.allocation.greedy import filled
from services.matching.allocation.network import Floats, Ints, Mask, Network

ROUNDS = 4
LOCAL_ROUNDS = 6
LARGE = 50_000
"""Edges from which on only one further flow is made of the whole network."""


def breaches(network: Network, flow: Ints) -> Mask:
    """Links below their lot, and the weakest ones of needs and offers that have too many."""
    used = flow > 0
    small = used & (flow < network.lot) & (network.floor == 0)
    too_many = _beyond(network.need, network.need_links, network, flow)
    too_many |= _beyond(network.offer, network.offer_links, network, flow)
    found: Mask = small | too_many
    return found


def wasteful(network: Network, flow: Ints) -> Mask:
    """Links that add less than a link costs."""
    if network.each_link == 0:
        return np.zeros(len(flow), dtype=bool)
    found: Mask = (flow > 0) & (network.floor == 0) & (_added(network, flow) <= network.each_link)
    return found


def kept(network: Network, flow: Ints, choices: Choices) -> Ints:
    """A flow near ``flow`` that keeps every rule; what it leaves is filled up again.

    The first time everything is weighed anew, then only the needs that break a rule, among what the others leave them.
    """
    for number in range(ROUNDS):
        wrong = breaches(network, flow) | wasteful(network, flow)
        if not wrong.any():
            break
        choices = choices.with_closed(_weakest_of_each(network, flow, wrong))
        again = relaxed(network, choices)
        if again is None:
            break
        flow = again.flow
        if number == 0 and len(flow) > LARGE:
            flow = _locally(network, flow, choices)
            break
    return _without_waste(network, filled(network, _cut(network, flow)))


def _locally(network: Network, flow: Ints, choices: Choices) -> Ints:
    for _ in range(LOCAL_ROUNDS):
        wrong = breaches(network, flow) | wasteful(network, flow)
        if not wrong.any():
            break
        choices = choices.with_closed(_weakest_of_each(network, flow, wrong))
        touched = np.zeros(len(network.asked), dtype=bool)
        touched[network.need[wrong]] = True
        edges = np.flatnonzero(touched[network.need])
        fixed = flow.copy()
        fixed[edges] = 0
        offers = np.unique(network.offer[edges])
        part = replace(
            network.part(touched),
            free=(network.free - network.given(fixed))[offers],
            offer_links=(network.offer_links - network.links_of_offers(fixed))[offers],
        )
        again = relaxed(part, Choices(choices.closed[edges], choices.opened[edges]))
        if again is None:
            break
        flow = fixed
        flow[edges] = again.flow
    return flow


def _cut(network: Network, flow: Ints) -> Ints:
    """Without the links that still break a rule: taking a link away never breaks another one's."""
    flow = flow.copy()
    flow[breaches(network, flow)] = 0
    return flow


def _without_waste(network: Network, flow: Ints) -> Ints:
    """Without links that are not worth their cost; what others could take over is filled up once."""
    waste = wasteful(network, flow)
    if not waste.any():
        return flow
    fewer = flow.copy()
    fewer[_weakest_of_each(network, flow, waste)] = 0
    fewer = filled(network, fewer)
    return fewer if network.value(fewer) > network.value(flow) else flow


def _beyond(groups: Ints, limits: Ints, network: Network, flow: Ints) -> Mask:
    """Of each group the links beyond its limit, those that add least."""
    used = np.flatnonzero(flow > 0)
    found = np.zeros(len(flow), dtype=bool)
    counts = np.bincount(groups[used], minlength=len(limits))
    if not (counts > limits).any():
        return found
    strength = _added(network, flow)[used] + np.where(network.floor[used] > 0, np.inf, 0.0)
    order = np.lexsort((-strength, groups[used]))
    ordered = groups[used][order]
    place = np.arange(len(ordered)) - np.searchsorted(ordered, ordered)
    found[used[order[place >= limits[ordered]]]] = True
    not_insisted: Mask = found & (network.floor == 0)
    return not_insisted


def _weakest_of_each(network: Network, flow: Ints, wrong: Mask) -> Mask:
    """Of each need the one wrong link that adds least: the others may be right once it is gone."""
    edges = np.flatnonzero(wrong)
    order = edges[np.lexsort((_added(network, flow)[edges], network.need[edges]))]
    _, first = np.unique(network.need[order], return_index=True)
    found = np.zeros(len(flow), dtype=bool)
    found[order[first]] = True
    return found


def _added(network: Network, flow: Ints) -> Floats:
    """What each link adds: its fit, and what the last quantity its need gets adds to fairness."""
    met = network.met(flow)[network.need]
    fair = _fair_at(network, met) - _fair_at(network, met - flow)
    added: Floats = network.per_unit * flow + network.fairness * fair
    return added


def _fair_at(network: Network, met: Ints) -> Floats:
    """The fairness term of each edge's need, would it get so much."""
    left, total = met.copy(), np.zeros(len(met))
    steps, slopes = network.steps[network.need], network.slopes[network.need] / network.asked[network.need][:, None]
    for step in range(steps.shape[1]):
        part = np.minimum(left, steps[:, step])
        total += slopes[:, step] * part
        left = left - part
    return total
