"""Where everything is wired together."""

from __future__ import annotations

from pathlib import Path

from chassis.service import Service
from chassis.web.pages import Pages
from services.matching import api, consumers, jobs
from services.matching.pages import routes
from services.matching.settings import MatchingSettings
from services.matching.store import MatchingStore


def service(settings: MatchingSettings | None = None) -> Service[MatchingStore]:
    """The matching service; settings come from the environment unless given."""
    settings = settings or MatchingSettings()
    pages = Pages(Path(__file__).parent / "pages" / "templates", "matching")
    return Service(
        settings=settings,
        make_store=MatchingStore,
        handlers=consumers.handlers(settings.policy()),
        routers=(api.router, routes.router(pages)),
        pages=pages,
        background=jobs.jobs(settings),
        projections=consumers.PROJECTIONS,
    )
