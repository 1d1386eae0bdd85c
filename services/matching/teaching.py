"""Background work: every hour a look whether enough was decided to learn from, in one instance at a time."""

from __future__ import annotations

import asyncio
from typing import Any

from chassis import log
from chassis.inbox import TRANSIENT
from chassis.scope import Scope
from chassis.service import Background
from chassis.unit import Units
from services.matching.handlers.learning import learn_by_itself
from services.matching.settings import MatchingSettings

SCHEDULE = "schedule"
_HOURLY = 3600.0
_logger = log.get("matching.learning")


def jobs(settings: MatchingSettings) -> list[Background]:
    """One job, or none where learning is off."""
    if settings.matching_learning == "off":
        return []

    async def learn(units: Units[Any]) -> None:
        while True:
            for city in await _cities(units):
                try:
                    await learn_for(units, city, and_use=settings.matching_learning == "use")
                except TRANSIENT:
                    raise
                except Exception:
                    _logger.exception("learning.failed", city=city)
            await asyncio.sleep(_HOURLY)

    return [learn]


async def learn_for(units: Units[Any], city: str, *, and_use: bool) -> None:
    """Refits the ranking of one city when enough was decided since the last time."""
    done = await units.run(Scope(city, SCHEDULE), lambda unit: learn_by_itself(unit, and_use=and_use))
    if done is not None:
        _logger.info("learning.done", city=city, number=done.number, decisions=done.found.decisions)


async def _cities(units: Units[Any]) -> list[str]:
    async with units.reading() as store:
        found: list[str] = await store.rankings.cities()
        return found
