"""Puts intake together; nothing else does."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter

from chassis.auth.login import login_router
from chassis.service import Service
from chassis.web.pages import Pages
from chassis.web.site import site_router
from chassis.web.static import static_router
from services.intake import api, background, consumers
from services.intake import pages as intake_pages
from services.intake.settings import IntakeSettings
from services.intake.store import Store


def service(settings: IntakeSettings | None = None) -> Service[Store]:
    """Intake, which also serves ``/``, the login and the static files of the whole origin."""
    pages = Pages(Path(__file__).parent / "pages" / "templates", "intake")
    routers: list[APIRouter] = [
        *api.ROUTERS,
        login_router(),
        static_router(),
        site_router(pages),
        *intake_pages.routers(pages),
    ]
    return Service(
        settings=settings or IntakeSettings(),
        make_store=Store,
        handlers=consumers.HANDLERS,
        routers=routers,
        pages=pages,
        unreadable=consumers.UNREADABLE,
        background=(background.run,),
    )
