"""Refused documents are kept for a while and then forgotten; what was found in them stays."""

from __future__ import annotations

import asyncio

from chassis.unit import Units
from services.agreements.handlers.desk import city_day
from services.agreements.store import Store

_LOOK_AGAIN_SECONDS = 3600.0


async def forget_refused_uploads(units: Units[Store]) -> None:
    """For ever: every hour."""
    while True:
        async with units.reading() as store:
            await store.signatures.forget_refused(city_day(units.clock()))
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)
