"""The forms by which results are recorded and corrected."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import HTMLResponse, Response

from chassis.auth import Actor
from chassis.http.commands import Reply, fingerprint, once
from chassis.http.problem import Problem, not_found
from chassis.service import units_of
from chassis.unit import Unit
from chassis.web.flash import redirect
from chassis.web.formats import quantity
from chassis.web.forms import Form, parse_form
from chassis.web.i18n import current_language
from chassis.web.i18n import gettext as _
from chassis.web.in_words import problem_in_words
from chassis.web.pages import Pages
from contracts.values import LongText, Quantity
from services.impact import edge
from services.impact.domain.commands import CorrectDelivery, CorrectMeasurement, RecordDelivery, RecordMeasurement
from services.impact.domain.doubts import is_far_beyond
from services.impact.edge import scope_of
from services.impact.handlers import results
from services.impact.handlers.results import Kept
from services.impact.pages.plans import LoggedIn, commitment_name, indicator_title, show_plan
from services.impact.store import Store

Act = Callable[[Unit[Store]], Awaitable[Kept]]


class DeliveryForm(BaseModel):
    """As the page asks it: the commitment by its position in the plan."""

    commitment: int
    quantity: Quantity
    delivered_on: date | None = None
    note: LongText | None = None
    confirmed: bool = False


def add(routes: APIRouter, pages: Pages) -> None:
    @routes.post("/plans/{plan_id}/deliveries")
    async def deliver(request: Request, actor: LoggedIn, plan_id: UUID) -> Response:
        form = await parse_form(request, DeliveryForm)
        command = await _delivery_command(request, actor, plan_id, form) if form.model is not None else None
        if command is not None:
            done = await _do(
                request,
                actor,
                form,
                plan_id,
                lambda unit: results.record_delivery(unit, plan_id, edge.reporter_of(actor), command),
            )
            if done is not None:
                return _back(request, plan_id, _("The delivery is recorded."), done)
        return await show_plan(pages, request, actor, plan_id, delivery=form)

    @routes.post("/plans/{plan_id}/measurements")
    async def measure(request: Request, actor: LoggedIn, plan_id: UUID) -> Response:
        form = await parse_form(request, RecordMeasurement)
        if form.model is not None:
            command = form.model
            done = await _do(
                request,
                actor,
                form,
                plan_id,
                lambda unit: results.record_measurement(unit, plan_id, edge.reporter_of(actor), command),
            )
            if done is not None:
                return _back(request, plan_id, _("The measurement is recorded."), done)
        return await show_plan(pages, request, actor, plan_id, measurement=form)

    @routes.get("/plans/{plan_id}/deliveries/{fact_id}/correct")
    async def ask_delivery(request: Request, actor: LoggedIn, plan_id: UUID, fact_id: UUID) -> HTMLResponse:
        return await _ask(pages, request, actor, plan_id, fact_id, "delivery")

    @routes.post("/plans/{plan_id}/deliveries/{fact_id}/correct")
    async def correct_delivery(request: Request, actor: LoggedIn, plan_id: UUID, fact_id: UUID) -> Response:
        form = await parse_form(request, CorrectDelivery)
        if form.model is not None:
            command = form.model
            done = await _do(
                request,
                actor,
                form,
                fact_id,
                lambda unit: results.correct_delivery(unit, plan_id, fact_id, edge.reporter_of(actor), command),
            )
            if done is not None:
                return _back(request, plan_id, _("The correction is recorded."), done)
        return await _ask(pages, request, actor, plan_id, fact_id, "delivery", form)

    @routes.get("/plans/{plan_id}/measurements/{fact_id}/correct")
    async def ask_measurement(request: Request, actor: LoggedIn, plan_id: UUID, fact_id: UUID) -> HTMLResponse:
        return await _ask(pages, request, actor, plan_id, fact_id, "measurement")

    @routes.post("/plans/{plan_id}/measurements/{fact_id}/correct")
    async def correct_measurement(request: Request, actor: LoggedIn, plan_id: UUID, fact_id: UUID) -> Response:
        form = await parse_form(request, CorrectMeasurement)
        if form.model is not None:
            command = form.model
            done = await _do(
                request,
                actor,
                form,
                fact_id,
                lambda unit: results.correct_measurement(unit, plan_id, fact_id, edge.reporter_of(actor), command),
            )
            if done is not None:
                return _back(request, plan_id, _("The correction is recorded."), done)
        return await _ask(pages, request, actor, plan_id, fact_id, "measurement", form)


async def _delivery_command(
    request: Request, actor: Actor, plan_id: UUID, form: Form[DeliveryForm]
) -> RecordDelivery | None:
    """What the form asks; None when so much is to be confirmed first."""
    asked = form.model
    assert asked is not None
    async with units_of(request).reading() as store:
        plan, _report = await edge.plan_for(store, actor, plan_id)
    chosen = next((one for one in plan.commitments if one.position == asked.commitment), None)
    if chosen is None:
        raise not_found("Questa voce non è nel piano.", "This commitment is not in the plan.")
    if not asked.confirmed and is_far_beyond(chosen, chosen.delivered + asked.quantity):
        form.refuse(
            "confirmed",
            _("This is far more than the %(promised)s that were promised: correct it, or say that it is right.")
            % {"promised": quantity(chosen.quantity, chosen.promised.unit)},
        )
        return None
    return RecordDelivery(
        offer_id=chosen.promised.offer_id,
        offer_line=chosen.promised.offer_line,
        need_line=chosen.promised.need_line,
        quantity=asked.quantity,
        delivered_on=asked.delivered_on,
        note=asked.note,
    )


async def _do(request: Request, actor: Actor, form: Form[Any], about: UUID, act: Act) -> list[str] | None:
    """Does it once per form that was shown; the sentences to look at again, or None when a field was refused."""

    async def work(unit: Unit[Store]) -> Reply:
        with edge.refusals_as_problems():
            kept = await act(unit)
        return Reply(200, {"it": [one.italian for one in kept.warnings], "en": [one.english for one in kept.warnings]})

    units, scope = units_of(request), scope_of(actor)
    try:
        if form.idempotency_key is None:
            reply = await units.run(scope, work)
        else:
            print_ = fingerprint("form", request.url.path, str(about), str(form.model))
            reply = await once(units, scope, form.idempotency_key, print_, work)
    except Problem as problem:
        if problem.status not in (409, 422):
            raise
        form.refuse_all(problem.errors)
        if not problem.errors:
            form.refuse("", problem_in_words(problem))
        return None
    told: list[str] = orjson.loads(reply.content())[current_language()]
    return told


def _back(request: Request, plan_id: UUID, message: str, doubts: list[str]) -> Response:
    text = " ".join([message, *doubts])
    return redirect(request, f"/impact/plans/{plan_id}", text, "warning" if doubts else "success")


async def _ask(
    pages: Pages,
    request: Request,
    actor: Actor,
    plan_id: UUID,
    fact_id: UUID,
    kind: str,
    form: Form[Any] | None = None,
) -> HTMLResponse:
    """The form for a correction, next to what is on record."""
    async with units_of(request).reading() as store:
        _plan, report = await edge.plan_for(store, actor, plan_id)
        read = store.readings.delivery if kind == "delivery" else store.readings.measurement
        fact = await read(scope_of(actor), plan_id, fact_id)
    if fact is None:
        raise not_found("Questo dato non esiste.", "There is no such fact.")
    if kind == "delivery":
        name = commitment_name(next(one for one in report.commitments if one.position == fact.position))
    else:
        name = indicator_title(next(one for one in report.indicators if one.code == fact.indicator))
    return pages.render(
        request,
        "correct.html",
        status=422 if form and form.errors else 200,
        plan=report,
        fact=fact,
        kind=kind,
        name=name,
        now=fact.quantity if kind == "delivery" else fact.value,
        form=form or Form.of(),
    )
