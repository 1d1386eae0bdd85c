"""Another look at what was proposed, after something it stands on changed."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from chassis.unit import Unit
from services.matching.domain import ending, signals
from services.matching.domain import match as matches
from services.matching.domain.instruments import InForce
from services.matching.domain.match import Decision, Match
from services.matching.domain.policy import Policy
from services.matching.domain.refill import could_go_on
from services.matching.domain.revision import fallen_short, lost_offers, verdict
from services.matching.domain.subjects import Need, Offer
from services.matching.handlers.concluding import conclude
from services.matching.handlers.proposing import propose_for_needs, propose_for_offers
from services.matching.handlers.succeeding import end
from services.matching.store import MatchingStore

AT_ONCE = 8
"""How many requests for proposals are worked off in one transaction: each gives way to news once, for a tenth of a
second at most, so what others propose meanwhile never waits long for it."""


async def revise_one(unit: Unit[MatchingStore], policy: Policy) -> bool:
    """Looks again at the matches of one need or offer of the queue; False when there was nothing to do.

    Those that cannot go on are ended. What is to be proposed in their place goes back to the queue: finding it takes
    longest, and these matches are locked until this is over.
    """
    batch = await unit.store.revisions.take_one()
    if batch is None:
        return False
    scoped = unit.within(batch.scope)
    ended = await _revise(scoped, batch.needs, batch.offers, policy)
    needs, offers = ended | (batch.needs & batch.wider), batch.offers & batch.wider
    await scoped.store.revisions.ask(scoped.scope, unit.now, needs=needs, offers=offers, widen=True, looked=True)
    return True


async def propose_some(unit: Unit[MatchingStore], policy: Policy, at_once: int = AT_ONCE) -> bool:
    """Proposes for up to ``at_once`` needs and offers of the queue; False when there was nothing to do."""
    batch = await unit.store.revisions.take_looked(at_once)
    if batch is None:
        return False
    scoped, needs, offers = unit.within(batch.scope), batch.needs, batch.offers
    await scoped.store.looks.note(scoped.scope, "need", needs)
    await scoped.store.looks.note(scoped.scope, "offer", offers)
    await propose_for_needs(scoped, needs, policy)
    await propose_for_offers(scoped, offers, policy)
    return True


async def _revise(
    unit: Unit[MatchingStore], needs: frozenset[UUID], offers: frozenset[UUID], policy: Policy
) -> set[UUID]:
    """Ends what cannot go on; returns the needs that lost something by it.

    Where a party of several fell out and others take its part over, the match goes on as another one at once.
    """
    ids = set()
    if needs:
        ids |= await unit.store.matches.open_for_needs(unit.scope, needs)
    if offers:
        ids |= await unit.store.matches.open_with_offers(unit.scope, offers)
    before = await unit.store.matches.locked(unit.scope, ids)
    open_ones = [match for match in before.values() if match.state in ("proposed", "accepted")]
    if not open_ones:
        return set()
    known_needs = await unit.store.candidates.needs(unit.scope, {match.need_id for match in open_ones})
    known_offers = await unit.store.candidates.offers(
        unit.scope, {part.allocation.offer_id for match in open_ones for part in match.parts}
    )
    keys = await unit.store.matches.set_keys(unit.scope, [match.match_id for match in open_ones])
    steering = await unit.store.projections.steering(unit.scope, signals.day_of(unit.now))
    instruments = steering.toolkit.at(unit.now)
    decisions: list[Decision] = []
    lost: dict[UUID, tuple[Decision, set[UUID]]] = {}
    for match in open_ones:
        decision = _decide(unit, match, keys[match.match_id], known_needs, known_offers, instruments)
        if decision is None:
            continue
        gone = lost_offers(match, known_offers, unit.now, known_needs[match.need_id])
        if could_go_on(match, gone) and decision.match.reason_code in ("offer_closed", "superseded"):
            lost[match.match_id] = (decision, gone)
        else:
            decisions.append(decision)
    ending = {decision.match.match_id for decision in decisions} | lost.keys()
    staying = [match for match in open_ones if match.match_id not in ending]
    for match, gone in fallen_short(staying, await unit.store.ledger.shortfalls(unit.scope, offers)):
        lost[match.match_id] = (matches.expire(match, "superseded", unit.now), gone)
    await conclude(unit, before, decisions)
    for match_id, (decision, gone) in lost.items():
        await end(unit, before[match_id], decision, gone, policy)
    over = {decision.match.need_id for decision in decisions if decision.match.closed_at is not None}
    return over | {before[one].need_id for one in lost}


def _decide(
    unit: Unit[MatchingStore],
    match: Match,
    key: str,
    needs: Mapping[UUID, Need],
    offers: Mapping[UUID, Offer],
    instruments: InForce,
) -> Decision | None:
    found = verdict(match, key, needs[match.need_id], offers, unit.now, instruments)
    if found is None:
        return None
    if found == "party_withdrew":
        # Its agreements say whether it may end; who takes a part over is looked for when they have.
        return ending.ask(match, found, unit.now)
    return matches.expire(match, found, unit.now)
