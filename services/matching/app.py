"""Where everything is wired together."""

from __future__ import annotations

from pathlib import Path

from chassis.service import Service
from chassis.web.pages import Pages
from services.matching import api, api_plans, api_ranking, consumers, jobs, teaching, warming
from services.matching.pages import plans, routes
from services.matching.planning import supervising
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
        routers=(api.router, api_plans.router, plans.router(pages), api_ranking.router, routes.router(pages)),
        pages=pages,
        background=[*jobs.jobs(settings), *supervising.jobs(settings), *teaching.jobs(settings), *warming.jobs()],
        projections=consumers.PROJECTIONS,
    )
