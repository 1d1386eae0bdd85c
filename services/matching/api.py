"""HTTP: matches with their reasons, decisions about them, and the ledger."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from chassis.auth import Actor, CurrentActor
from chassis.auth.dependencies import refuse_unless
from chassis.http.commands import command
from chassis.http.etag import etag, optional_version
from chassis.http.paging import After, Limit, Page, decode, page
from chassis.http.problem import not_found
from chassis.scope import Scope
from chassis.service import units_of
from services.matching import decisions
from services.matching.access import reach_of, sees_notes
from services.matching.domain import filters, refusals
from services.matching.domain.states import State
from services.matching.settings import MatchingSettings
from services.matching.store.matches import NO_DEADLINE
from services.matching.store.overview import Wanted
from services.matching.views import (
    AcceptBody,
    BalanceView,
    DeclineBody,
    LedgerView,
    MatchView,
    ObstacleView,
    PostingView,
    WhyNotView,
    amounts,
)

router = APIRouter(prefix="/matching/api/v1", tags=["matching"])


@router.get("/matches", response_model=Page[MatchView])
async def list_matches(
    request: Request,
    actor: CurrentActor,
    need: UUID | None = None,
    offer: UUID | None = None,
    state: State | None = None,
    mine: Annotated[bool, Query(description="only those whose account manager is the caller")] = False,
    after: After = None,
    limit: Limit = 50,
) -> Page[MatchView]:
    """The matches the caller may see, the most urgent first, then the best."""
    wanted = Wanted(need, offer, state, actor.subject if mine else None, position(after), limit)
    return await matches_page(request, actor, wanted)


async def matches_page(request: Request, actor: Actor, wanted: Wanted) -> Page[MatchView]:
    """One page of matches; also what the pages show."""
    reach = reach_of(actor)
    async with units_of(request).reading() as store:
        found = await store.overview.matches(scope_of(actor), reach, wanted)
    return page(
        [MatchView.of(row, notes=sees_notes(actor)) for row in found],
        wanted.limit,
        lambda match: ((match.due_on or NO_DEADLINE).isoformat(), match.score, str(match.match_id)),
    )


@router.get("/matches/{match_id}", response_model=MatchView)
async def read_match(request: Request, response: Response, actor: CurrentActor, match_id: UUID) -> MatchView:
    """One match. The ETag is its version."""
    view = await match_for(request, actor, match_id)
    response.headers["ETag"] = etag(view.version)
    return view


async def match_for(request: Request, actor: Actor, match_id: UUID) -> MatchView:
    """The match as the actor may see it. Raises Problem 404 when it is not theirs."""
    reach = reach_of(actor)
    async with units_of(request).reading() as store:
        row = await store.overview.match(scope_of(actor), reach, match_id)
    if row is None:
        raise decisions.problem_of(refusals.unknown_match())
    return MatchView.of(row, notes=sees_notes(actor))


@router.post("/matches/{match_id}/accept", response_model=MatchView)
async def accept_match(
    request: Request, actor: CurrentActor, match_id: UUID, body: AcceptBody | None = None
) -> Response:
    """One party says yes. The first consent reserves the quantities, the last one makes the match accepted."""
    await match_for(request, actor, match_id)
    settings: MatchingSettings = request.app.state.settings
    work = decisions.accepting(actor, match_id, body or AcceptBody(), settings.policy(), optional_version(request))
    units = units_of(request)
    return await decisions.carried_out(units, actor, match_id, command(request, units, scope_of(actor), work))


@router.post("/matches/{match_id}/decline", response_model=MatchView)
async def decline_match(request: Request, actor: CurrentActor, match_id: UUID, body: DeclineBody) -> Response:
    """One party says no: the match ends for everybody and nothing stays reserved."""
    await match_for(request, actor, match_id)
    work = decisions.declining(actor, match_id, body, optional_version(request))
    units = units_of(request)
    return await decisions.carried_out(units, actor, match_id, command(request, units, scope_of(actor), work))


@router.post("/matches/{match_id}/release", response_model=MatchView)
async def release_match(request: Request, actor: CurrentActor, match_id: UUID) -> Response:
    """The account manager dissolves an accepted match before its agreement is signed."""
    refuse_unless(actor, "account_manager")
    work = decisions.releasing(actor, match_id, optional_version(request))
    units = units_of(request)
    return await decisions.carried_out(units, actor, match_id, command(request, units, scope_of(actor), work))


@router.get("/needs/{need_id}/why-not", response_model=WhyNotView)
async def why_not(request: Request, actor: CurrentActor, need_id: UUID, offer: UUID) -> WhyNotView:
    """Why an offer is not proposed for a need."""
    scope, reach = scope_of(actor), reach_of(actor)
    units = units_of(request)
    async with units.reading() as store:
        seen = await store.overview.may_see_subject(scope, reach, need_id)
        need = (await store.candidates.needs(scope, [need_id])).get(need_id)
        found = (await store.candidates.offers(scope, [offer])).get(offer)
    if need is None or found is None or not seen:
        raise not_found("Bisogno o offerta sconosciuti.", "No such need or offer.")
    reasons = filters.why_not(need, found, units.clock())
    shown = [ObstacleView(code=one.code, text_it=one.text_it, text_en=one.text_en) for one in reasons]
    return WhyNotView(need_id=need_id, offer_id=offer, possible=not shown, obstacles=shown)


@router.get("/ledger", response_model=LedgerView)
async def read_ledger(request: Request, actor: CurrentActor, subject: UUID) -> LedgerView:
    """The balances of a need's or an offer's lines and how they came about."""
    scope, reach = scope_of(actor), reach_of(actor)
    async with units_of(request).reading() as store:
        seen = await store.overview.may_see_subject(scope, reach, subject)
        lines = await store.ledger.of_subject(scope, subject) if seen else []
        postings = await store.ledger.postings(scope, subject) if lines else []
    if not lines:
        raise not_found("Bisogno o offerta sconosciuti.", "No such need or offer.")
    return LedgerView(
        subject_id=subject,
        lines=[
            BalanceView(**amounts({name: getattr(line, name) for name in BalanceView.model_fields})) for line in lines
        ],
        postings=[PostingView(**amounts(one)) for one in postings],
    )


def scope_of(actor: Actor) -> Scope:
    return Scope(actor.city, actor.subject)


def position(after: str | None) -> tuple[date, float, UUID] | None:
    """The position behind a cursor. Raises Problem 400 for anything else."""
    found = decode(after, date.fromisoformat, float, UUID)
    return (found[0], found[1], found[2]) if found else None
