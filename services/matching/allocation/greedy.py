"""The best next choice, one after another: what a plan has to beat, and what fills up what it leaves."""

from __future__ import annotations

import numpy as np

from services.matching.allocation.network import Ints, Network


def greedy(network: Network) -> Ints:
    """Edges in the order of what they add per share of the need; each takes all it can."""
    return filled(network, network.floor.copy())


def filled(network: Network, start: Ints) -> Ints:
    """``start``, which keeps the rules, with as much on top as fits: links that are there first, then new ones."""
    flow = start.copy()
    asked = (network.asked - network.met(flow)).tolist()
    free = (network.free - network.given(flow)).tolist()
    need_links = (network.need_links - network.links_of_needs(flow)).tolist()
    offer_links = (network.offer_links - network.links_of_offers(flow)).tolist()
    for edge in _in_order(network, flow, asked, free):
        need, offer = int(network.need[edge]), int(network.offer[edge])
        before = int(flow[edge])
        take = min(int(network.cap[edge]) - before, asked[need], free[offer])
        if take <= 0:
            continue
        if before == 0:
            if take < network.lot[edge] or need_links[need] <= 0 or offer_links[offer] <= 0:
                continue
            if _gain(network, edge, need, asked[need], take) <= network.each_link:
                continue
            need_links[need] -= 1
            offer_links[offer] -= 1
        flow[edge] = before + take
        asked[need] -= take
        free[offer] -= take
    return flow


def _in_order(network: Network, flow: Ints, asked: list[int], free: list[int]) -> list[int]:
    open_ones = (
        (flow < network.cap) & (np.array(asked)[network.need] > 0) & (np.array(free)[network.offer] > 0)
    ).nonzero()[0]
    first = network.worth + network.bonus[network.need, 0]
    keys = (open_ones, -first[open_ones], flow[open_ones] == 0)
    order: list[int] = open_ones[np.lexsort(keys)].tolist()
    return order


def _gain(network: Network, edge: int, need: int, open_before: int, take: int) -> float:
    """What ``take`` adds along the edge when the need still asks ``open_before``."""
    asked = int(network.asked[need])
    fit = float(network.worth[edge]) * take / asked
    met, total = asked - open_before, 0.0
    for size, bonus in zip(network.steps[need].tolist(), network.bonus[need].tolist(), strict=True):
        part = min(take, max(0, size - met))
        total += bonus * part / asked
        take, met = take - part, max(0, met - size)
    return fit + total
