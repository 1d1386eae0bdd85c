"""What intake does by itself: ends what has passed its time, and leaves nobody without an account manager."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from functools import partial

from chassis import log
from chassis.scope import Scope
from chassis.unit import Units
from services.intake.handlers import IntakeUnit, account_managers, expiry
from services.intake.store import Store

EVERY_SECONDS = 15.0
_ACTOR = "intake"
_logger = log.get("intake")


async def run(units: Units[Store]) -> None:
    """Looks for due work for ever."""
    while True:
        await once(units)
        await asyncio.sleep(EVERY_SECONDS)


async def once(units: Units[Store]) -> dict[str, int]:
    """Does all that is due now, in small transactions, city by city; returns how much of each kind."""
    now = units.clock()
    async with units.reading() as store:
        needs_in = await store.needs.cities_with_due(now)
        offers_in = await store.offers.cities_with_due(now)
        back = await store.people.back_from_absence(now)
        cities = await store.people.cities()
    for city, subject in back:
        await units.run(Scope(city, _ACTOR), partial(account_managers.end_absence, subject=subject))
    done = {
        "needs_expired": await _all(units, needs_in, expiry.expire_needs, expiry.BATCH),
        "offers_expired": await _all(units, offers_in, expiry.expire_offers, expiry.BATCH),
        "back_from_absence": len(back),
        "assigned": await _all(units, cities, account_managers.assign_waiting, account_managers.BATCH),
    }
    if any(done.values()):
        _logger.info("intake.due_work_done", **done)
    return done


async def _all(
    units: Units[Store], cities: Iterable[str], work: Callable[[IntakeUnit], Awaitable[int]], batch: int
) -> int:
    """Repeats ``work`` in each city until a batch is not full."""
    total = 0
    for city in cities:
        while True:
            done = await units.run(Scope(city, _ACTOR), work)
            total += done
            if done < batch:
                break
    return total
