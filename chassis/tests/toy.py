"""The smallest service: it tallies what it hears of stakeholders, in order, and answers each with an event."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response

from chassis.database.migrations import Migration, load
from chassis.database.pool import Connection
from chassis.delivery import Delivery
from chassis.failures import PermanentFailure, Waiting
from chassis.http.commands import Reply, command
from chassis.scope import Scope
from chassis.service import Projection, Service, units_of
from chassis.settings import Settings
from chassis.unit import Unit
from chassis.web.pages import Pages
from contracts.event import Event
from contracts.events.intake import OfferExpired, StakeholderChanged, StakeholderRegistered, StakeholderVetted

NAME = "toy"
TEMPLATES = Path(__file__).parent / "templates"


def toy_migrations(_service: str) -> list[Migration]:
    chassis = load("chassis", files("chassis.database") / "sql")
    return chassis + load("toy", files("chassis.tests") / "toy_migrations")


class ToyStore:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, city: str, subject: str, name: str) -> int:
        return int(
            await self._connection.fetchval(
                "INSERT INTO tally (city, id, applied, names) VALUES ($1, $2, 1, ARRAY[$3])"
                " ON CONFLICT (city, id) DO UPDATE SET applied = tally.applied + 1, names = tally.names || $3"
                " RETURNING applied",
                city,
                subject,
                name,
            )
        )

    async def exists(self, city: str, subject: str) -> bool:
        return bool(await self._connection.fetchval("SELECT 1 FROM tally WHERE city = $1 AND id = $2", city, subject))


class Toy:
    """The service with switches that make its handlers misbehave."""

    def __init__(self) -> None:
        self.poison: set[str] = set()
        self.crash: set[str] = set()
        self.answers = True
        self.hold: asyncio.Event | None = None
        self.entered = asyncio.Event()
        self.handled: list[str] = []
        self.batches: list[int] = []

    async def on_stakeholder(self, unit: Unit[ToyStore], deliveries: Sequence[Delivery[Any]]) -> None:
        self.batches.append(len(deliveries))
        for delivery in deliveries:
            event = delivery.event
            self.handled.append(event.name)
            if self.hold is not None:
                self.entered.set()
                await self.hold.wait()
            if event.name in self.poison:
                raise PermanentFailure(f"'{event.name}' is poison")
            if event.name in self.crash:
                raise RuntimeError("the handler has a bug")
            applied = await unit.store.add(delivery.city, str(event.stakeholder_id), event.name)
            if not self.answers:
                continue
            vetted = StakeholderVetted(stakeholder_id=event.stakeholder_id, version=applied, outcome="approved")
            unit.append(vetted, aggregate_id=event.stakeholder_id, version=applied, cause=delivery)

    async def on_offer_expired(self, unit: Unit[ToyStore], deliveries: Sequence[Delivery[OfferExpired]]) -> None:
        """Needs the stakeholder of the same id to be there."""
        for delivery in deliveries:
            offer = str(delivery.event.offer_id)
            if not await unit.store.exists(delivery.city, offer):
                raise Waiting(StakeholderRegistered.topic, offer)
            await unit.store.add(delivery.city, offer, "expired")

    def service(self, settings: Settings) -> Service[ToyStore]:
        handlers: dict[type[Event], Any] = {
            StakeholderRegistered: self.on_stakeholder,
            StakeholderChanged: self.on_stakeholder,
            OfferExpired: self.on_offer_expired,
        }
        return Service(
            settings=settings,
            make_store=ToyStore,
            handlers=handlers,
            routers=[router()],
            pages=Pages(TEMPLATES, NAME),
            projections={"tally": Projection(("tally",), handlers)},
        )


def router() -> APIRouter:
    routes = APIRouter(prefix="/toy/api/v1")

    @routes.post("/stakeholders")
    async def register(request: Request, name: str, city: str = "c_f205") -> Response:
        async def work(unit: Unit[ToyStore]) -> Reply:
            stakeholder_id = unit.new_id()
            registered = StakeholderRegistered(
                stakeholder_id=stakeholder_id, version=1, name=name, stakeholder_type="company"
            )
            unit.append(registered, aggregate_id=stakeholder_id, version=1, case=stakeholder_id)
            return Reply(201, {"id": str(stakeholder_id)}, {"Location": f"/toy/api/v1/stakeholders/{stakeholder_id}"})

        return await command(request, units_of(request), Scope(city, "tester"), work)

    return routes
