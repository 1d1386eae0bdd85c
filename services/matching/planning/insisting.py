"""What it would cost to insist on one choice: the part it reaches is solved again, with it and without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from services.matching.allocation.model import Forced, NotPossible, Plan, Problem
from services.matching.allocation.solving import around, solve
from services.matching.planning.parameters import Choice
from services.matching.planning.situation import key_of


@dataclass(frozen=True, slots=True)
class Changed:
    """What goes from an offer line to a need line without and with the choice (keys as in the problem)."""

    need: str
    offer: str
    before: Decimal
    after: Decimal


@dataclass(frozen=True, slots=True)
class Price:
    """The value (and within it the fit) given up for a choice, and everything it moves."""

    cost: float
    fit: float
    share: float
    changes: tuple[Changed, ...]


def forced(problem: Problem, choices: Sequence[Choice]) -> tuple[list[Forced], list[Choice]]:
    """The choices as the problem knows them, and those it does not: such lines are not joined in it."""
    needs = {need.key: index for index, need in enumerate(problem.needs)}
    offers = {offer.key: index for index, offer in enumerate(problem.offers)}
    edges = {(edge.need, edge.offer): index for index, edge in enumerate(problem.edges)}
    known, unknown = [], []
    for choice in choices:
        need = needs.get(key_of(choice.need_id, choice.need_line))
        offer = offers.get(key_of(choice.offer_id, choice.offer_line))
        edge = edges.get((need, offer)) if need is not None and offer is not None else None
        if edge is None:
            unknown.append(choice)
        else:
            known.append(Forced(edge, choice.quantity))
    return known, unknown


def price(problem: Problem, choice: Forced) -> Price:
    """What one choice costs. Raises :class:`NotPossible` when there is not that much, or it is below a lot."""
    edge = problem.edges[choice.edge]
    most = min(problem.needs[edge.need].asked, problem.offers[edge.offer].free)
    if choice.quantity > most or choice.quantity < edge.least:
        raise NotPossible
    near = around(replace(problem, forced=[choice]), choice.edge)
    with_it = solve(near)
    without = solve(replace(near, forced=()), known=with_it)
    cost = without.value - with_it.value
    return Price(
        cost,
        without.benefit - with_it.benefit,
        cost / without.value if without.value > 0 else 0.0,
        tuple(_changes(near, without, with_it)),
    )


def _changes(problem: Problem, before: Plan, after: Plan) -> list[Changed]:
    was = {(link.need, link.offer): link.quantity for link in before.links}
    becomes = {(link.need, link.offer): link.quantity for link in after.links}
    return [
        Changed(
            problem.needs[need].key,
            problem.offers[offer].key,
            was.get((need, offer), Decimal(0)),
            becomes.get((need, offer), Decimal(0)),
        )
        for need, offer in sorted(was.keys() | becomes.keys())
        if was.get((need, offer)) != becomes.get((need, offer))
    ]
