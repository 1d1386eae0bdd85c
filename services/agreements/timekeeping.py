"""The calendar's work: agreements begin, go on, end and expire on their days."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

from chassis import log
from chassis.scope import Scope
from chassis.unit import Units
from services.agreements.domain.closing import Calendar
from services.agreements.handlers.closing import follow_calendar
from services.agreements.handlers.desk import city_day
from services.agreements.store import Store

_LOOK_AGAIN_SECONDS = 300.0
_AT_ONCE = 200
_logger = log.get("agreements.calendar")


def keep_time(calendar: Calendar) -> Callable[[Units[Store]], Awaitable[None]]:
    """The background job of one installation's calendar."""

    async def follow_the_calendar(units: Units[Store]) -> None:
        """For ever: looks every five minutes, also for days that passed while nothing ran."""
        while True:
            await catch_up(units, calendar)
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)

    return follow_the_calendar


async def catch_up(units: Units[Store], calendar: Calendar) -> int:
    """Does all that is due in every city by today; returns how many things that were.

    Each file is a transaction of its own: one that fails is tried again the next time and holds up no other.
    """
    today = city_day(units.clock())
    over_before = today - timedelta(calendar.expires_after_days)
    last: tuple[str, UUID] | None = None
    done = 0
    while True:
        async with units.reading() as store:
            due = await store.files.due(today, over_before, last, _AT_ONCE)
        for city, agreement_id in due:
            try:
                async with units.begin(Scope(city, "calendar")) as unit:
                    done += await follow_calendar(unit, agreement_id, calendar)
            except Exception:
                _logger.exception("calendar.failed", city=city, agreement=str(agreement_id))
        if len(due) < _AT_ONCE:
            return done
        last = due[-1]
