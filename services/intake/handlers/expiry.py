"""Needs and offers end when their time has passed."""

from __future__ import annotations

from services.intake.domain import needs, offers
from services.intake.handlers import IntakeUnit

BATCH = 200


async def expire_needs(unit: IntakeUnit, limit: int = BATCH) -> int:
    """Closes open needs whose time has passed unanswered; returns how many."""
    closed = []
    for need in await unit.store.needs.due(unit.scope, unit.now, limit):
        expired, event = needs.expire(need, unit.now)
        unit.append(event, aggregate_id=expired.need_id, version=expired.version, case=expired.need_id)
        closed.append(expired)
    if closed:
        await unit.store.needs.update(unit.scope, closed)
    return len(closed)


async def expire_offers(unit: IntakeUnit, limit: int = BATCH) -> int:
    """Closes open offers whose time has passed; returns how many."""
    closed = 0
    for offer in await unit.store.offers.due(unit.scope, unit.now, limit):
        expired, event = offers.expire(offer, unit.now)
        await unit.store.offers.update(unit.scope, expired)
        unit.append(event, aggregate_id=expired.offer_id, version=expired.version, case=expired.offer_id)
        closed += 1
    return closed
