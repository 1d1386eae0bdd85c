"""HTTP: matches with their reasons, decisions about them, and the ledger."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from chassis.auth import Actor, CurrentActor
from chassis.auth.dependencies import refuse_unless
from chassis.http.commands import command
from chassis.http.documented import problems
from chassis.http.etag import etag, optional_version
from chassis.http.paging import After, Limit, Page, decode, page
from chassis.http.problem import not_found
from chassis.scope import Scope
from chassis.service import units_of
from contracts.values import ResourceKind, Slug
from services.matching import decisions
from services.matching.access import reach_of, sees_notes
from services.matching.domain import filters, refusals, signals
from services.matching.domain.city_time import city_day
from services.matching.domain.obstacle import as_told
from services.matching.domain.policy import Policy
from services.matching.domain.states import State
from services.matching.handlers import explaining
from services.matching.settings import MatchingSettings
from services.matching.store.listing import KINDS_OF_POSITION, Position, Sort, Wanted
from services.matching.store.matches import NO_DEADLINE
from services.matching.text.words import searched
from services.matching.views import (
    AcceptBody,
    BalanceView,
    BestView,
    CounterBody,
    DeclineBody,
    LedgerView,
    MatchView,
    ObstacleView,
    PastStepView,
    PossibleInstrumentsView,
    PossibleInstrumentView,
    PostingView,
    PostponeBody,
    WhyNotView,
    amounts,
)

REFUSED = problems(400, 401, 403, 404, 409, 412, 422)
router = APIRouter(prefix="/matching/api/v1", tags=["matching"], responses=REFUSED)
_MOST_WORDS = 8


@router.get("/matches", response_model=Page[MatchView])
async def list_matches(
    request: Request,
    actor: CurrentActor,
    need: UUID | None = None,
    offer: UUID | None = None,
    state: State | None = None,
    postponed: Annotated[bool | None, Query(description="only what is put off (true) or not (false)")] = None,
    mine: Annotated[bool, Query(description="only those whose account manager is the caller")] = False,
    q: Annotated[
        str, Query(max_length=200, description="words of the title or of who takes part begin like this")
    ] = "",
    policy_area: Slug | None = None,
    nil: Annotated[int | None, Query(ge=1, le=88, description="neighbourhood of the need")] = None,
    kind: ResourceKind | None = None,
    due_within: Annotated[int | None, Query(ge=0, le=3650, description="days until the need's deadline")] = None,
    sort: Sort = "urgent",
    after: After = None,
    limit: Limit = 50,
) -> Page[MatchView]:
    """The matches the caller may see: the most urgent first, then the best, or by ``sort``."""
    wanted = Wanted(
        need,
        offer,
        state,
        actor.subject if mine else None,
        position(after, sort),
        limit,
        postponed,
        words_of(q),
        policy_area,
        nil,
        kind,
        due_by(request, due_within),
        sort,
    )
    return await matches_page(request, actor, wanted)


async def matches_page(request: Request, actor: Actor, wanted: Wanted) -> Page[MatchView]:
    """One page of matches; also what the pages show."""
    reach = reach_of(actor)
    async with units_of(request).reading() as store:
        found = await store.overview.matches(scope_of(actor), reach, wanted)
    return page(
        [_view(request, actor, row) for row in found],
        wanted.limit,
        _POSITIONS[wanted.sort],
    )


_POSITIONS: dict[Sort, Callable[[MatchView], tuple[Any, ...]]] = {
    "urgent": lambda match: ((match.due_on or NO_DEADLINE).isoformat(), match.score, str(match.match_id)),
    "best": lambda match: (match.score, str(match.match_id)),
    "newest": lambda match: (match.proposed_at.isoformat(), str(match.match_id)),
}


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
    return _view(request, actor, row)


@router.get("/matches/{match_id}/instruments", response_model=PossibleInstrumentsView)
async def read_instruments(request: Request, actor: CurrentActor, match_id: UUID) -> PossibleInstrumentsView:
    """The legal instruments that could be used for a match, by what is known of it today."""
    return await instruments_for(request, actor, await match_for(request, actor, match_id))


async def instruments_for(request: Request, actor: Actor, match: MatchView) -> PossibleInstrumentsView:
    """Also what the page shows."""
    now, scope = units_of(request).clock(), scope_of(actor)
    async with units_of(request).reading() as store:
        found = await store.instruments.newest(scope)
        kinds = await store.candidates.kinds(scope, match.organisations)
    instruments, deal = found.at(now), match.deal(kinds)
    possible = instruments.possible(deal)
    return PossibleInstrumentsView(
        known=bool(instruments.instruments),
        possible=[PossibleInstrumentView.of(one) for one in possible],
        divided=bool(instruments.instruments) and not possible and instruments.refusal(deal) is None,
    )


def _view(request: Request, actor: Actor, row: dict[str, Any]) -> MatchView:
    window = policy_of(request).undo_window
    return MatchView.of(row, notes=sees_notes(actor), reader=actor.subject, undo_window=window)


@router.post("/matches/{match_id}/accept", response_model=MatchView)
async def accept_match(
    request: Request, actor: CurrentActor, match_id: UUID, body: AcceptBody | None = None
) -> Response:
    """One party says yes. The first consent reserves the quantities, the last one makes the match accepted."""
    await match_for(request, actor, match_id)
    version = optional_version(request)
    work = decisions.accepting(actor, match_id, body or AcceptBody(), policy_of(request), version)
    return await _answer(request, actor, match_id, work, version)


@router.post("/matches/{match_id}/decline", response_model=MatchView)
async def decline_match(request: Request, actor: CurrentActor, match_id: UUID, body: DeclineBody) -> Response:
    """One party says no: the match ends for everybody and nothing stays reserved."""
    await match_for(request, actor, match_id)
    version = optional_version(request)
    work = decisions.declining(actor, match_id, body, policy_of(request), version)
    return await _answer(request, actor, match_id, work, version)


@router.post("/matches/{match_id}/counter", response_model=MatchView)
async def counter_match(request: Request, actor: CurrentActor, match_id: UUID, body: CounterBody) -> Response:
    """One party says yes to other quantities: the match goes on, whoever's part changed is asked (again)."""
    await match_for(request, actor, match_id)
    version = optional_version(request)
    work = decisions.countering(actor, match_id, body, policy_of(request), version)
    return await _answer(request, actor, match_id, work, version)


@router.post("/matches/{match_id}/postpone", response_model=MatchView)
async def postpone_match(request: Request, actor: CurrentActor, match_id: UUID, body: PostponeBody) -> Response:
    """One party will decide later: the proposal is nobody's task before that day and then comes back."""
    await match_for(request, actor, match_id)
    version = optional_version(request)
    work = decisions.postponing(actor, match_id, body, policy_of(request), version)
    return await _answer(request, actor, match_id, work, version)


@router.post("/matches/{match_id}/undo", response_model=MatchView)
async def undo_decision(request: Request, actor: CurrentActor, match_id: UUID) -> Response:
    """Takes back one's own last decision. A match that it had ended goes on as another one, which is the answer."""
    await match_for(request, actor, match_id)
    version = optional_version(request)
    work = decisions.undoing(actor, match_id, policy_of(request), version)
    return await _answer(request, actor, match_id, work, version)


@router.post("/matches/{match_id}/release", response_model=MatchView)
async def release_match(request: Request, actor: CurrentActor, match_id: UUID) -> Response:
    """The account manager dissolves an accepted match before its agreement is signed."""
    refuse_unless(actor, "account_manager")
    version = optional_version(request)
    work = decisions.releasing(actor, match_id, policy_of(request), version)
    return await _answer(request, actor, match_id, work, version)


async def _answer(
    request: Request, actor: Actor, match_id: UUID, work: decisions.Work, version: int | None
) -> Response:
    units = units_of(request)
    run = command(request, units, scope_of(actor), work)
    return await decisions.carried_out(units, actor, match_id, run, version)


@router.get("/matches/{match_id}/steps", response_model=list[PastStepView])
async def read_steps(request: Request, actor: CurrentActor, match_id: UUID) -> list[PastStepView]:
    """What happened to a match, oldest first."""
    await match_for(request, actor, match_id)
    async with units_of(request).reading() as store:
        steps = await store.history.since(scope_of(actor), match_id, 0)
    return [PastStepView.of(one, notes=sees_notes(actor)) for one in steps]


@router.get("/needs/{need_id}/why-not", response_model=WhyNotView)
async def why_not(request: Request, actor: CurrentActor, need_id: UUID, offer: UUID) -> WhyNotView:
    """Why an offer is not proposed for a need, and how it would be ranked beside the best that is."""
    return await why_not_for(request, actor, need_id, offer)


async def why_not_for(request: Request, actor: Actor, need_id: UUID, offer: UUID) -> WhyNotView:
    """The answer as the actor may have it; also what the page shows. Raises Problem 404.

    Whom a giver excludes is said to the giver and to those who see everything; how an offer would be ranked to who
    knows the offer.
    """
    scope, reach = scope_of(actor), reach_of(actor)
    units = units_of(request)
    async with units.reading() as store:
        seen = await store.overview.may_see_subject(scope, reach, need_id)
        need = (await store.candidates.needs(scope, [need_id])).get(need_id)
        found = (await store.candidates.offers(scope, [offer])).get(offer)
        if need is None or found is None or not seen:
            raise not_found("Bisogno o offerta sconosciuti.", "No such need or offer.")
        now = units.clock()
        theirs = await store.overview.may_see_subject(scope, reach, offer)
        known = theirs or await store.overview.has_met(scope, reach, offer)
        steering = await store.projections.steering(scope, signals.day_of(now))
        obstacles = filters.why_not(need, found, now) + explaining.no_instrument(need, found, steering, now)
        shown = [_obstacle(one) for one in (obstacles if theirs else as_told(obstacles))]
        alone = [] if shown else explaining.ranked_alone(need, found, steering, now)
        because = None if shown else await explaining.why_not_proposed(store, scope, need, found, alone, scores=known)
        best = await store.overview.matches(scope, reach, Wanted(need_id, state="proposed", limit=1, sort="best"))
    return WhyNotView(
        need_id=need_id,
        offer_id=offer,
        possible=not shown,
        obstacles=shown,
        because=_obstacle(because.reason) if because else None,
        match_id=because.match_id if because else None,
        score=alone[0].score if alone and known else None,
        reasons=list(alone[0].proposal().reasons) if alone and known else [],
        best=_best(best[0]) if best else None,
    )


def _best(row: dict[str, Any]) -> BestView:
    givers = [one["name"] for one in row["parties"] if one["role"] == "giver"]
    return BestView(match_id=row["match_id"], givers=givers, score=row["score"], reasons=row["reasons"])


def _obstacle(one: filters.Obstacle) -> ObstacleView:
    return ObstacleView(code=one.code, text_it=one.text_it, text_en=one.text_en)


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


def policy_of(request: Request) -> Policy:
    """How this installation is set up."""
    settings: MatchingSettings = request.app.state.settings
    return settings.policy()


def scope_of(actor: Actor) -> Scope:
    return Scope(actor.city, actor.subject)


def position(after: str | None, sort: Sort = "urgent") -> Position | None:
    """The position behind a cursor of a list in this order. Raises Problem 400 for anything else."""
    found = decode(after, *KINDS_OF_POSITION[sort])
    return tuple(found) if found else None


def words_of(text: str) -> tuple[str, ...]:
    """The words of a search, as titles and names are kept."""
    return tuple(searched(text)[:_MOST_WORDS])


def due_by(request: Request, days: int | None) -> date | None:
    """The last of so many days from today on, in the city."""
    return None if days is None else city_day(units_of(request).clock()) + timedelta(days)
