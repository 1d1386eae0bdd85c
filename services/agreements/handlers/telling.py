"""Other services are told of the toolkit: all of it to a city that is new, what changed to one that knows it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from chassis.delivery import Delivery
from chassis.outbox import MAX_PAYLOAD_BYTES
from contracts.events.agreements import InstrumentPublished
from services.agreements.domain.refusals import NotPossible
from services.agreements.domain.telling import Records, is_news, told_of
from services.agreements.handlers.desk import AgreementsUnit, city_day

Handled = Callable[[AgreementsUnit, Sequence[Delivery[Any]]], Awaitable[None]]


async def tell(unit: AgreementsUnit) -> int:
    """Publishes what is news in the unit's city; returns how many instruments that were. Twice in a row: once."""
    news = await _news(unit, await unit.store.told.all(unit.scope))
    if not news:
        return 0
    told = await unit.store.told.locked(unit.scope, news)
    # Looked at again behind the lock: somebody else may have told it, or changed what there is to tell.
    now = await _news(unit, {code: records for code, (_, records) in told.items()})
    news = {code: records for code, records in now.items() if code in told}
    toolkit = tuple(sorted({*await unit.store.told.codes(unit.scope), *news}))
    for code, records in sorted(news.items()):
        version = told[code][0] + 1
        await unit.store.told.note(unit.scope, code, version, records, unit.now)
        event = InstrumentPublished(code=code, version=version, records=records, toolkit=toolkit)
        _refuse_too_long(event)
        unit.append(event, aggregate_id=f"{unit.scope.city}/{code}", version=version)
    return len(news)


def telling_new_cities(handle: Handled) -> Handled:
    """The handler, and after it the whole toolkit to a city that is heard of for the first time."""

    async def handled(unit: AgreementsUnit, deliveries: Sequence[Delivery[Any]]) -> None:
        await handle(unit, deliveries)
        if not await unit.store.told.knows(unit.scope):
            await tell(unit)

    return handled


def _refuse_too_long(event: InstrumentPublished) -> None:
    if len(event.to_bytes()) > MAX_PAYLOAD_BYTES:
        raise NotPossible(
            "criteria-too-long",
            "I criteri sono troppi o troppo lunghi per comunicarli agli altri servizi: abbreviali.",
            "The criteria are too many or too long to be told to the other services: shorten them.",
        )


async def _news(unit: AgreementsUnit, told: dict[str, Records]) -> dict[str, Records]:
    versions, today = await unit.store.instruments.all(unit.scope), city_day(unit.now)
    codes = {*told, *(one.code for one in versions)}
    now = {code: told_of([one for one in versions if one.code == code], today) for code in codes}
    return {code: records for code, records in now.items() if is_news(told.get(code, ()), records, today)}
