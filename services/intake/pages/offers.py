"""An offer in five minutes: what, how much, and for whom one speaks; and changing it later."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from chassis.auth import Actor, CurrentActor
from chassis.http.commands import Reply
from chassis.http.problem import Problem
from chassis.web.flash import redirect
from chassis.web.forms import Form, parse_form
from chassis.web.i18n import gettext as _
from chassis.web.pages import Pages
from services.intake.domain.needs import Need
from services.intake.domain.offers import Offer
from services.intake.endpoints.speaking import LoggedIn, own_stakeholders
from services.intake.handlers import IntakeUnit, refusals
from services.intake.handlers import offers as handlers
from services.intake.handlers.stakeholders import register_stakeholder
from services.intake.pages import editing, limits
from services.intake.pages.asking import accepted, act_once, refused_fields, scope_of, units
from services.intake.pages.forms import OfferForm
from services.intake.pages.rows import rearranged, rows_in
from services.intake.store import Store
from services.intake.store.stakeholders import StakeholderFilter


def router(pages: Pages) -> APIRouter:
    routes = pages.router(prefix="/intake/offers")

    async def show(
        request: Request,
        actor: Actor,
        form: Form[OfferForm],
        need: Need | None,
        status: int = 200,
        offer: Offer | None = None,
        **said: Any,
    ) -> HTMLResponse:
        async with units(request).reading() as store:
            choices = await _organisations(store, actor, offer)
            departments = [(one.code, one.name) for one in await store.people.departments(scope_of(actor))]
        return pages.render(
            request,
            "offer_form.html",
            status=status,
            form=form,
            need=need,
            offer=offer,
            rows=rows_in(form.values),
            organisations=choices,
            on_behalf=actor.has("account_manager"),
            departments=departments,
            **limits.choices(form),
            **{"stale": False} | said,
        )

    @routes.get("/new")
    async def new(request: Request, actor: CurrentActor, need: UUID | None = None) -> HTMLResponse:
        answered = await _need(request, actor, need)
        if actor.is_anonymous:
            return pages.render(request, "offer_login.html", status=401, need=answered, need_id=need)
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
        if (values := rearranged(form)) is not None:
            return await show(request, actor, Form(values=values), answered)
        if not form.text("stakeholder_id").strip():
            _refuse_without_organisation(form)
        if form.model is None or form.errors:
            return await show(request, actor, form, answered, 422)
        typed = form.model
        policy_area = answered.content.policy_area if answered else None

        async def work(unit: IntakeUnit) -> Reply:
            content = typed.content(await _speaking_for(unit, actor, typed), policy_area)
            taken = await handlers.take_offer(unit, actor, content, typed.note)
            return Reply(303, headers={"Location": _after(taken)})

        reply = await accepted(act_once(request, actor, form, work), form)
        if reply is None:
            return await show(request, actor, form, answered, 422)
        return redirect(
            request,
            reply.headers["Location"],
            _("Thank you: the offer is in. Your account manager will be in touch."),
        )

    def over(request: Request, offer: Offer) -> Response:
        return redirect(request, f"/intake/offers/{offer.offer_id}", _("This offer is no longer open."), "warning")

    @routes.get("/{offer_id}/edit")
    async def edit(request: Request, actor: LoggedIn, offer_id: UUID) -> Response:
        offer = await _own(request, actor, offer_id)
        if offer.state != "open":
            return over(request, offer)
        form: Form[OfferForm] = Form.of(**editing.offer_values(offer.content), version=offer.version)
        return await show(request, actor, form, await _need(request, actor, offer.content.answers_need_id), offer=offer)

    @routes.post("/{offer_id}/edit")
    async def change(request: Request, actor: LoggedIn, offer_id: UUID) -> Response:
        form = await parse_form(request, OfferForm)
        offer = await _own(request, actor, offer_id)
        if offer.state != "open":
            return over(request, offer)
        answered = await _need(request, actor, offer.content.answers_need_id)
        if (values := rearranged(form)) is not None:
            return await show(request, actor, Form(values=values), answered, offer=offer)
        if form.model is None:
            return await show(request, actor, form, answered, 422, offer=offer)
        changes = editing.offer_changes(form.model, offer.content, on_behalf=actor.has("account_manager"))
        expected = editing.version_of(form)

        async def work(unit: IntakeUnit) -> None:
            await handlers.change_offer(unit, actor, offer_id, expected, changes)

        try:
            if await refused_fields(act_once(request, actor, form, work), form):
                return await show(request, actor, form, answered, 422, offer=offer)
        except Problem as problem:
            if problem.status != 412:
                raise
            now = await _own(request, actor, offer_id)
            form.values["version"] = now.version
            return await show(request, actor, form, answered, 412, offer=now, stale=True)
        return redirect(request, f"/intake/offers/{offer_id}", _("The offer is changed."))

    return routes


def _after(taken: handlers.Taken) -> str:
    """Where to go from the form: to the offer when there is something to look at once more."""
    return f"/intake/offers/{taken.offer.offer_id}" if taken.warnings else "/intake/mine"


async def _own(request: Request, actor: Actor, offer_id: UUID) -> Offer:
    """The offer, for who may change it. Raises Problem 404 or 403."""
    async with units(request).reading() as store:
        offer = await store.offers.get(scope_of(actor), offer_id)
    if offer is None:
        raise refusals.no_offer()
    if not actor.has("account_manager") and not actor.acts_for(offer.content.stakeholder_id):
        raise refusals.not_your_stakeholder()
    return offer


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


async def _organisations(store: Store, actor: Actor, offer: Offer | None = None) -> list[tuple[str, str]]:
    """Organisations the actor may speak for and, for account managers, those the offer names, as (id, name) by name."""
    own = None if actor.has("account_manager") else own_stakeholders(actor)
    found = await store.stakeholders.find(scope_of(actor), StakeholderFilter(ids=own, limit=200))
    known = {str(one.stakeholder_id): one.name for one in found}
    if offer is not None and own is None:
        named = await store.stakeholders.names(scope_of(actor), offer.content.excluded_receivers)
        known |= {str(one): name for one, name in named.items()}
    return sorted(known.items(), key=lambda choice: choice[1].casefold())


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
