"""Brings together what came in the same instant and saw nothing of each other (ADR 113)."""

from __future__ import annotations

from chassis.unit import Unit
from services.matching.domain.policy import Policy
from services.matching.handlers.proposing import propose_for_pairs
from services.matching.store import MatchingStore

AT_ONCE = 200
"""How many looks are compared with the others in one transaction."""


async def bring_together(unit: Unit[MatchingStore], policy: Policy) -> None:
    """Proposes what either of two would have proposed had the other come before."""
    for missed in await unit.store.looks.missed(AT_ONCE):
        scoped = unit.within(missed.scope)
        if missed.offers:
            await scoped.store.ledger.list_offers(scoped.scope, missed.offers)
        await scoped.store.revisions.ask(scoped.scope, scoped.now, needs=missed.needs, offers=missed.offers, widen=True)
        await propose_for_pairs(scoped, missed.needs_of, policy)
