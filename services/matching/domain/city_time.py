"""The city's own clock: what its people call today."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

CITY_TIME = ZoneInfo("Europe/Rome")


def city_day(moment: datetime) -> date:
    """The day it is in the city at a moment."""
    return moment.astimezone(CITY_TIME).date()
