"""Composition root: the only place that wires."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI

from chassis.scope import Scope
from chassis.service import Projection, Service
from chassis.settings import Settings
from chassis.unit import Unit, Units
from chassis.web.pages import Pages
from services.impact import api
from services.impact.consumers import DISCLOSURE_HANDLERS, HANDLERS, NAME_HANDLERS
from services.impact.handlers.indicators import seed_indicators
from services.impact.library import first_indicators
from services.impact.pages import router as pages_router
from services.impact.settings import ImpactSettings
from services.impact.store import Store


async def _seed(app: FastAPI) -> None:
    """The city's library is there from the first start."""
    units: Units[Store] = app.state.units
    settings: Settings = app.state.settings

    async def work(unit: Unit[Store]) -> int:
        return await seed_indicators(unit, first_indicators())

    await units.run(Scope(settings.default_city, "library"), work)


def service(settings: Settings | None = None) -> Service[Store]:
    """The impact service, ready to run."""
    settings = settings or ImpactSettings()
    pages = Pages(Path(__file__).parent / "pages" / "templates", settings.service)
    return Service(
        settings=settings,
        make_store=Store,
        handlers=HANDLERS,
        routers=[api.router, pages_router(pages)],
        pages=pages,
        projections={
            "names": Projection(("stakeholder",), NAME_HANDLERS),
            "disclosures": Projection(("disclosure",), DISCLOSURE_HANDLERS),
        },
        on_start=_seed,
    )
