"""HTTP: plans over all open needs and offers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from chassis.auth import Actor, CurrentActor
from chassis.auth.dependencies import refuse_unless
from chassis.http.commands import Reply, command
from chassis.http.documented import problems
from chassis.http.paging import After, Limit, Page, decode, instant, page, small
from chassis.http.problem import Problem
from chassis.scope import Scope
from chassis.service import units_of
from chassis.unit import Unit
from services.matching.decisions import Work, problem_of
from services.matching.domain import refusals
from services.matching.domain.refusals import Refusal
from services.matching.handlers import planning
from services.matching.plan_views import (
    AdoptBody,
    AdoptedView,
    Change,
    LineView,
    PlanView,
    PriceView,
    WholePlanView,
)
from services.matching.planning.parameters import Choice, Parameters
from services.matching.planning.supervising import NoAnswer, price_of
from services.matching.settings import MatchingSettings
from services.matching.store import MatchingStore

PLANNERS = ("account_manager", "coordinator")
"""Who may have plans made, and use them."""

REFUSED = problems(400, 401, 403, 404, 409, 412, 422, 503)
router = APIRouter(prefix="/matching/api/v1", tags=["plans"], responses=REFUSED)


@router.post("/allocations", response_model=PlanView, status_code=202)
async def ask_for_plan(request: Request, actor: CurrentActor, body: Parameters | None = None) -> Response:
    """Asks for a plan over all open needs and offers; it is made in the background."""
    refuse_unless(actor, *PLANNERS)
    return await command(request, units_of(request), scope_of(actor), asking(body or Parameters()))


@router.get("/allocations", response_model=Page[PlanView])
async def list_plans(request: Request, actor: CurrentActor, after: After = None, limit: Limit = 20) -> Page[PlanView]:
    """The plans of the city, the newest first."""
    return await plans_page(request, actor, after, limit)


async def plans_page(request: Request, actor: Actor, after: str | None, limit: int) -> Page[PlanView]:
    refuse_unless(actor, *PLANNERS)
    found = decode(after, instant, UUID)
    position: tuple[datetime, UUID] | None = (found[0], found[1]) if found else None
    async with units_of(request).reading() as store:
        rows = await store.plans.newest(scope_of(actor), position, limit)
    return page([PlanView.of(row) for row in rows], limit, lambda plan: (plan.requested_at.isoformat(), plan.plan_id))


@router.get("/allocations/{plan_id}", response_model=WholePlanView)
async def read_plan(
    request: Request,
    actor: CurrentActor,
    plan_id: UUID,
    change: Annotated[Change | None, Query(description="only lines of this kind")] = None,
    after: After = None,
    limit: Limit = 50,
) -> WholePlanView:
    """A plan: how far it is, what it comes to, and its lines beside what is proposed today."""
    plan = await plan_for(request, actor, plan_id)
    lines = await lines_of(request, actor, plan_id, change, after, limit)
    return WholePlanView(**dict(plan), lines=lines)


async def plan_for(request: Request, actor: Actor, plan_id: UUID) -> PlanView:
    """Raises Problem 403 and 404."""
    refuse_unless(actor, *PLANNERS)
    async with units_of(request).reading() as store:
        row = await store.plans.one(scope_of(actor), plan_id)
    if row is None:
        raise problem_of(refusals.unknown_plan())
    return PlanView.of(row)


async def lines_of(
    request: Request, actor: Actor, plan_id: UUID, change: str | None, after: str | None, limit: int
) -> Page[LineView]:
    found = decode(after, small)
    async with units_of(request).reading() as store:
        rows = await store.plans.lines(scope_of(actor), plan_id, change, found[0] if found else -1, limit)
    return page([LineView.of(row) for row in rows], limit, lambda line: (line.position,))


@router.post("/allocations/{plan_id}/cancel", response_model=PlanView)
async def cancel_plan(request: Request, actor: CurrentActor, plan_id: UUID) -> Response:
    """Stops a plan that waits or is being made; nothing of it is kept."""
    refuse_unless(actor, *PLANNERS)
    return await command(request, units_of(request), scope_of(actor), cancelling(plan_id))


@router.post("/allocations/{plan_id}/insist", response_model=PriceView)
async def insist(request: Request, actor: CurrentActor, plan_id: UUID, body: Choice) -> PriceView:
    """What it would cost to insist on one choice, in the situation the plan was made in. Changes nothing."""
    return await priced(request, actor, plan_id, body)


async def priced(request: Request, actor: Actor, plan_id: UUID, choice: Choice) -> PriceView:
    """Raises Problem 404 for an unknown plan, 409 for one that is not done, 503 when no answer came in time."""
    plan = await plan_for(request, actor, plan_id)
    if plan.state != "done":
        raise problem_of(refusals.plan_not_done())
    settings: MatchingSettings = request.app.state.settings
    try:
        return PriceView(**await price_of(settings, scope_of(actor), plan_id, choice))
    except NoAnswer as none:
        raise Problem(
            503,
            "no-answer",
            "Il calcolo non è arrivato in tempo: riprova tra poco.",
            "The answer did not come in time: try again soon.",
        ) from none


@router.post("/allocations/{plan_id}/propose", response_model=AdoptedView)
async def propose_plan(request: Request, actor: CurrentActor, plan_id: UUID, body: AdoptBody | None = None) -> Response:
    """Makes proposals of the plan's lines: each once, of what is still free, up to 200 at a time."""
    refuse_unless(actor, *PLANNERS)
    settings: MatchingSettings = request.app.state.settings
    work = adopting(plan_id, (body or AdoptBody()).positions, settings)
    return await command(request, units_of(request), scope_of(actor), work)


def asking(parameters: Parameters) -> Work:
    async def work(unit: Unit[MatchingStore]) -> Reply:
        plan_id = await planning.ask(unit, parameters.model_dump(mode="json"))
        return await _reply(unit, plan_id, 202)

    return work


def cancelling(plan_id: UUID) -> Work:
    async def work(unit: Unit[MatchingStore]) -> Reply:
        try:
            await planning.cancel(unit, plan_id)
        except Refusal as refusal:
            raise problem_of(refusal) from refusal
        return await _reply(unit, plan_id, 200)

    return work


def adopting(plan_id: UUID, positions: list[int] | None, settings: MatchingSettings) -> Work:
    async def work(unit: Unit[MatchingStore]) -> Reply:
        try:
            adopted = await planning.adopt(unit, plan_id, positions, settings.policy())
        except Refusal as refusal:
            raise problem_of(refusal) from refusal
        return Reply(
            200,
            AdoptedView(proposed=dict(adopted.proposed), left_out=dict(adopted.left_out), more=adopted.more),
        )

    return work


async def _reply(unit: Unit[MatchingStore], plan_id: UUID, status: int) -> Reply:
    row = await unit.store.plans.one(unit.scope, plan_id)
    assert row is not None
    return Reply(status, PlanView.of(row), {"Location": f"/matching/api/v1/allocations/{plan_id}"})


def scope_of(actor: Actor) -> Scope:
    return Scope(actor.city, actor.subject)
