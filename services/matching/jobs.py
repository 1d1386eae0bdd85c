"""Background work of the process; every instance may run it, no two ever take the same piece."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from chassis.scope import Scope
from chassis.service import Background
from chassis.unit import Unit, Units
from services.matching.handlers.expiring import expire_some
from services.matching.handlers.revising import revise_some
from services.matching.settings import MatchingSettings

Step = Callable[[Unit[Any]], Awaitable[bool]]


def jobs(settings: MatchingSettings) -> list[Background]:
    """Looking again at what changed, and expiry."""
    policy = settings.policy()

    async def revise(units: Units[Any]) -> None:
        await _work(units, lambda unit: revise_some(unit, policy), settings.job_poll_seconds)

    async def expire(units: Units[Any]) -> None:
        await _work(units, expire_some, settings.job_poll_seconds)

    return [revise, expire]


async def _work(units: Units[Any], step: Step, pause: float) -> None:
    """Takes piece after piece, each in its own transaction, and rests when there is none."""
    nobody = Scope("", "matching")
    while True:
        if not await units.run(nobody, step):
            await asyncio.sleep(pause)
