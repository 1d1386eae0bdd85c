"""Time passes: proposals nobody decided about, and reservations whose missing consents never came, end."""

from __future__ import annotations

from chassis.unit import Unit
from services.matching.domain import match as matches
from services.matching.handlers.concluding import conclude
from services.matching.store import MatchingStore

_AT_ONCE = 100


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
