"""Composition root: the only place that wires the service together."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI

from chassis.service import Projection, Service
from chassis.settings import Settings
from chassis.web.pages import CITY_NAMES, Pages
from services.agreements import (
    api,
    api_amendments,
    api_clauses,
    api_exports,
    api_file,
    api_lists,
    api_notices,
    api_register,
    api_signatures,
    api_toolkit,
    api_versions,
    vademecum,
)
from services.agreements.announcing import announce_the_toolkit
from services.agreements.consumers import DIRECTORY, HANDLERS
from services.agreements.daily_register import make_daily_registers
from services.agreements.documents.revocation import Asker
from services.agreements.documents.trust_files import TrustDirectory
from services.agreements.domain.closing import Calendar
from services.agreements.forgetting import forget_refused_uploads
from services.agreements.handlers.desk import Desk
from services.agreements.made_once import MadeOnce
from services.agreements.pages.routes import router as page_router
from services.agreements.settings import AgreementsSettings
from services.agreements.store import Store
from services.agreements.timekeeping import keep_time


def service(settings: Settings | None = None) -> Service[Store]:
    """The agreements service, ready to run."""
    if not isinstance(settings, AgreementsSettings):
        settings = AgreementsSettings(**(settings.model_dump() if settings else {}))
    pages = Pages(Path(__file__).parent / "pages" / "templates", "agreements")
    calendar = Calendar(settings.agreements_expires_after_days, settings.agreements_renewal_from_days)
    asking = settings.agreements_ask_issuers
    desk = Desk(
        development_signer=settings.signs_for_trial,
        city_names=CITY_NAMES,
        calendar=calendar,
        write_to=settings.agreements_write_to,
        trust=TrustDirectory(settings.agreements_trust_lists),
        revocation=settings.agreements_revocation,
        ask=None if asking == "off" else Asker(private=asking == "any"),
        keep_refused_days=settings.agreements_keep_refused_days,
    )

    async def on_start(app: FastAPI) -> None:
        app.state.desk = desk
        app.state.made_once = MadeOnce()
        await vademecum.seed(app.state.units)

    return Service(
        settings=settings,
        make_store=Store,
        handlers=HANDLERS,
        routers=(
            api_lists.router,
            api_amendments.router,
            api_versions.router,
            api.router,
            api_file.router,
            api_toolkit.router,
            api_clauses.router,
            api_register.router,
            api_signatures.router,
            api_notices.router,
            api_exports.router,
            page_router(pages),
        ),
        pages=pages,
        background=(keep_time(calendar), announce_the_toolkit, make_daily_registers(desk), forget_refused_uploads),
        projections={"directory": Projection(("stakeholder", "membership"), DIRECTORY)},
        on_start=on_start,
    )
