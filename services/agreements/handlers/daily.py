"""The daily register documents: made once a day has ended in the city, by whichever instance comes first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date

from chassis.scope import Scope
from chassis.unit import Units
from services.agreements.documents.daily import DayData, compose_day
from services.agreements.documents.render import content_hash
from services.agreements.domain.days import RegisterDay, days_due, next_day
from services.agreements.domain.register import BEGINNING, Entry
from services.agreements.handlers.desk import Desk, city_day
from services.agreements.store import Store

_PAGE = 500
Render = Callable[[DayData], Awaitable[bytes]]


async def make_due(units: Units[Store], desk: Desk, render: Render) -> int:
    """Makes every city's missing documents, oldest day first, and returns how many were made here."""
    async with units.reading() as store:
        cities = await store.register.cities()
    return sum([await _of_city(units, Scope(city, "calendar"), desk, render) for city in cities])


async def _of_city(units: Units[Store], scope: Scope, desk: Desk, render: Render) -> int:
    made = 0
    async with units.reading() as store:
        before = await store.days.latest(scope)
        began = await store.days.first_entry_at(scope)
    first = city_day(began) if began else None
    for day in days_due(before.day if before else None, first, city_day(units.clock())):
        before, was_first = await _make(units, scope, day, before, desk, render)
        made += was_first
    return made


async def _make(
    units: Units[Store], scope: Scope, day: date, before: RegisterDay | None, desk: Desk, render: Render
) -> tuple[RegisterDay, bool]:
    """The day's document, and whether it was this call that made it. Rendered outside any transaction."""
    async with units.reading() as store:
        entries = await _entries(store, scope, before.last if before else 0, day)
    now = units.clock()
    data = compose_day(scope.city, desk.city_name(scope.city), day, entries, before)
    document = await render(data)
    made = next_day(
        before,
        city=scope.city,
        day=day,
        entries=len(entries),
        head=entries[-1].hash if entries else (before.head if before else BEGINNING),
        document_sha256=content_hash(document),
        made_at=now,
    )
    async with units.begin(scope) as unit:
        was_first = await unit.store.days.add(scope, made, document)
        latest = None if was_first else await unit.store.days.one(scope, day)
    return latest or made, was_first


async def _entries(store: Store, scope: Scope, after: int, day: date) -> list[Entry]:
    """The entries after `after`, up to the first that was made on a later day."""
    found: list[Entry] = []
    while page := await store.register.page(scope, after, _PAGE):
        for entry in page:
            if city_day(entry.entered_at) > day:
                return found
            found.append(entry)
        after = page[-1].position
    return found
