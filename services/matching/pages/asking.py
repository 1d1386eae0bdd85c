"""Why is this offer not proposed for that need? Asked by choosing both, answered in words."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from chassis.auth import Actor, CurrentActor
from chassis.auth.dependencies import refuse_unless
from chassis.http.problem import Problem
from chassis.service import units_of
from chassis.web.forms import Form
from chassis.web.in_words import problem_in_words
from chassis.web.pages import Pages
from services.matching.access import SEE_EVERYTHING, reach_of, uuid_of
from services.matching.api import scope_of, why_not_for, words_of
from services.matching.store.overview import OverviewStore, Subject
from services.matching.views import WhyNotView


def add(routes: APIRouter, pages: Pages) -> None:
    """Adds ``GET /matching/why-not``."""

    @routes.get("/why-not")
    async def why_not(request: Request, actor: CurrentActor) -> Response:
        refuse_unless(actor, "department", *SEE_EVERYTHING)
        said = {
            name: request.query_params.get(name, "").replace("\x00", "").strip()[:200]
            for name in ("need", "offer", "need_q", "offer_q")
        }
        need, offer = uuid_of(said["need"] or said["need_q"]), uuid_of(said["offer"] or said["offer_q"])
        answer, warning = await _answer(request, actor, need, offer)
        return pages.render(
            request,
            "why_not.html",
            status=404 if warning else 200,
            form=Form.of(need_q=said["need_q"], offer_q=said["offer_q"]),
            need=await _called(request, actor, need, "need"),
            offer=await _called(request, actor, offer, "offer"),
            needs=await _found(request, actor, said["need_q"], "need") if need is None else [],
            offers=await _found(request, actor, said["offer_q"], "offer") if offer is None else [],
            asked=said,
            answer=answer,
            rows=_side_by_side(answer) if answer else [],
            warning=warning,
        )


async def _answer(
    request: Request, actor: Actor, need: UUID | None, offer: UUID | None
) -> tuple[WhyNotView | None, str]:
    if need is None or offer is None:
        return None, ""
    try:
        return await why_not_for(request, actor, need, offer), ""
    except Problem as problem:
        return None, problem_in_words(problem)


async def _found(request: Request, actor: Actor, text: str, what: str) -> list[Subject]:
    """What the words find. Offers are looked through by those who see everything; others name them by their id."""
    words, reach = words_of(text), reach_of(actor)
    if not words or (what == "offer" and not reach.everything):
        return []
    async with units_of(request).reading() as store:
        overview: OverviewStore = store.overview
        if what == "offer":
            return await overview.offers_like(scope_of(actor), words)
        return await overview.needs_like(scope_of(actor), reach, words)


async def _called(request: Request, actor: Actor, subject: UUID | None, what: str) -> dict[str, Any] | None:
    """Id and title of what was chosen; the title only for whom it is to see."""
    if subject is None:
        return None
    title = ""
    async with units_of(request).reading() as store:
        if await store.overview.may_see_subject(scope_of(actor), reach_of(actor), subject):
            load = store.candidates.needs if what == "need" else store.candidates.offers
            found = (await load(scope_of(actor), [subject])).get(subject)
            title = found.state.title if found is not None else ""
    return {"id": str(subject), "title": title}


def _side_by_side(answer: WhyNotView) -> list[dict[str, Any]]:
    """Every signal of either, with what it says and brings on each side; what differs most comes first."""
    mine = {one.code: one for one in answer.reasons}
    other = {one.code: one for one in answer.best.reasons} if answer.best else {}
    rows = [{"mine": mine.get(code), "best": other.get(code)} for code in dict.fromkeys([*mine, *other])]

    def apart(row: dict[str, Any]) -> float:
        brought: list[float] = [row[side].contribution if row[side] else 0.0 for side in ("mine", "best")]
        return -abs(brought[0] - brought[1])

    return sorted(rows, key=apart)
