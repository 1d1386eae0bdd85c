"""An offer in five minutes: what, how much, and for whom one speaks."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from chassis.auth import Actor
from chassis.web.flash import redirect
from chassis.web.forms import Form, parse_form
from chassis.web.i18n import gettext as _
from chassis.web.pages import Pages
from services.intake.domain.needs import Need
from services.intake.endpoints.speaking import LoggedIn, own_stakeholders
from services.intake.handlers import IntakeUnit
from services.intake.handlers import offers as handlers
from services.intake.handlers.stakeholders import register_stakeholder
from services.intake.pages import limits
from services.intake.pages.asking import act_once, refused_fields, scope_of, units
from services.intake.pages.forms import OfferForm, rows_in
from services.intake.store import Store
from services.intake.store.stakeholders import StakeholderFilter


def router(pages: Pages) -> APIRouter:
    routes = pages.router(prefix="/intake/offers")

    async def show(
        request: Request, actor: Actor, form: Form[OfferForm], need: Need | None, status: int = 200
    ) -> HTMLResponse:
        async with units(request).reading() as store:
            choices = await _organisations(store, actor)
            departments = [(one.code, one.name) for one in await store.people.departments(scope_of(actor))]
        return pages.render(
            request,
            "offer_form.html",
            status=status,
            form=form,
            need=need,
            rows=rows_in(form.values),
            organisations=choices,
            on_behalf=actor.has("account_manager"),
            departments=departments,
            **limits.choices(form),
        )

    @routes.get("/new")
    async def new(request: Request, actor: LoggedIn, need: UUID | None = None) -> HTMLResponse:
        answered = await _need(request, actor, need)
        form: Form[OfferForm] = Form.of(**_suggestion(answered))
        async with units(request).reading() as store:
            choices = await _organisations(store, actor)
        if len(choices) == 1:
            form.values["stakeholder_id"] = choices[0][0]
        return await show(request, actor, form, answered)

    @routes.post("/new")
    async def take(request: Request, actor: LoggedIn) -> Response:
        form = await parse_form(request, OfferForm)
        answered = await _need(request, actor, form.values.get("answers_need_id"))
        if "add_line" in form.values:
            return await show(request, actor, Form(values=form.values), answered)
        if not form.text("stakeholder_id").strip():
            _refuse_without_organisation(form)
        if form.model is None or form.errors:
            return await show(request, actor, form, answered, 422)
        typed = form.model
        policy_area = answered.content.policy_area if answered else None

        async def work(unit: IntakeUnit) -> None:
            await handlers.take_offer(
                unit, actor, typed.content(await _speaking_for(unit, actor, typed), policy_area), typed.note
            )

        if await refused_fields(act_once(request, actor, form, work), form):
            return await show(request, actor, form, answered, 422)
        return redirect(
            request, "/intake/mine", _("Thank you: the offer is in. Your account manager will be in touch.")
        )

    return routes


async def _need(request: Request, actor: Actor, need_id: object) -> Need | None:
    """The need that the offer answers; None when it answers none, or one that does not exist."""
    try:
        wanted = UUID(str(need_id))
    except ValueError:
        return None
    async with units(request).reading() as store:
        return await store.needs.get(scope_of(actor), wanted)


def _suggestion(need: Need | None) -> dict[str, object]:
    """What is asked first, as a guess of what is offered; a guessed line left alone would be offered open-ended."""
    values: dict[str, object] = {"expected_return": "none"}
    if need is not None:
        first = need.content.lines[0]
        values |= {"answers_need_id": str(need.need_id), "lines.0.kind": first.kind, "lines.0.unit": first.unit}
    return values


async def _organisations(store: Store, actor: Actor) -> list[tuple[str, str]]:
    """Organisations the actor may speak for, as (id, name) by name."""
    own = None if actor.has("account_manager") else own_stakeholders(actor)
    found = await store.stakeholders.find(scope_of(actor), StakeholderFilter(ids=own, limit=200))
    return sorted(((str(one.stakeholder_id), one.name) for one in found), key=lambda choice: choice[1].casefold())


def _refuse_without_organisation(form: Form[OfferForm]) -> None:
    if not form.text("new_name").strip():
        form.refuse("new_name", _("Choose your organisation, or write its name to register it."))
    elif not form.text("new_type").strip():
        form.refuse("new_type", _("Say what kind of organisation it is."))


async def _speaking_for(unit: IntakeUnit, actor: Actor, typed: OfferForm) -> UUID:
    """The organisation chosen, or the one registered on the way in the same transaction."""
    if typed.stakeholder_id is not None:
        return typed.stakeholder_id
    assert typed.new_name is not None
    assert typed.new_type is not None
    one, _new = await register_stakeholder(unit, actor, typed.new_name, typed.new_type, contact=typed.contact)
    return one.stakeholder_id
