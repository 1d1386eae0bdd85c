"""Composition root: the only place that wires."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI

from chassis.service import Service
from chassis.web.pages import Pages
from services.notifications import api
from services.notifications.consumers import HANDLERS, PROJECTIONS
from services.notifications.live import Live
from services.notifications.pages import views
from services.notifications.settings import NotificationsSettings
from services.notifications.store import Store

TEMPLATES = Path(__file__).parent / "pages" / "templates"


def service(settings: NotificationsSettings | None = None) -> Service[Store]:
    """The notifications service, ready to run."""
    settings = settings or NotificationsSettings()
    live = Live(settings)
    pages = Pages(TEMPLATES, "notifications")

    async def on_start(app: FastAPI) -> None:
        app.state.live = live
        live.stop_with_the_server()

    return Service(
        settings=settings,
        make_store=lambda connection: Store(connection, live.wake),
        handlers=HANDLERS,
        routers=(api.router, views.router(pages)),
        pages=pages,
        background=(live.run,),
        projections=PROJECTIONS,
        on_start=on_start,
    )
