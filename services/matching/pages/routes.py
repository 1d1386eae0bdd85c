"""Proposals as pages: the list of one's own, and one with its reasons, parties and forms. No script is needed."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from chassis.auth import CurrentActor
from chassis.auth.dependencies import refuse_unless
from chassis.service import units_of
from chassis.web.forms import Form
from chassis.web.i18n import gettext as _
from chassis.web.pages import Pages
from chassis.web.vocabulary import label
from services.matching.access import READERS
from services.matching.api import matches_page, position
from services.matching.domain.states import TRANSITIONS
from services.matching.pages import deciding, ranking
from services.matching.pages.showing import awaited_of, show
from services.matching.store.overview import Wanted

_PAGE = 30
STATES = tuple(dict.fromkeys(TRANSITIONS.values()))
POSTPONED = "postponed"
"""Proposed, but nobody's task before some day: kept apart from what is to be decided now."""


def router(pages: Pages) -> APIRouter:
    """``/matching/proposals`` and what belongs to it."""
    routes = pages.router(prefix="/matching")
    ranking.add(routes, pages)

    @routes.get("/proposals")
    async def proposals(
        request: Request,
        actor: CurrentActor,
        state: str = "proposed",
        need: UUID | None = None,
        mine: bool = False,
        after: str | None = None,
    ) -> Response:
        refuse_unless(actor, *READERS)
        known = "proposed" if state == POSTPONED else state if state in STATES else None
        asleep = state == POSTPONED if known == "proposed" and need is None else None
        manager = actor.subject if mine and actor.has("account_manager") else None
        shown = POSTPONED if asleep else known or "all"
        found = await matches_page(request, actor, Wanted(need, None, known, manager, position(after), _PAGE, asleep))
        asked: dict[str, Any] = {"state": shown}
        asked |= {"need": str(need)} if need else {}
        asked |= {"mine": "true"} if mine else {}
        return pages.render(
            request,
            "proposals.html",
            matches=found.items,
            own={match.match_id: awaited_of(actor, match) for match in found.items},
            now=units_of(request).clock(),
            form=Form.of(state=shown, mine=mine),
            states=[
                ("all", _("All")),
                *((code, label("match_state", code)) for code in STATES),
                (POSTPONED, _("Put off")),
            ],
            need=need,
            first=f"?{urlencode(asked)}" if after else None,
            next=f"?{urlencode(asked | {'after': found.next})}" if found.next else None,
        )

    @routes.get("/proposals/{match_id}")
    async def proposal(request: Request, actor: CurrentActor, match_id: UUID) -> Response:
        return await show(pages, request, actor, match_id)

    deciding.add(routes, pages)
    return routes
