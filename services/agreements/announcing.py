"""The background work that tells other services of the toolkit: releases, new cities, whatever was missed."""

from __future__ import annotations

import asyncio

from chassis import log
from chassis.scope import Scope
from chassis.unit import Units
from services.agreements.handlers.telling import tell
from services.agreements.store import Store

_LOOK_AGAIN_SECONDS = 300.0
_logger = log.get("agreements.toolkit")


async def announce_the_toolkit(units: Units[Store]) -> None:
    """For ever: on start, and every five minutes. What the desk publishes is told with it; this is for the rest."""
    while True:
        await tell_every_city(units)
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)


async def tell_every_city(units: Units[Store]) -> int:
    """Tells each known city what is news there; returns how many instruments that were. One that fails waits."""
    async with units.reading() as store:
        cities = await store.told.cities()
    told = 0
    for city in cities:
        try:
            told += await units.run(Scope(city, "vademecum"), tell)
        except Exception:
            _logger.exception("toolkit.not_told", city=city)
    if told:
        _logger.info("toolkit.told", instruments=told)
    return told
