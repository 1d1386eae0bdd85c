"""Background work of the process; every instance may run it, no two ever take the same piece."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from chassis import log
from chassis.inbox import TRANSIENT
from chassis.scope import Scope
from chassis.service import Background
from chassis.unit import Unit, Units
from services.matching.domain.policy import Policy
from services.matching.handlers.expiring import LONG_AGO, expire_some, notice_lapsed
from services.matching.handlers.meeting import bring_together
from services.matching.handlers.revising import AT_ONCE, propose_some, revise_one
from services.matching.settings import MatchingSettings

_NOBODY = Scope("", "matching")
_logger = log.get("matching.jobs")


def jobs(settings: MatchingSettings) -> list[Background]:
    """Looking again at what changed, expiry, pairs that missed each other; each rests when there is nothing to do."""
    policy, pause = settings.policy(), settings.job_poll_seconds

    async def revise(units: Units[Any]) -> None:
        at_once = AT_ONCE
        while True:
            try:
                worked = await _revised(units, policy, at_once)
                at_once = AT_ONCE
            except TRANSIENT:
                raise
            except Exception:
                _logger.exception("revision.failed", at_once=at_once)
                if at_once == 1:
                    await units.run(_NOBODY, _postpone)
                worked, at_once = False, 1
            if not worked:
                await asyncio.sleep(pause)

    async def expire(units: Units[Any]) -> None:
        lapsed = LONG_AGO
        while True:
            lapsed = await units.run(_NOBODY, partial(notice_lapsed, since=lapsed))
            if not await units.run(_NOBODY, expire_some):
                await asyncio.sleep(pause)

    async def meet(units: Units[Any]) -> None:
        while True:
            more = False
            try:
                more = await units.run(_NOBODY, partial(bring_together, policy=policy))
            except TRANSIENT:
                raise
            except Exception:
                _logger.exception("meeting.failed")
            if not more:
                await asyncio.sleep(pause)

    return [revise, expire, meet]


async def _revised(units: Units[Any], policy: Policy, at_once: int) -> bool:
    """Looks at up to ``at_once`` needs and offers, each for itself, then proposes for as many; False when all rests."""
    looked = 0
    while looked < at_once and await units.run(_NOBODY, lambda unit: revise_one(unit, policy)):
        looked += 1
    proposed = await units.run(_NOBODY, lambda unit: propose_some(unit, policy, at_once))
    return looked > 0 or proposed


async def _postpone(unit: Unit[Any]) -> None:
    await unit.store.revisions.postpone_oldest()
