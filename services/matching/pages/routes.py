"""Proposals as pages: the list of one's own, and one with its reasons, parties and forms. No script is needed."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from chassis.auth import CurrentActor
from chassis.web.pages import Pages
from services.matching.pages import asking, deciding, listing, ranking, several
from services.matching.pages.showing import show


def router(pages: Pages) -> APIRouter:
    """``/matching/proposals`` and what belongs to it."""
    routes = pages.router(prefix="/matching")
    ranking.add(routes, pages)
    listing.add(routes, pages)
    several.add(routes, pages)
    asking.add(routes, pages)

    @routes.get("/proposals/{match_id}")
    async def proposal(request: Request, actor: CurrentActor, match_id: UUID) -> Response:
        return await show(pages, request, actor, match_id)

    deciding.add(routes, pages)
    return routes
