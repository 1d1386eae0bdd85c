"""Time passes: proposals nobody decided about, and reservations whose missing consents never came, end."""

from __future__ import annotations

from datetime import UTC, datetime

from chassis.scope import Scope
from chassis.unit import Unit
from services.matching.domain import match as matches
from services.matching.handlers.concluding import conclude
from services.matching.store import MatchingStore

_AT_ONCE = 100
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


async def notice_lapsed(unit: Unit[MatchingStore], since: datetime) -> datetime:
    """Asks for another look at the offers of those whose check lapsed after ``since``; returns until when that is."""
    for city, offers in (await unit.store.matches.lapsed(since, unit.now)).items():
        await unit.store.revisions.ask(Scope(city, "expiry"), unit.now, offers=offers)
    return unit.now


async def expire_some(unit: Unit[MatchingStore]) -> bool:
    """Ends a batch of overdue proposals and gives back what they reserved; False when there are none."""
    overdue = await unit.store.matches.overdue(unit.now, _AT_ONCE)
    if overdue is None:
        return False
    scope, ids = overdue
    scoped = unit.within(scope)
    before = await scoped.store.matches.locked(scope, ids)
    await conclude(scoped, before, [matches.expire(match, "timeout", unit.now) for match in before.values()])
    return True
