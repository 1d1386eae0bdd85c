"""The chassis with next to no domain, in three places of a chain: ``python -m tests.bench.hop`` with settings.

``source`` takes commands (one row, one event), ``first`` answers each event with a row and an event, ``second`` with a
row. What they cost is what the chassis costs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from chassis.database.migrations import Migration, load
from chassis.database.pool import Connection
from chassis.delivery import Delivery
from chassis.http.commands import Reply, command
from chassis.scope import Scope
from chassis.service import Service, run, units_of
from chassis.settings import Settings
from chassis.unit import Unit
from chassis.web.pages import Pages
from contracts.event import Event
from contracts.events.intake import OfferExpired, StakeholderRegistered

PLACES = ("source", "first", "second")
CITY = "c_f205"


def migrations(_service: str) -> list[Migration]:
    return load("chassis", files("chassis.database") / "sql") + load("hop", files("tests.bench") / "hop_migrations")


class Effects:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, city: str, ids: Sequence[UUID]) -> None:
        await self._connection.execute("INSERT INTO effect SELECT $1, id FROM unnest($2::uuid[]) AS id", city, ids)


def event_of(subject: UUID) -> StakeholderRegistered:
    return StakeholderRegistered(stakeholder_id=subject, version=1, name="x" * 250, stakeholder_type="company")


async def on_first(unit: Unit[Effects], deliveries: Sequence[Delivery[StakeholderRegistered]]) -> None:
    await unit.store.add(unit.scope.city, [delivery.event.stakeholder_id for delivery in deliveries])
    for delivery in deliveries:
        subject = delivery.event.stakeholder_id
        unit.append(OfferExpired(offer_id=subject, version=1), aggregate_id=subject, version=1, cause=delivery)


async def on_second(unit: Unit[Effects], deliveries: Sequence[Delivery[OfferExpired]]) -> None:
    await unit.store.add(unit.scope.city, [delivery.event.offer_id for delivery in deliveries])


HANDLERS: Mapping[str, Mapping[type[Event], Any]] = {
    "source": {},
    "first": {StakeholderRegistered: on_first},
    "second": {OfferExpired: on_second},
}


def router() -> APIRouter:
    routes = APIRouter()

    @routes.post("/source/api/v1/things")
    async def register(request: Request) -> Response:
        async def work(unit: Unit[Effects]) -> Reply:
            subject = unit.new_id()
            await unit.store.add(unit.scope.city, [subject])
            unit.append(event_of(subject), aggregate_id=subject, version=1, case=subject)
            return Reply(201, {"id": str(subject)})

        return await command(request, units_of(request), Scope(CITY, "bench"), work)

    return routes


def service(settings: Settings) -> Service[Effects]:
    return Service(
        settings=settings,
        make_store=Effects,
        handlers=HANDLERS[settings.service],
        routers=[router()] if settings.service == "source" else [],
        pages=Pages(Path(__file__).parent / "templates", settings.service),
    )


if __name__ == "__main__":
    run(service(Settings()))
