"""From a need or an offer to proposals: candidates by index, the domain's choice, one insert, one event each."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from chassis.delivery import Delivery
from chassis.unit import Unit
from contracts.events.matching import MatchProposed
from services.matching.domain import proposals, search, signals
from services.matching.domain.policy import Policy
from services.matching.domain.proposals import Candidate, Memory, Proposal
from services.matching.domain.subjects import Need
from services.matching.handlers.likening import likeness_of, likenesses
from services.matching.handlers.pace import PACE
from services.matching.store import MatchingStore
from services.matching.store.matches import Draft

__all__ = ["likeness_of", "propose_for_needs", "propose_for_offers", "propose_for_pairs", "store"]

CauseOf = Callable[[Proposal], Delivery[Any] | None]


_AT_ONCE = 40
_PATIENT_AT_ONCE = 1
"""The same where there is time: what takes the loop and the database no longer than an event fits between two."""
_SETS_AT_ONCE = 3
"""For how many needs that only a set can meet an arriving offer is tried before its transaction ends."""
_SETS_AFTERWARDS = 5
"""For how many more right afterwards; an offer does not go to every need of the city anyway."""
_LEADS = 5
"""How many other offers may be the main one of a set that an arriving offer is part of."""


def _no_cause(proposal: Proposal) -> None:
    return None


async def propose_for_needs(
    unit: Unit[MatchingStore],
    needs: Collection[UUID],
    policy: Policy,
    *,
    cause_of: CauseOf = _no_cause,
    first_time: bool = False,
) -> None:
    """The best new proposals for each need. ``first_time`` when nothing can have been decided about them yet."""
    async for some in _slices(needs, patient=cause_of is _no_cause):
        await _propose_for_needs(unit, some, policy, cause_of, first_time)


async def _propose_for_needs(
    unit: Unit[MatchingStore], needs: Collection[UUID], policy: Policy, cause_of: CauseOf, first_time: bool
) -> None:
    by_need = await unit.store.candidates.offers_for(unit.scope, needs, search.for_need(policy, unit.now))
    wanted = {need_id: found for need_id, found in by_need.items() if found}
    if not wanted:
        return
    states = await unit.store.candidates.needs(unit.scope, wanted)
    found = await _found(unit, states, wanted, {}, first_time=first_time)
    await store(unit, [one for each in found.values() for one in _best(each, policy)], policy, cause_of)


async def propose_for_offers(
    unit: Unit[MatchingStore], offers: Collection[UUID], policy: Policy, *, cause_of: CauseOf = _no_cause
) -> None:
    """The best new proposals that these offers make possible."""
    async for some in _slices(offers, patient=cause_of is _no_cause):
        await _propose_for_offers(unit, some, policy, cause_of)


async def propose_for_pairs(
    unit: Unit[MatchingStore], needs_of: Mapping[UUID, Collection[UUID]], policy: Policy
) -> None:
    """What these offers would bring these needs (by offer) if they came now, and nothing else."""
    async for some in _slices(needs_of, patient=True):
        await _propose_for_offers(unit, some, policy, _no_cause, {one: needs_of[one] for one in some})


async def _slices(subjects: Collection[UUID], patient: bool) -> AsyncIterator[Sequence[UUID]]:
    """A burst brings hundreds at once; their candidates are not all held at the same time. ``patient``: news first."""
    ordered, size = list(subjects), _PATIENT_AT_ONCE if patient else _AT_ONCE
    for start in range(0, len(ordered), size):
        if patient:
            await PACE.give_way()
        yield ordered[start : start + size]


async def _propose_for_offers(
    unit: Unit[MatchingStore],
    offers: Collection[UUID],
    policy: Policy,
    cause_of: CauseOf,
    only: Mapping[UUID, Collection[UUID]] | None = None,
) -> None:
    by_offer = await unit.store.candidates.needs_for(unit.scope, offers, search.for_offer(policy, unit.now))
    bringing: dict[UUID, set[UUID]] = {}
    for offer_id, needs in by_offer.items():
        for need_id in needs:
            bringing.setdefault(need_id, set()).add(offer_id)
    if not bringing:
        return
    states = await unit.store.candidates.needs(unit.scope, bringing)
    # Where one offer meets the need by itself the new ones suffice; sets are built with others.
    in_sets = {need_id for need_id, need in states.items() if need.state.requires or len(need.lines) > 1}
    likely = {offer_id: needs[: policy.needs_per_offer] for offer_id, needs in by_offer.items()}
    at_once = _first_of_each(likely, in_sets, _SETS_AT_ONCE)
    others: Mapping[UUID, Sequence[UUID]] = {}
    if at_once:
        others = await unit.store.candidates.offers_for(unit.scope, at_once, search.for_set(policy, unit.now))
    offers_of = {need_id: bringing[need_id] | set(others.get(need_id, ())) for need_id in states}
    leading = {need_id: bringing[need_id] | set(others.get(need_id, ())[:_LEADS]) for need_id in states}
    found = await _found(unit, states, offers_of, leading)
    arrived = set(offers)
    chosen = [one for made, already in found.values() for one in _best((_with(arrived, made), already), policy)]
    spread = _spread(chosen, arrived, policy)
    if only is not None:
        missed = [one for one in spread if any(one.need.need_id in only.get(own.offer_id, ()) for own in one.offers)]
        await store(unit, missed, policy, cause_of)
        return
    await store(unit, spread, policy, cause_of)
    # Needs that have nothing yet although they only lacked somebody like this one.
    lacking = {one for one in in_sets - at_once if states[one].state.requires and not found[one][1]}
    afterwards = _first_of_each(by_offer, lacking, _SETS_AFTERWARDS)
    await unit.store.revisions.ask(unit.scope, unit.now, needs=afterwards, widen=True)


def _first_of_each(by_offer: Mapping[UUID, Sequence[UUID]], among: Collection[UUID], most: int) -> set[UUID]:
    """For each offer the needs ``among`` these that promise most."""
    return {need for needs in by_offer.values() for need in [one for one in needs if one in among][:most]}


def _with(arrived: Collection[UUID], made: Sequence[Candidate]) -> list[Candidate]:
    """Those that the new offers are part of; the others were possible before."""
    return [one for one in made if any(piece.offer.offer_id in arrived for piece in one.pieces)]


async def _found(
    unit: Unit[MatchingStore],
    needs: Mapping[UUID, Need],
    offers_of: Mapping[UUID, Collection[UUID]],
    leading: Mapping[UUID, Collection[UUID]],
    *,
    first_time: bool = False,
) -> dict[UUID, tuple[list[Candidate], int]]:
    """By need: sets that are not open yet, best first, and how many others are open."""
    if not needs:
        return {}
    offers = await unit.store.candidates.offers(unit.scope, {one for found in offers_of.values() for one in found})
    steering = await unit.store.projections.steering(unit.scope, signals.day_of(unit.now))
    memories: dict[UUID, Memory] = {}
    open_sets: dict[UUID, set[str]] = {}
    if not first_time:
        memories, open_sets = await unit.store.candidates.memory(unit.scope, needs)
    known_of = {need_id: [offers[one] for one in offers_of[need_id] if one in offers] for need_id in needs}
    alike = await likenesses(needs, known_of)
    found = {}
    for need_id, need in needs.items():
        await asyncio.sleep(0)  # ranking one takes milliseconds: the loop goes on serving between two
        made = proposals.candidates(
            need,
            known_of[need_id],
            steering,
            unit.now,
            memory=memories.get(need_id, Memory()),
            leading=leading.get(need_id),
            likeness=alike[need_id],
        )
        already = open_sets.get(need_id, set())
        found[need_id] = ([one for one in made if one.key not in already], len(already))
    return found


def _best(found: tuple[list[Candidate], int], policy: Policy) -> list[Candidate]:
    """All that answer the need, and the best of the others as far as there is room."""
    made, already = found
    answering = [one for one in made if one.answers]
    room = max(0, min(policy.per_event, policy.open_per_need - already - len(answering)))
    return answering + [one for one in made if not one.answers][:room]


def _spread(chosen: Sequence[Candidate], arrived: set[UUID], policy: Policy) -> list[Candidate]:
    """An offer goes to its best needs, not to every need of the city."""
    kept, used = [], Counter[UUID]()
    for one in sorted(chosen, key=lambda one: one.order):
        new = {piece.offer.offer_id for piece in one.pieces} & arrived
        if one.answers or not new or all(used[offer_id] < policy.needs_per_offer for offer_id in new):
            kept.append(one)
            used.update(new)
    return kept


async def store(
    unit: Unit[MatchingStore], chosen: Sequence[Candidate], policy: Policy, cause_of: CauseOf = _no_cause
) -> None:
    """Stores and publishes proposals; one whose set somebody else proposed meanwhile is left out."""
    if not chosen:
        return
    drafts = [Draft(unit.new_id(), candidate.proposal()) for candidate in chosen]
    expires_at = unit.now + policy.proposal_lasts
    stored = await unit.store.matches.propose(unit.scope, drafts, unit.now, expires_at)
    for draft in drafts:
        if draft.match_id not in stored:
            continue
        proposal, need = draft.proposal, draft.proposal.need.state
        event = MatchProposed(
            match_id=draft.match_id,
            version=1,
            need_id=need.need_id,
            need_title=need.title,
            department=need.department,
            policy_area=need.policy_area,
            triangulation=proposal.triangulation,
            parties=proposal.parties,
            allocations=tuple(share.allocation for share in proposal.shares),
            account_manager_id=proposal.account_manager_id,
            score=proposal.score,
            reasons=proposal.reasons,
            rules_version=proposal.rules_version,
            expires_at=expires_at,
        )
        unit.append(event, aggregate_id=draft.match_id, version=1, case=need.need_id, cause=cause_of(proposal))
