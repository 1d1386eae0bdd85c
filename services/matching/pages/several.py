"""The same answer to several proposals at once: each for itself, told one by one, and taken back together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import ValidationError

from chassis.auth import Actor, CurrentActor
from chassis.auth.dependencies import refuse_unless
from chassis.http.commands import fingerprint, once
from chassis.http.problem import Problem
from chassis.service import units_of
from chassis.validation import field_errors
from chassis.web.forms import Form, parse_form
from chassis.web.i18n import gettext as _
from chassis.web.in_words import fault_in_words, problem_in_words
from chassis.web.pages import Pages
from contracts.values import FieldError
from services.matching import decisions
from services.matching.api import match_for, policy_of, scope_of
from services.matching.decisions import Work
from services.matching.pages import listing, texts
from services.matching.pages.asked import Asked
from services.matching.pages.forms import SeveralForm
from services.matching.pages.showing import own_parties, party_for
from services.matching.views import DeclineBody, MatchView, PostponeBody


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one; ``refused`` says why it was not possible."""

    match: MatchView
    refused: str | None = None


def add(routes: APIRouter, pages: Pages) -> None:
    """Adds ``POST /matching/proposals/selected``."""

    @routes.post("/proposals/selected")
    async def selected(request: Request, actor: CurrentActor) -> Response:
        refuse_unless(actor, "department", "partner", "account_manager")
        form = await parse_form(request, SeveralForm)
        asked = Asked.from_where(form.text("where"))
        if form.model is None:
            if not form.values.get("match"):
                form.refuse("match", _("Nothing was chosen: tick the proposals first."))
            return await listing.show(pages, request, actor, asked, answer=form, status=422)
        outcomes = [await _one(request, actor, form, chosen) for chosen in dict.fromkeys(form.model.match)]
        done = [one for one in outcomes if one is not None and one.refused is None]
        return pages.render(
            request,
            "selected.html",
            act=form.model.act,
            done=done,
            refused=[one for one in outcomes if one is not None and one.refused is not None],
            unknown=outcomes.count(None),
            back=[f"{one.match.match_id}:{one.match.version}" for one in done],
            asked=asked,
        )


async def _one(request: Request, actor: Actor, form: Form[SeveralForm], chosen: str) -> Outcome | None:
    """Answers one proposal, in a transaction of its own; None for one that is not theirs to see."""
    id_, version = chosen.split(":")
    try:
        match = await match_for(request, actor, UUID(id_))
    except (Problem, ValueError):
        return None
    model = form.model
    assert model is not None
    try:
        work = _work(request, actor, match, model, int(version))
        key = uuid5(NAMESPACE_URL, f"{form.idempotency_key}/{id_}/{model.act}")
        run = once(units_of(request), scope_of(actor), str(key), fingerprint(id_, model.model_dump_json()), work)
        await decisions.carried_out(units_of(request), actor, match.match_id, run, int(version))
    except ValidationError as wrong:
        return Outcome(match, _told(field_errors(wrong)[0]))
    except Problem as problem:
        return Outcome(match, _told(problem.errors[0]) if problem.errors else problem_in_words(problem))
    return Outcome(await match_for(request, actor, match.match_id))


def _work(request: Request, actor: Actor, match: MatchView, model: SeveralForm, version: int) -> Work:
    policy = policy_of(request)
    if model.act == "undo":
        return decisions.undoing(actor, match.match_id, policy, version)
    said: dict[str, Any] = {"party_id": party_for(actor, match), "note": model.note}
    if not own_parties(actor, match):
        said["channel"] = model.channel
    if model.act == "postpone":
        later = PostponeBody(until=model.until, **said)
        return decisions.postponing(actor, match.match_id, later, policy, version)
    body = DeclineBody(reason_code=model.reason_code, **said)
    return decisions.declining(actor, match.match_id, body, policy, version)


def _told(fault: FieldError) -> str:
    """What is wrong, with the name that its field has on the page."""
    name = dict(texts.choices("answer")).get(fault.pointer.strip("/"))
    return f"{name}: {fault_in_words(fault)}" if name else fault_in_words(fault)
