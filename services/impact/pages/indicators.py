"""The indicator library: what the city measures."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse, Response

from chassis.auth import Actor, CurrentActor, require
from chassis.http.commands import Reply, fingerprint, once
from chassis.service import units_of
from chassis.unit import Unit
from chassis.web.flash import redirect
from chassis.web.forms import Form, parse_form
from chassis.web.i18n import gettext as _
from chassis.web.pages import Pages
from contracts.values import Slug
from services.impact.domain.commands import DefineIndicator
from services.impact.edge import scope_of
from services.impact.handlers.indicators import define_indicator
from services.impact.store import Store

Coordinator = Annotated[Actor, Depends(require("coordinator"))]
_MOST = 500


class IndicatorForm(DefineIndicator):
    code: Slug


def add(routes: APIRouter, pages: Pages) -> None:
    async def show(request: Request, actor: Actor, form: Form[IndicatorForm]) -> HTMLResponse:
        async with units_of(request).reading() as store:
            rows = await store.library.page(scope_of(actor), "", _MOST)
        return pages.render(
            request,
            "indicators.html",
            status=422 if form.errors else 200,
            indicators=[dict(row) for row in rows],
            form=form,
            may_change=actor.has("coordinator"),
        )

    @routes.get("/indicators")
    async def indicators(request: Request, actor: CurrentActor) -> HTMLResponse:
        return await show(request, actor, Form.of())

    @routes.post("/indicators")
    async def define(request: Request, actor: Coordinator) -> Response:
        form = await parse_form(request, IndicatorForm)
        if form.model is None:
            return await show(request, actor, form)
        asked = form.model

        async def work(unit: Unit[Store]) -> Reply:
            wanted = DefineIndicator(**asked.model_dump(exclude={"code"}))
            done = await define_indicator(unit, asked.code, wanted)
            return Reply(200, {"version": done.definition.version})

        if form.idempotency_key is None:
            await units_of(request).run(scope_of(actor), work)
        else:
            print_ = fingerprint("indicator", str(asked))
            await once(units_of(request), scope_of(actor), form.idempotency_key, print_, work)
        return redirect(request, "/impact/indicators", _("The indicator is in the library."))
