"""The ranking as a page: what each signal weighs, what decisions taught, and the switch."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field, field_validator

from chassis.auth import Actor, CurrentActor
from chassis.auth.dependencies import refuse_unless
from chassis.http.commands import fingerprint, once
from chassis.service import units_of
from chassis.web.flash import redirect
from chassis.web.forms import Form, parse_form
from chassis.web.i18n import gettext as _
from chassis.web.pages import Pages
from services.matching.access import SEE_EVERYTHING
from services.matching.api import scope_of
from services.matching.api_ranking import RankingView, RefitView, UseBody, refitting, using, view_of
from services.matching.decisions import problem_of
from services.matching.domain.refusals import Refusal

PATH = "/matching/ranking"


class UseForm(BaseModel):
    """Which weights, and why."""

    number: int | None = None
    reason: Annotated[str, Field(min_length=3, max_length=500)]

    @field_validator("number", mode="before")
    @classmethod
    def _none(cls, value: object) -> object:
        return None if value in ("", "rules") else value


def add(routes: APIRouter, pages: Pages) -> None:
    """Adds ``/matching/ranking``."""

    @routes.get("/ranking")
    async def ranking(request: Request, actor: CurrentActor) -> Response:
        return await _show(pages, request, actor)

    @routes.post("/ranking/refits")
    async def refit(request: Request, actor: CurrentActor) -> Response:
        refuse_unless(actor, "coordinator")
        form: Form[UseForm] = Form(values=dict(await request.form()))
        what = fingerprint(request.url.path)
        reply = await once(
            units_of(request), scope_of(actor), form.idempotency_key or "", what, refitting(actor.subject)
        )
        done = RefitView.model_validate_json(reply.content())
        return redirect(request, PATH, _said(done))

    @routes.post("/ranking/uses")
    async def use(request: Request, actor: CurrentActor) -> Response:
        refuse_unless(actor, "coordinator")
        form = await parse_form(request, UseForm)
        if form.model is None:
            return await _show(pages, request, actor, form, 422)
        body = UseBody(number=form.model.number, reason=form.model.reason)
        what = fingerprint(request.url.path, str(body.number), body.reason)
        try:
            await once(units_of(request), scope_of(actor), form.idempotency_key or "", what, using(actor, body))
        except Refusal as refusal:
            form.refuse_all(problem_of(refusal).errors)
            return await _show(pages, request, actor, form, 422)
        return redirect(request, PATH, _("From now on proposals are ranked by these weights."))


def _said(done: RefitView) -> str:
    if done.number is None:
        return _(
            "Not enough to learn from: %(decisions)s decisions, %(accepted)s of them yes. At least %(needed)s are"
            " needed, and %(each)s of each kind.",
            decisions=done.decisions,
            accepted=done.accepted,
            needed=done.needed,
            each=done.needed_of_each,
        )
    return _("Learned from %(decisions)s decisions: number %(number)s.", decisions=done.decisions, number=done.number)


async def _show(
    pages: Pages, request: Request, actor: Actor, form: Form[UseForm] | None = None, status: int = 200
) -> Response:
    refuse_unless(actor, *SEE_EVERYTHING)
    async with units_of(request).reading() as store:
        view = await view_of(store, actor)
    choices = [("rules", _("The rules as they are written"))]
    choices += [
        (str(one.number), _("Learned, number %(number)s", number=one.number))
        for one in view.learned
        if one.rules_version == view.rules_version
    ]
    chosen = "rules" if view.in_use is None else str(view.in_use)
    return pages.render(
        request,
        "ranking.html",
        status=status,
        view=view,
        rows=_rows(view),
        choices=choices,
        form=form or Form.of(number=chosen),
        may_switch=actor.has("coordinator"),
    )


def _rows(view: RankingView) -> list[tuple[str, float, float, float | None]]:
    """Signal, weight in the rules, weight in use, weight last learned; the heaviest first."""
    newest = next((one.weights for one in view.learned if one.rules_version == view.rules_version), {})
    return [
        (code, weight, view.weights[code], newest.get(code))
        for code, weight in sorted(view.rules.items(), key=lambda row: -row[1])
    ]
