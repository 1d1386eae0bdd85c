"""Brings together what came in the same instant and saw nothing of each other (ADR 113)."""

from __future__ import annotations

from chassis import log
from chassis.inbox import TRANSIENT
from chassis.unit import Unit
from services.matching.domain.policy import Policy
from services.matching.handlers.proposing import propose_for_offers, propose_for_pairs
from services.matching.store import MatchingStore
from services.matching.store.looks import Missed

AT_ONCE = 200
"""How many looks are compared with the others in one transaction."""
PROPOSED_AT_ONCE = 8
"""For how many offers of a city that transaction proposes, of either sort: it holds what others want to propose."""
_logger = log.get("matching.meeting")


async def bring_together(unit: Unit[MatchingStore], policy: Policy) -> bool:
    """Proposes what either of two would have proposed had the other come before; True when more may be waiting.

    What cannot be proposed goes to the queue of second looks, which knows how to go on without it: one pair that fails
    holds up no others, and no other city.
    """
    found, more = await unit.store.looks.missed(AT_ONCE)
    for missed in found:
        scoped = unit.within(missed.scope)
        if missed.offers:
            await scoped.store.ledger.list_offers(scoped.scope, missed.offers)
        await scoped.store.revisions.ask(scoped.scope, scoped.now, needs=missed.needs, offers=missed.offers, widen=True)
        pairs, beside = sorted(missed.needs_of), sorted(missed.beside)
        rest = {*pairs[PROPOSED_AT_ONCE:], *beside[PROPOSED_AT_ONCE:]}
        await scoped.store.revisions.ask(scoped.scope, scoped.now, offers=rest, widen=True, looked=True)
        try:
            async with scoped.savepoint():
                at_once = {one: missed.needs_of[one] for one in pairs[:PROPOSED_AT_ONCE]}
                await propose_for_pairs(scoped, at_once, policy)
                await propose_for_offers(scoped, beside[:PROPOSED_AT_ONCE], policy)
        except TRANSIENT:
            raise
        except Exception:
            _logger.exception("meeting.failed", city=missed.scope.city)
            await _later(scoped, missed)
    return more


async def _later(unit: Unit[MatchingStore], missed: Missed) -> None:
    offers = missed.needs_of.keys() | missed.beside
    await unit.store.revisions.ask(unit.scope, unit.now, offers=offers, widen=True)
