"""The forms of a proposal: each decision once per form, and the page as it is now when it could not be."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel

from chassis.auth import Actor, CurrentActor
from chassis.auth.dependencies import refuse_unless
from chassis.http.commands import fingerprint, once
from chassis.http.problem import Problem
from chassis.service import units_of
from chassis.validation import field_error
from chassis.web.flash import redirect
from chassis.web.forms import Form, parse_form
from chassis.web.i18n import gettext as _
from chassis.web.in_words import problem_in_words
from chassis.web.pages import Pages
from services.matching import decisions
from services.matching.api import match_for, policy_of, scope_of
from services.matching.decisions import Work
from services.matching.pages.forms import MISSING, AcceptForm, CounterForm, DeclineForm, PostponeForm, VersionForm
from services.matching.pages.showing import own_parties, show
from services.matching.views import MatchView


def add(routes: APIRouter, pages: Pages) -> None:
    """Adds ``POST /matching/proposals/{id}/…``."""

    @routes.post("/proposals/{match_id}/accept")
    async def accept(request: Request, actor: CurrentActor, match_id: UUID) -> Response:
        form = await parse_form(request, AcceptForm)
        name = await _which(request, actor, match_id, form)
        if form.model is None:
            return await show(pages, request, actor, match_id, status=422, forms={name: form})
        work = decisions.accepting(actor, match_id, form.model.body(), policy_of(request), form.model.version)
        try:
            after = await _carry_out(request, actor, match_id, form, work)
        except Problem as problem:
            return await _refused(pages, request, actor, match_id, problem, name, form)
        all_said_yes = after is not None and after.state == "accepted"
        message = _("Everybody has said yes: the match is accepted.") if all_said_yes else _("Consent recorded.")
        return redirect(request, f"/matching/proposals/{match_id}", message)

    @routes.post("/proposals/{match_id}/counter")
    async def counter(request: Request, actor: CurrentActor, match_id: UUID) -> Response:
        form = await parse_form(request, CounterForm)
        if form.model is not None and not form.model.says_how_much:
            form.refuse_all([MISSING])
        if form.model is None or form.errors:
            return await show(pages, request, actor, match_id, status=422, forms={"counter": form})
        body = form.model.body()
        work = decisions.countering(actor, match_id, body, policy_of(request), form.model.version)
        try:
            await _carry_out(request, actor, match_id, form, work)
        except Problem as problem:
            rows = [one.position for one in body.quantities]
            return await _refused(pages, request, actor, match_id, _by_position(problem, rows), "counter", form)
        message = _("Recorded with the new quantities. Whoever they concern is asked again.")
        return redirect(request, f"/matching/proposals/{match_id}", message)

    @routes.post("/proposals/{match_id}/postpone")
    async def postpone(request: Request, actor: CurrentActor, match_id: UUID) -> Response:
        form = await parse_form(request, PostponeForm)
        if form.model is None:
            return await show(pages, request, actor, match_id, status=422, forms={"postpone": form})
        work = decisions.postponing(actor, match_id, form.model.body(), policy_of(request), form.model.version)
        try:
            await _carry_out(request, actor, match_id, form, work)
        except Problem as problem:
            return await _refused(pages, request, actor, match_id, problem, "postpone", form)
        return redirect(request, f"/matching/proposals/{match_id}", _("Put off. It comes back by itself."))

    @routes.post("/proposals/{match_id}/decline")
    async def decline(request: Request, actor: CurrentActor, match_id: UUID) -> Response:
        form = await parse_form(request, DeclineForm)
        if form.model is None:
            return await show(pages, request, actor, match_id, status=422, forms={"decline": form})
        work = decisions.declining(actor, match_id, form.model.body(), policy_of(request), form.model.version)
        try:
            await _carry_out(request, actor, match_id, form, work)
        except Problem as problem:
            return await _refused(pages, request, actor, match_id, problem, "decline", form)
        return redirect(request, f"/matching/proposals/{match_id}", _("Declined. The other parties are told."), "info")

    @routes.post("/proposals/{match_id}/undo")
    async def undo(request: Request, actor: CurrentActor, match_id: UUID) -> Response:
        form = await parse_form(request, VersionForm)
        if form.model is None:
            return await show(pages, request, actor, match_id, status=422)
        work = decisions.undoing(actor, match_id, policy_of(request), form.model.version)
        try:
            after = await _carry_out(request, actor, match_id, form, work)
        except Problem as problem:
            return await _refused(pages, request, actor, match_id, problem, "undo", form)
        where = after.match_id if after else match_id
        if after is not None and after.asked is not None:
            return redirect(request, f"/matching/proposals/{where}", _asked(), "info")
        return redirect(request, f"/matching/proposals/{where}", _("Taken back. The proposal stands as before."))

    @routes.post("/proposals/{match_id}/release")
    async def release(request: Request, actor: CurrentActor, match_id: UUID) -> Response:
        refuse_unless(actor, "account_manager")
        form = await parse_form(request, VersionForm)
        if form.model is None:
            return await show(pages, request, actor, match_id, status=422)
        work = decisions.releasing(actor, match_id, policy_of(request), form.model.version)
        try:
            await _carry_out(request, actor, match_id, form, work)
        except Problem as problem:
            return await _refused(pages, request, actor, match_id, problem, "undo", form)
        return redirect(request, f"/matching/proposals/{match_id}", _asked(), "info")


def _asked() -> str:
    return _("Asked. See in a moment what came of it.")


async def _which(request: Request, actor: Actor, match_id: UUID, form: Form[Any]) -> str:
    """The form that was sent: one's own yes, or a yes on behalf of somebody."""
    match = await match_for(request, actor, match_id)
    return "accept" if form.text("party_id") in own_parties(actor, match) else "behalf"


async def _carry_out(request: Request, actor: Actor, match_id: UUID, form: Form[Any], work: Work) -> MatchView | None:
    """Does it once per form; returns the match as it is then, None on a repeat."""
    await match_for(request, actor, match_id)
    units = units_of(request)
    model: BaseModel = form.model  # type: ignore[assignment]
    if form.idempotency_key is None:
        run = units.run(scope_of(actor), work)
    else:
        print_ = fingerprint(request.url.path, model.model_dump_json())
        run = once(units, scope_of(actor), form.idempotency_key, print_, work)
    reply = await decisions.carried_out(units, actor, match_id, run, getattr(model, "version", None))
    return reply.body if isinstance(reply.body, MatchView) else None


async def _refused(
    pages: Pages, request: Request, actor: Actor, match_id: UUID, problem: Problem, name: str, form: Form[Any]
) -> Response:
    """The same page as it is now, with what went wrong; what only a page can tell is left to the error page."""
    if problem.status not in (409, 412, 422):
        raise problem
    form.refuse_all(problem.errors)
    said = "" if problem.errors else problem_in_words(problem)
    if problem.status == 412 and (await match_for(request, actor, match_id)).closed_at is not None:
        said = f"{said} " + _("Nothing was recorded.")
    return await show(pages, request, actor, match_id, status=problem.status, warning=said, forms={name: form})


def _by_position(problem: Problem, positions: list[int]) -> Problem:
    """Only changed quantities were sent on; on the page each allocation has a row of its own."""
    errors = []
    for one in problem.errors:
        steps = one.pointer.split("/")
        if len(steps) > 2 and steps[1] == "quantities" and steps[2].isdigit() and int(steps[2]) < len(positions):
            steps[2] = str(positions[int(steps[2])])
        errors.append(field_error("/".join(steps), one.code, one.message_it, one.message_en))
    return Problem(problem.status, problem.code, problem.italian, problem.english, errors, problem.headers)
