"""The day an event itself names for what it asks; without one, the kind says how long it may take."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from contracts.events import agreements as a
from contracts.events import impact as p
from contracts.events import matching as m

_CLOSE_OF_DAY = time(18, tzinfo=ZoneInfo("Europe/Rome"))


def expiry(event: Any) -> datetime | None:
    found: datetime | None = event.expires_at
    return found


def asleep_until(event: m.MatchPostponed | m.MatchDecisionUndone) -> datetime | None:
    return event.until


def first_reading(event: p.ImpactPlanOpened) -> datetime | None:
    days = [one.due_on for one in event.indicators if one.due_on]
    return _close_of(min(days, default=None))


def step(event: Any) -> datetime | None:
    """The day that the agreement's own file names for what comes next; older events do not say it."""
    return _close_of(event.next_due_on)


def until(event: a.AgreementSuspended) -> datetime | None:
    return _close_of(event.until)


def end(event: a.AgreementSigned | a.AgreementAmended) -> datetime | None:
    return _close_of(event.valid_to)


def delivery(event: a.AgreementSigned | a.AgreementAmended) -> datetime | None:
    """The first day something is to be delivered by, where that is what the file waits for; else its last day."""
    return (_close_of(event.next_due_on) if event.next_owner == "department" else None) or end(event)


def _close_of(day: date | None) -> datetime | None:
    return datetime.combine(day, _CLOSE_OF_DAY) if day else None
