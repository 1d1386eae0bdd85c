"""The same answer to several proposals at once: each for itself, told one by one, and taken back together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal
from uuid import NAMESPACE_URL, UUID, uuid5

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field, ValidationError

from chassis.auth import Actor, CurrentActor
from chassis.auth.dependencies import refuse_unless
from chassis.http.commands import fingerprint, once
from chassis.http.problem import Problem
from chassis.service import units_of
from chassis.validation import field_errors
from chassis.web.flash import redirect
from chassis.web.forms import Form, parse_form
from chassis.web.i18n import gettext as _
from chassis.web.in_words import fault_in_words, problem_in_words
from chassis.web.pages import Pages
from services.matching import decisions
from services.matching.api import due_by, match_for, policy_of, scope_of
from services.matching.decisions import Work
from services.matching.domain.history import Channel
from services.matching.pages.showing import own_parties
from services.matching.views import DeclineBody, MatchView, Note, PostponeBody

_MOST = 100
Chosen = Annotated[str, Field(pattern=r"^[0-9a-f-]{36}:[0-9]{1,9}$")]


class SeveralForm(BaseModel):
    """``match`` are ids with the version that was seen; ``where`` is the list to go back to."""

    act: Literal["postpone", "decline", "undo"]
    match: list[Chosen] = Field(min_length=1, max_length=_MOST)
    until: date | None = None
    reason_code: str | None = None
    channel: Channel | None = None
    note: Note | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one; ``refused`` says why it was not possible."""

    match: MatchView
    refused: str | None = None


def empty_form(request: Request) -> Form[SeveralForm]:
    return Form.of(until=due_by(request, 7), act="postpone").called("several")


def answerable(actor: Actor, matches: Sequence[MatchView]) -> set[UUID]:
    """The open proposals that the reader may answer: for their own party, or (account managers) for the department."""
    return {one.match_id for one in matches if one.state == "proposed" and _party(actor, one) is not None}


def add(routes: APIRouter, pages: Pages) -> None:
    """Adds ``POST /matching/proposals/selected``."""

    @routes.post("/proposals/selected")
    async def selected(request: Request, actor: CurrentActor) -> Response:
        refuse_unless(actor, "department", "partner", "account_manager")
        form = await parse_form(request, SeveralForm)
        if form.model is None:
            nothing = "match" in form.errors
            message = (
                _("Nothing was chosen: tick the proposals first.") if nothing else next(iter(form.errors.values()))
            )
            return redirect(request, "/matching/proposals", message, "warning")
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
        return Outcome(match, fault_in_words(field_errors(wrong)[0]))
    except Problem as problem:
        return Outcome(match, fault_in_words(problem.errors[0]) if problem.errors else problem_in_words(problem))
    return Outcome(await match_for(request, actor, match.match_id))


def _work(request: Request, actor: Actor, match: MatchView, model: SeveralForm, version: int) -> Work:
    policy = policy_of(request)
    if model.act == "undo":
        return decisions.undoing(actor, match.match_id, policy, version)
    said: dict[str, Any] = {"party_id": _party(actor, match), "note": model.note}
    if not own_parties(actor, match):
        said["channel"] = model.channel
    if model.act == "postpone":
        return decisions.postponing(
            actor, match.match_id, PostponeBody(until=model.until, **said), policy, version
        )  # fmt: skip
    body = DeclineBody(reason_code=model.reason_code, **said)
    return decisions.declining(actor, match.match_id, body, policy, version)


def _party(actor: Actor, match: MatchView) -> str | None:
    """For whom: their own party where there is just one, and for account managers the department that asks."""
    own = own_parties(actor, match)
    if own:
        return own[0] if len(own) == 1 else None
    if not actor.has("account_manager"):
        return None
    return next((one.party_id for one in match.parties if one.role == "department"), None)
