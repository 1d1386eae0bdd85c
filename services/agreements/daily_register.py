"""The background work that makes the daily register documents."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, time, timedelta

from chassis import log
from chassis.service import Background
from chassis.unit import Units
from services.agreements.documents.daily import render_day
from services.agreements.handlers.daily import make_due
from services.agreements.handlers.desk import CITY_TIME, Desk
from services.agreements.handlers.registering import state_lines
from services.agreements.store import Store

_A_LITTLE_LATER = timedelta(minutes=1)
_AT_MOST = 3600.0
_logger = log.get("agreements")


def make_daily_registers(desk: Desk) -> Background:
    """For ever: once the city's day has ended, its document; on start, those of the days that were missed."""

    async def make_daily_registers(units: Units[Store]) -> None:
        while True:
            # Before the first document is made after an update, so that it holds them.
            stated = await state_lines(units)
            if stated:
                _logger.info("register.lines_stated", lines=stated)
            made = await make_due(units, desk, render_day)
            if made:
                _logger.info("register.days_made", days=made)
            await asyncio.sleep(seconds_until_next(units.clock()))

    return make_daily_registers


def seconds_until_next(now: datetime) -> float:
    """Until a minute after the city's midnight, but never longer than an hour: clocks and machines stop and go."""
    tomorrow = now.astimezone(CITY_TIME).date() + timedelta(days=1)
    midnight = datetime.combine(tomorrow, time(), CITY_TIME).astimezone(UTC)
    return min((midnight + _A_LITTLE_LATER - now).total_seconds(), _AT_MOST)
