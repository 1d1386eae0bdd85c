"""Small parts of a network solved to the end: branch and bound over links, the flow as the bound."""

from __future__ import annotations

import numpy as np

from services.matching.allocation.flow import Choices, Relaxed, relaxed
from services.matching.allocation.keeping import breaches
from services.matching.allocation.network import Ints, Mask, Network

_EQUAL = 1e-9


def branched(network: Network, start: Ints, choices: Choices, most_nodes: int) -> tuple[Ints, float]:
    """A flow at least as good as ``start``, which keeps the rules, and the bound that was reached.

    After ``most_nodes`` flows the best found so far is the answer; with none left to look at it is the best there is.
    """
    best, best_value = start, network.value(start)
    waiting: list[tuple[Choices, Relaxed]] = []
    first = relaxed(network, choices)
    if first is None:
        return best, best_value
    waiting.append((choices, first))
    looked = 1
    while waiting and looked < most_nodes:
        waiting.sort(key=lambda one: one[1].bound)
        chosen, found = waiting.pop()
        if found.bound <= best_value + _EQUAL:
            continue
        if not breaches(network, found.flow).any():
            value = network.value(found.flow)
            if value > best_value:
                best, best_value = found.flow, value
        edge = _to_decide(network, found.flow, chosen)
        if edge is None:
            continue
        for child in (chosen.with_closed(edge), chosen.with_opened(edge)):
            again = relaxed(network, child) if _within_limits(network, child) else None
            looked += 1
            if again is not None and again.bound > best_value + _EQUAL:
                waiting.append((child, again))
    return best, max([best_value, *(found.bound for _, found in waiting)])


def _to_decide(network: Network, flow: Ints, choices: Choices) -> Mask | None:
    """The used link, not decided yet, on which most depends: one that breaks a rule, else one that pays too little."""
    undecided = (flow > 0) & ~choices.opened
    if not undecided.any():
        return None
    unpaid = network.each_link * (1 - flow / np.maximum(network.cap, 1))
    urgency = np.where(undecided, unpaid + 2.0 * (undecided & (flow < network.lot)), -1.0)
    crowded = undecided & (
        (network.links_of_needs(flow) > network.need_links)[network.need]
        | (network.links_of_offers(flow) > network.offer_links)[network.offer]
    )
    urgency = np.where(crowded, urgency + 1.0, urgency)
    if urgency.max() <= 0:
        return None
    found = np.zeros(len(flow), dtype=bool)
    found[int(urgency.argmax())] = True
    return found


def _within_limits(network: Network, choices: Choices) -> bool:
    opened = choices.opened.astype(np.int64)
    return bool(
        (network.links_of_needs(opened) <= network.need_links).all()
        and (network.links_of_offers(opened) <= network.offer_links).all()
    )
