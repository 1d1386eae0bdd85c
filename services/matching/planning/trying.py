"""One choice tried in the situation a finished plan was made in, also for lines the plan never thought of together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from chassis.clock import utc_now
from chassis.scope import Scope
from contracts.units import plain
from services.matching.allocation.model import Edge, Forced, Problem
from services.matching.domain import filters, signals
from services.matching.handlers.proposing import likeness_of
from services.matching.planning.insisting import Price, forced, price
from services.matching.planning.parameters import Choice
from services.matching.planning.situation import Gathered, key_of, parted
from services.matching.planning.stored import unpacked
from services.matching.store import MatchingStore


async def tried(store: MatchingStore, scope: Scope, plan_id: UUID, choice: Choice) -> dict[str, Any]:
    """What it costs and moves; or why it is not possible. Raises NotPossible when there is not that much."""
    stored = await store.plans.problem(scope, plan_id)
    if stored is None:
        return {"possible": False, "why": "not_done"}
    problem = unpacked(stored)
    known, unknown = forced(problem, [choice])
    if unknown:
        joined = await _joined(store, scope, problem, choice)
        if isinstance(joined, str):
            return {"possible": False, "why": joined}
        problem, known = joined
    if choice.quantity < problem.edges[known[0].edge].least:
        return {"possible": False, "why": "below_lot"}
    found = price(problem, known[0])
    return {
        "possible": True,
        "cost": found.cost,
        "fit": found.fit,
        "share": found.share,
        "changes": await _named(store, scope, found),
    }


async def _joined(
    store: MatchingStore, scope: Scope, problem: Problem, choice: Choice
) -> tuple[Problem, list[Forced]] | str:
    """The problem with an edge for two lines nobody had thought of together; else the filter between them."""
    keys = key_of(choice.need_id, choice.need_line), key_of(choice.offer_id, choice.offer_line)
    need_at = next((at for at, one in enumerate(problem.needs) if one.key == keys[0]), None)
    offer_at = next((at for at, one in enumerate(problem.offers) if one.key == keys[1]), None)
    if need_at is None or offer_at is None:
        return "not_in_plan"
    need = (await store.candidates.needs(scope, [choice.need_id])).get(choice.need_id)
    offer = (await store.candidates.offers(scope, [choice.offer_id])).get(choice.offer_id)
    if need is None or offer is None or choice.need_line >= len(need.lines) or choice.offer_line >= len(offer.lines):
        return "not_in_plan"
    asked, offered = need.lines[choice.need_line], offer.lines[choice.offer_line]
    now = utc_now()
    obstacles = filters.obstacles(need, offer, now) + filters.meeting_obstacles(need, offer, asked, offered)
    if obstacles:
        return obstacles[0].code
    today = signals.day_of(now)
    steering = await store.projections.steering(scope, today)
    gathered = Gathered(steering, today, instruments=steering.toolkit.at(now))
    if not gathered.possible(need, offer, asked, offered):
        return "no_instrument"
    gathered.alike[need.need_id] = likeness_of(need, [offer])
    least = max(asked.least, offered.least)
    edge = Edge(need_at, offer_at, gathered.score(need, offer, asked, offered), least=least)
    edges = [*problem.edges, edge]
    return replace(problem, edges=edges), [Forced(len(edges) - 1, choice.quantity)]


async def _named(store: MatchingStore, scope: Scope, found: Price) -> list[dict[str, Any]]:
    needs = await store.candidates.needs(scope, {parted(one.need)[0] for one in found.changes})
    offers = await store.candidates.offers(scope, {parted(one.offer)[0] for one in found.changes})
    named = []
    for one in found.changes:
        (need_id, need_line), (offer_id, offer_line) = parted(one.need), parted(one.offer)
        need, offer = needs.get(need_id), offers.get(offer_id)
        named.append(
            {
                "need_id": need_id,
                "need_line": need_line,
                "need_title": need.state.title if need else "",
                "offer_id": offer_id,
                "offer_line": offer_line,
                "offer_title": offer.state.title if offer else "",
                "giver": (offer.giver.name or "") if offer else "",
                "unit": need.state.lines[need_line].unit if need and need_line < len(need.state.lines) else "",
                "before": plain(one.before),
                "after": plain(one.after),
            }
        )
    return named
