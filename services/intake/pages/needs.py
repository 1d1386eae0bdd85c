"""A department registers a need, or takes one back, without a program of its own."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response

from chassis.auth import Actor, require
from chassis.web.flash import redirect
from chassis.web.forms import Form, parse_form
from chassis.web.i18n import gettext as _
from chassis.web.pages import Pages
from services.intake.endpoints.speaking import Reason
from services.intake.handlers import IntakeUnit
from services.intake.handlers import needs as handlers
from services.intake.pages import limits
from services.intake.pages.asking import act_once, refused_fields, scope_of, units
from services.intake.pages.forms import NeedForm, rows_in
from services.intake.store.stakeholders import StakeholderFilter

Handling = Annotated[Actor, Depends(require("department", "account_manager"))]


def router(pages: Pages) -> APIRouter:
    routes = pages.router(prefix="/intake/needs")

    async def show(request: Request, actor: Actor, form: Form[NeedForm], status: int = 200) -> HTMLResponse:
        async with units(request).reading() as store:
            departments = await store.people.departments(scope_of(actor))
            admitted = await store.stakeholders.find(scope_of(actor), StakeholderFilter(vetting="approved", limit=200))
        known = sorted(((str(one.stakeholder_id), one.name) for one in admitted), key=lambda one: one[1].casefold())
        return pages.render(
            request,
            "need_form.html",
            status=status,
            form=form,
            rows=rows_in(form.values),
            departments=[(one.code, one.name) for one in departments],
            organisations=known,
            **limits.choices(form),
            fixed=not actor.has("account_manager"),
        )

    @routes.get("/new")
    async def new(request: Request, actor: Handling) -> HTMLResponse:
        return await show(request, actor, Form.of(department=actor.department))

    @routes.post("/new")
    async def register(request: Request, actor: Handling) -> Response:
        form = await parse_form(request, NeedForm)
        if "add_line" in form.values:
            return await show(request, actor, Form(values=form.values))
        if form.model is None:
            return await show(request, actor, form, 422)
        typed = form.model
        department = typed.department if actor.has("account_manager") else actor.department
        if department is None:
            return await show(request, actor, form.refuse("department", _("Say which department asks.")), 422)

        async def work(unit: IntakeUnit) -> None:
            await handlers.register_need(unit, actor, typed.content(department))

        if await refused_fields(act_once(request, actor, form, work), form):
            return await show(request, actor, form, 422)
        return redirect(request, "/intake/mine", _("The need is registered and open to everybody."))

    @routes.post("/{need_id}/withdraw")
    async def withdraw(request: Request, actor: Handling, need_id: UUID) -> Response:
        form = await parse_form(request, Reason)
        reason = form.model.reason if form.model else None

        async def work(unit: IntakeUnit) -> None:
            await handlers.withdraw_need(unit, actor, need_id, None, reason)

        await act_once(request, actor, form, work)
        return redirect(request, "/intake/mine", _("The need is withdrawn."))

    return routes
