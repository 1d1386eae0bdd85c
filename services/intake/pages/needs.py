"""A department registers a need, changes it, or takes it back, without a program of its own."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response

from chassis.auth import Actor, require
from chassis.http.problem import Problem
from chassis.web.flash import redirect
from chassis.web.forms import Form, parse_form
from chassis.web.i18n import gettext as _
from chassis.web.pages import Pages
from services.intake.domain.needs import Need
from services.intake.endpoints.speaking import Reason
from services.intake.handlers import IntakeUnit, refusals
from services.intake.handlers import needs as handlers
from services.intake.pages import editing, limits
from services.intake.pages.asking import act_once, refused_fields, scope_of, units
from services.intake.pages.forms import NeedForm
from services.intake.pages.rows import rearranged, rows_in
from services.intake.store import Store
from services.intake.store.stakeholders import StakeholderFilter

Handling = Annotated[Actor, Depends(require("department", "account_manager"))]
FormPage = Form[NeedForm]


def router(pages: Pages) -> APIRouter:
    routes = pages.router(prefix="/intake/needs")

    async def show(
        request: Request, actor: Actor, form: FormPage, status: int = 200, need: Need | None = None, **said: Any
    ) -> HTMLResponse:
        async with units(request).reading() as store:
            departments = await store.people.departments(scope_of(actor))
            known = await _organisations(store, actor, need)
        return pages.render(
            request,
            "need_form.html",
            status=status,
            form=form,
            need=need,
            rows=rows_in(form.values),
            departments=[(one.code, one.name) for one in departments],
            organisations=known,
            **limits.choices(form),
            fixed=not actor.has("account_manager"),
            **{"stale": False} | said,
        )

    @routes.get("/new")
    async def new(request: Request, actor: Handling) -> HTMLResponse:
        return await show(request, actor, Form.of(department=actor.department))

    @routes.post("/new")
    async def register(request: Request, actor: Handling) -> Response:
        form = await parse_form(request, NeedForm)
        if (values := rearranged(form)) is not None:
            return await show(request, actor, Form(values=values))
        chosen = form.model.department if form.model else form.text("department")
        department = chosen if actor.has("account_manager") else actor.department
        if not department:
            form.refuse("department", _("Say which department asks."))
        if form.model is None or form.errors or not department:
            return await show(request, actor, form, 422)
        typed, asking = form.model, department

        async def work(unit: IntakeUnit) -> None:
            await handlers.register_need(unit, actor, typed.content(asking))

        if await refused_fields(act_once(request, actor, form, work), form):
            return await show(request, actor, form, 422)
        return redirect(request, "/intake/mine", _("The need is registered and open to everybody."))

    def over(request: Request, need: Need) -> Response:
        return redirect(request, f"/intake/needs/{need.need_id}", _("This need is no longer open."), "warning")

    @routes.get("/{need_id}/edit")
    async def edit(request: Request, actor: Handling, need_id: UUID) -> Response:
        need = await _own(request, actor, need_id)
        if need.state != "open":
            return over(request, need)
        form: FormPage = Form.of(**editing.need_values(need.content), version=need.version)
        return await show(request, actor, form, need=need)

    @routes.post("/{need_id}/edit")
    async def change(request: Request, actor: Handling, need_id: UUID) -> Response:
        form = await parse_form(request, NeedForm)
        need = await _own(request, actor, need_id)
        if need.state != "open":
            return over(request, need)
        if (values := rearranged(form)) is not None:
            return await show(request, actor, Form(values=values), need=need)
        if form.model is None:
            return await show(request, actor, form, 422, need=need)
        changes = editing.need_changes(form.model, need.content)
        expected = editing.version_of(form)

        async def work(unit: IntakeUnit) -> None:
            await handlers.change_need(unit, actor, need_id, expected, changes)

        try:
            if await refused_fields(act_once(request, actor, form, work), form):
                return await show(request, actor, form, 422, need=need)
        except Problem as problem:
            if problem.status != 412:
                raise
            now = await _own(request, actor, need_id)
            form.values["version"] = now.version
            return await show(request, actor, form, 412, need=now, stale=True)
        return redirect(request, f"/intake/needs/{need_id}", _("The need is changed."))

    @routes.post("/{need_id}/withdraw")
    async def withdraw(request: Request, actor: Handling, need_id: UUID) -> Response:
        form = await parse_form(request, Reason)
        reason = form.model.reason if form.model else None

        async def work(unit: IntakeUnit) -> None:
            await handlers.withdraw_need(unit, actor, need_id, None, reason)

        await act_once(request, actor, form, work)
        return redirect(request, "/intake/mine", _("The need is withdrawn."))

    return routes


async def _own(request: Request, actor: Actor, need_id: UUID) -> Need:
    """The need, for who may change it. Raises Problem 404 or 403."""
    async with units(request).reading() as store:
        need = await store.needs.get(scope_of(actor), need_id)
    if need is None:
        raise refusals.no_need()
    if not handlers.may_manage(actor, need.content.department):
        raise refusals.not_your_department()
    return need


async def _organisations(store: Store, actor: Actor, need: Need | None) -> list[tuple[str, str]]:
    """The organisations that were admitted and those the need names already, as (id, name) by name."""
    admitted = await store.stakeholders.find(scope_of(actor), StakeholderFilter(vetting="approved", limit=200))
    known = {str(one.stakeholder_id): one.name for one in admitted}
    if need is not None:
        named = [*need.content.receivers, *need.content.excluded_stakeholders]
        known |= {str(one): name for one, name in (await store.stakeholders.names(scope_of(actor), named)).items()}
    return sorted(known.items(), key=lambda one: one[1].casefold())
