"""A match takes the place of another in the same transaction: nobody gets in between, and nobody is asked twice."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any
from uuid import UUID

from chassis.delivery import Delivery
from chassis.unit import Unit
from services.matching.domain import match as matches
from services.matching.domain import proposals, refill, search, signals, succession
from services.matching.domain.history import Memento
from services.matching.domain.ledger import NotEnough
from services.matching.domain.match import Decision, Match
from services.matching.domain.policy import Policy
from services.matching.domain.proposals import Candidate
from services.matching.domain.succession import Because, Grounds
from services.matching.handlers.concluding import conclude
from services.matching.handlers.posting import post
from services.matching.handlers.proposing import likeness_of
from services.matching.store import MatchingStore
from services.matching.store.matches import Draft


class _Looked(Exception):
    """Seen enough: what was done for the look is undone."""


class Taken(Exception):
    """The place is taken: the same set is proposed already, and people have answered."""


async def end(
    unit: Unit[MatchingStore],
    match: Match,
    ended: Decision,
    gone: Collection[UUID],
    policy: Policy,
    cause: Delivery[Any] | None = None,
) -> Match:
    """Carries out the end of a locked match from which the offers ``gone`` fell out.

    When others can take their part over, a match that replaces it begins at once, with the yes of everybody whose
    part is the same and its quantities reserved; else all is released. Returns the match as it ended.
    """
    if refill.could_go_on(match, gone):
        try:
            async with unit.savepoint():
                return await _replaced(unit, match, ended, gone, policy, cause)
        except (NotEnough, Taken):
            pass  # nobody to take over, or others were faster: all is released
    await conclude(unit, {match.match_id: match}, [ended], _causes(match, cause))
    return ended.match


async def go_on(
    unit: Unit[MatchingStore],
    match: Match,
    ended: Decision,
    stands: Memento,
    because: Because,
    cause: Delivery[Any] | None = None,
) -> tuple[Match, Match]:
    """The same proposal as a match of its own, with what ``stands``; returns the old one and the new one.

    Raises :class:`Taken`, and ``NotEnough`` when what was agreed to is not free any more.
    """
    await unit.store.matches.save(unit.scope, {match.match_id: match}, [ended.match])
    new_id = unit.new_id()
    grounds = await unit.store.matches.copy(unit.scope, match.match_id, new_id, unit.now)
    if grounds is None:
        raise Taken
    return await _handed_over(unit, ended, new_id, lambda fresh: stands, because, grounds, cause)


async def _replaced(
    unit: Unit[MatchingStore],
    match: Match,
    ended: Decision,
    gone: Collection[UUID],
    policy: Policy,
    cause: Delivery[Any] | None,
) -> Match:
    """Raises :class:`Taken` or ``NotEnough`` when it cannot be done."""
    chosen = await _who_takes_over(unit, match, ended, gone, policy)
    if chosen is None:
        raise Taken
    await unit.store.matches.save(unit.scope, {match.match_id: match}, [ended.match])
    await _make_room(unit, match.need_id, chosen.key)
    draft = Draft(unit.new_id(), chosen.proposal())
    reserved_until = unit.now + policy.reservation_lasts
    if not await unit.store.matches.propose(unit.scope, [draft], unit.now, reserved_until):
        raise Taken
    proposal = draft.proposal
    old, _ = await _handed_over(
        unit,
        ended,
        draft.match_id,
        lambda fresh: succession.carried(match, fresh, reserved_until),
        "party_replaced",
        Grounds(proposal.score, proposal.reasons, proposal.rules_version),
        cause,
    )
    return old


async def _handed_over(
    unit: Unit[MatchingStore],
    ended: Decision,
    new_id: UUID,
    stands: Any,
    because: Because,
    grounds: Grounds,
    cause: Delivery[Any] | None = None,
) -> tuple[Match, Match]:
    fresh = (await unit.store.matches.locked(unit.scope, [new_id]))[new_id]
    memento: Memento = stands(fresh)
    begun = succession.begin(fresh, memento, ended.match, because, grounds)
    if because == "party_replaced" and not begun.match.consented:
        raise Taken  # nobody's yes stands: that is a new proposal like any other
    over = replace(ended, match=replace(ended.match, replaced_by=new_id))
    before = {ended.match.match_id: ended.match, new_id: fresh}
    await conclude(unit, before, [over, begun], _causes(ended.match, cause) | _causes(fresh, cause))
    return over.match, begun.match


async def _who_takes_over(
    unit: Unit[MatchingStore], match: Match, ended: Decision, gone: Collection[UUID], policy: Policy
) -> Candidate | None:
    """The best set in which all others do what they agreed to."""
    ids = {*await _once_free(unit, match, ended, policy), *(part.allocation.offer_id for part in match.parts)}
    offers = await unit.store.candidates.offers(unit.scope, ids)
    need = (await unit.store.candidates.needs(unit.scope, [match.need_id])).get(match.need_id)
    if need is None:
        return None
    steering = await unit.store.projections.steering(unit.scope, signals.day_of(unit.now))
    memories, _ = await unit.store.candidates.memory(unit.scope, [match.need_id])
    made = refill.candidates(
        match,
        gone,
        need,
        list(offers.values()),
        steering,
        unit.now,
        memory=memories.get(match.need_id, proposals.Memory()),
        likeness=likeness_of(need, list(offers.values())),
    )
    return made[0] if made else None


async def _once_free(unit: Unit[MatchingStore], match: Match, ended: Decision, policy: Policy) -> list[UUID]:
    """The offers that the index finds for the need when the match holds nothing any more.

    What is reserved is no candidate, so all is given back for the time of the search only: what is given back and
    what is taken have to be posted together, in the one order of lines.
    """
    found: list[UUID] = []
    try:
        async with unit.savepoint():
            await post(unit, [(ended.match, move) for move in ended.moves])
            looked_for = search.for_need(policy, unit.now)
            by_need = await unit.store.candidates.offers_for(unit.scope, [match.need_id], looked_for)
            found = by_need.get(match.need_id, [])
            raise _Looked
    except _Looked:
        return found


async def _make_room(unit: Unit[MatchingStore], need_id: UUID, key: str) -> None:
    """The same set may stand as a proposal nobody has answered yet: it gives way. Raises :class:`Taken`."""
    rival = await unit.store.matches.open_set(unit.scope, need_id, key)
    if rival is None:
        return
    # Out of the order of ids: whoever meets this the other way round deadlocks, and the chassis tries again.
    found = await unit.store.matches.locked(unit.scope, [rival])
    if found[rival].state != "proposed" or found[rival].is_reserved:
        raise Taken
    await conclude(unit, found, [matches.expire(found[rival], "superseded", unit.now)])


def _causes(match: Match, cause: Delivery[Any] | None) -> dict[UUID, Delivery[Any]]:
    return {match.match_id: cause} if cause else {}
