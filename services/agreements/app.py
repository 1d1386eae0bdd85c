"""Composition root: the only place that wires the service together."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fastapi import FastAPI

from chassis.scope import Scope
from chassis.service import Projection, Service
from chassis.settings import Settings
from chassis.unit import Units
from chassis.web.pages import CITY_NAMES, Pages
from services.agreements import api, vademecum
from services.agreements.consumers import DIRECTORY, HANDLERS
from services.agreements.handlers.closing import activate_due
from services.agreements.handlers.desk import Desk, city_day
from services.agreements.pages.routes import router as page_router
from services.agreements.settings import AgreementsSettings
from services.agreements.store import Store

_LOOK_FOR_DUE_SECONDS = 300.0
_DUE_AT_ONCE = 200


def service(settings: Settings | None = None) -> Service[Store]:
    """The agreements service, ready to run."""
    if not isinstance(settings, AgreementsSettings):
        settings = AgreementsSettings(**(settings.model_dump() if settings else {}))
    pages = Pages(Path(__file__).parent / "pages" / "templates", "agreements")
    desk = Desk(development_signer=settings.agreements_development_signer, city_names=CITY_NAMES)

    async def on_start(app: FastAPI) -> None:
        app.state.desk = desk
        await vademecum.seed(app.state.units)

    return Service(
        settings=settings,
        make_store=Store,
        handlers=HANDLERS,
        routers=(api.router, page_router(pages)),
        pages=pages,
        background=(let_due_agreements_begin,),
        projections={"directory": Projection(("stakeholder", "membership"), DIRECTORY)},
        on_start=on_start,
    )


async def let_due_agreements_begin(units: Units[Store]) -> None:
    """For ever: agreements signed before their first day take effect when it comes."""
    while True:
        async with units.reading() as store:
            due = await store.files.due(city_day(units.clock()), _DUE_AT_ONCE)
        for city, agreement_id in due:
            async with units.begin(Scope(city, "calendar")) as unit:
                await activate_due(unit, agreement_id)
        await asyncio.sleep(_LOOK_FOR_DUE_SECONDS)
