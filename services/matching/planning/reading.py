"""What a plan is made from, read in batches: open needs, the offers their index finds, and what each is worth."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from chassis.scope import Scope
from services.matching.domain import filters, search, signals
from services.matching.domain.policy import Policy
from services.matching.domain.proposals import Memory
from services.matching.domain.subjects import Need, Offer
from services.matching.planning.parameters import Parameters
from services.matching.planning.situation import Gathered, LeftOut, Situation, consider, situation
from services.matching.store import MatchingStore

BATCH = 100
Tell = Callable[[str, float], Awaitable[None]]


async def read(
    store: MatchingStore, scope: Scope, parameters: Parameters, now: datetime, candidates: int, tell: Tell
) -> Situation:
    """The problem as things are now; ``candidates`` offers per line of a need at most."""
    await tell("reading", 0.0)
    needs = await store.plans.open_needs(scope, parameters.kinds, parameters.policy_areas)
    today = signals.day_of(now)
    steering = await store.projections.steering(scope, today)
    gathered = Gathered(steering, today, instruments=steering.toolkit.at(now))
    for start in range(0, len(needs), BATCH):
        await tell("candidates", start / len(needs))
        await _batch(store, scope, gathered, needs[start : start + BATCH], parameters, now, candidates)
    return situation(gathered, parameters)


async def _batch(
    store: MatchingStore,
    scope: Scope,
    gathered: Gathered,
    ids: Collection[UUID],
    parameters: Parameters,
    now: datetime,
    most: int,
) -> None:
    looked_for = search.for_need(replace(Policy(), candidates=most), now)
    found = await store.candidates.offers_for(scope, ids, looked_for)
    for choice in parameters.insist:
        if choice.need_id in found and choice.offer_id not in found[choice.need_id]:
            found[choice.need_id].append(choice.offer_id)
    needs = await store.candidates.needs(scope, ids)
    await know_offers(store, scope, gathered, {one for each in found.values() for one in each})
    memories, _ = await store.candidates.memory(scope, ids)
    for need_id, need in needs.items():
        obstacles = filters.need_obstacles(need, now)
        if obstacles:
            gathered.left_out.append(LeftOut(need_id, need.state.title, "not_proposable", obstacles[0].code))
            continue
        offers = [gathered.offers[one] for one in found[need_id] if one in gathered.offers]
        allowed = _allowed(need, offers, memories.get(need_id, Memory()), now)
        consider(gathered, need, allowed, parameters, most)


async def know_offers(store: MatchingStore, scope: Scope, gathered: Gathered, ids: Collection[UUID]) -> None:
    """Loads the offers that are not known yet."""
    unknown = [one for one in ids if one not in gathered.offers]
    gathered.offers |= await store.candidates.offers(scope, unknown)


def _allowed(need: Need, offers: Collection[Offer], memory: Memory, now: datetime) -> list[Offer]:
    return [offer for offer in offers if memory.admits(offer) and not filters.obstacles(need, offer, now)]
