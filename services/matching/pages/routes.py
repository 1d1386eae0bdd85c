"""Proposals as pages: the list of one's own, and one with its reasons, parties and forms. No script is needed."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel

from chassis.auth import Actor, CurrentActor
from chassis.auth.dependencies import refuse_unless
from chassis.http.commands import fingerprint, once
from chassis.http.problem import Problem
from chassis.service import units_of
from chassis.web.flash import redirect
from chassis.web.forms import Form, parse_form
from chassis.web.i18n import current_language
from chassis.web.i18n import gettext as _
from chassis.web.pages import Pages
from chassis.web.vocabulary import label
from services.matching import decisions
from services.matching.access import READERS, speaker_of
from services.matching.api import match_for, matches_page, policy_of, position, scope_of
from services.matching.decisions import Work
from services.matching.domain.states import TRANSITIONS
from services.matching.pages import ranking, texts
from services.matching.pages.forms import AcceptForm, DeclineForm, ReleaseForm
from services.matching.store.overview import Wanted
from services.matching.views import MatchView, PartyView

_PAGE = 30
_COMPARED = 6
STATES = tuple(dict.fromkeys(TRANSITIONS.values()))


def router(pages: Pages) -> APIRouter:
    """``/matching/proposals`` and what belongs to it."""
    routes = pages.router(prefix="/matching")
    ranking.add(routes, pages)

    @routes.get("/proposals")
    async def proposals(
        request: Request,
        actor: CurrentActor,
        state: str = "proposed",
        need: UUID | None = None,
        mine: bool = False,
        after: str | None = None,
    ) -> Response:
        refuse_unless(actor, *READERS)
        known = state if state in STATES else None
        manager = actor.subject if mine and actor.has("account_manager") else None
        found = await matches_page(request, actor, Wanted(need, None, known, manager, position(after), _PAGE))
        asked: dict[str, Any] = {"state": known or "all"}
        asked |= {"need": str(need)} if need else {}
        asked |= {"mine": "true"} if mine else {}
        return pages.render(
            request,
            "proposals.html",
            matches=found.items,
            own={match.match_id: _awaited_of(actor, match) for match in found.items},
            form=Form.of(state=known or "all", mine=mine),
            states=[("all", _("All")), *((code, label("match_state", code)) for code in STATES)],
            need=need,
            first=f"?{urlencode(asked)}" if after else None,
            next=f"?{urlencode(asked | {'after': found.next})}" if found.next else None,
        )

    @routes.get("/proposals/{match_id}")
    async def proposal(request: Request, actor: CurrentActor, match_id: UUID) -> Response:
        return await _show(pages, request, actor, match_id)

    @routes.post("/proposals/{match_id}/accept")
    async def accept(request: Request, actor: CurrentActor, match_id: UUID) -> Response:
        form = await parse_form(request, AcceptForm)
        if form.model is None:
            return await _show(pages, request, actor, match_id, status=422, accept_form=form)
        work = decisions.accepting(actor, match_id, form.model.body(), policy_of(request), form.model.version)
        try:
            after = await _carry_out(request, actor, match_id, form, work)
        except Problem as problem:
            return await _refused(pages, request, actor, match_id, problem, accept_form=form)
        message = _("Everybody has said yes: the match is accepted.") if after == "accepted" else _("Consent recorded.")
        return redirect(request, f"/matching/proposals/{match_id}", message)

    @routes.post("/proposals/{match_id}/decline")
    async def decline(request: Request, actor: CurrentActor, match_id: UUID) -> Response:
        form = await parse_form(request, DeclineForm)
        if form.model is None:
            return await _show(pages, request, actor, match_id, status=422, decline_form=form)
        work = decisions.declining(actor, match_id, form.model.body(), policy_of(request), form.model.version)
        try:
            await _carry_out(request, actor, match_id, form, work)
        except Problem as problem:
            return await _refused(pages, request, actor, match_id, problem, decline_form=form)
        return redirect(request, f"/matching/proposals/{match_id}", _("Declined. The other parties are told."), "info")

    @routes.post("/proposals/{match_id}/release")
    async def release(request: Request, actor: CurrentActor, match_id: UUID) -> Response:
        refuse_unless(actor, "account_manager")
        form = await parse_form(request, ReleaseForm)
        if form.model is None:
            return await _show(pages, request, actor, match_id, status=422)
        work = decisions.releasing(actor, match_id, policy_of(request), form.model.version)
        try:
            await _carry_out(request, actor, match_id, form, work)
        except Problem as problem:
            return await _refused(pages, request, actor, match_id, problem)
        return redirect(request, f"/matching/proposals/{match_id}", _("Released."), "info")

    return routes


async def _carry_out(request: Request, actor: Actor, match_id: UUID, form: Form[Any], work: Work) -> str | None:
    """Does it once per form; returns the match's state then, None on a repeat."""
    await match_for(request, actor, match_id)
    units = units_of(request)
    model: BaseModel = form.model  # type: ignore[assignment]
    if form.idempotency_key is None:
        run = units.run(scope_of(actor), work)
    else:
        print_ = fingerprint(request.url.path, model.model_dump_json())
        run = once(units, scope_of(actor), form.idempotency_key, print_, work)
    reply = await decisions.carried_out(units, actor, match_id, run, getattr(model, "version", None))
    return reply.body.state if isinstance(reply.body, MatchView) else None


async def _refused(
    pages: Pages, request: Request, actor: Actor, match_id: UUID, problem: Problem, **forms: Form[Any]
) -> Response:
    """The same page as it is now, with what went wrong; what only a page can tell is left to the error page."""
    if problem.status not in (409, 412, 422):
        raise problem
    for form in forms.values():
        form.refuse_all(problem.errors)
    said = "" if problem.errors else (problem.italian if current_language() == "it" else problem.english)
    if problem.status == 412 and (await match_for(request, actor, match_id)).closed_at is not None:
        said = _("The proposal has been closed in the meantime: nothing was recorded.")
    return await _show(pages, request, actor, match_id, status=problem.status, warning=said, **forms)


async def _show(
    pages: Pages,
    request: Request,
    actor: Actor,
    match_id: UUID,
    *,
    status: int = 200,
    warning: str = "",
    accept_form: Form[Any] | None = None,
    decline_form: Form[Any] | None = None,
) -> Response:
    match = await match_for(request, actor, match_id)
    others = await matches_page(request, actor, Wanted(match.need_id, None, "proposed", None, None, _COMPARED))
    awaited = _awaited_of(actor, match)
    manages = actor.has("account_manager")
    return pages.render(
        request,
        "proposal.html",
        status=status,
        match=match,
        names={party.party_id: _called(party) for party in match.parties},
        awaited_of_me=awaited,
        for_others=[party.party_id for party in match.parties if party.party_id in match.awaited] if manages else [],
        may_decline=match.state == "proposed" and bool(_own(actor, match) or manages),
        may_release=match.state == "accepted"
        and manages
        and not any(_moved(one.committed) for one in match.allocations),
        own=_own(actor, match),
        to_agree=[] if match.reserved else [one for one in match.allocations if one.to_agree],
        compared=sorted(
            [*(one for one in others.items if one.match_id != match_id), match], key=lambda one: -one.score
        ),
        warning=warning,
        accept_form=accept_form or Form.of(),
        decline_form=decline_form or Form.of(),
        channels=texts.choices("channel", "own"),
        decline_reasons=texts.choices("decline_reason"),
        text=texts.text,
        closing=texts.closing,
    )


def _called(party: PartyView) -> str:
    """A department goes by its code in the events; people know it by its name."""
    return label("department", party.department) if party.department else party.name


def _own(actor: Actor, match: MatchView) -> list[str]:
    """Parties of the match that the reader is one of."""
    if not actor.has("department", "partner"):
        return []
    speaker = speaker_of(actor)
    return [
        party.party_id
        for party in match.parties
        if (speaker.department is not None and party.department == speaker.department)
        or str(party.stakeholder_id) in speaker.stakeholders
    ]


def _awaited_of(actor: Actor, match: MatchView) -> list[str]:
    """Parties for which the reader has yet to say yes."""
    if match.state != "proposed":
        return []
    return [party_id for party_id in _own(actor, match) if party_id in match.awaited]


def _moved(amount: str) -> bool:
    return amount != "0"
