"""HTTP: the weights of the ranking, what decisions taught, and the switch between them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from chassis.auth import Actor, CurrentActor
from chassis.auth.dependencies import refuse_unless
from chassis.http.commands import Reply, command
from chassis.http.documented import problems
from chassis.service import units_of
from chassis.unit import Unit
from services.matching.access import SEE_EVERYTHING
from services.matching.api import scope_of
from services.matching.decisions import problem_of
from services.matching.domain.ranking import AS_WRITTEN, Ranking
from services.matching.domain.refusals import Refusal
from services.matching.domain.rules import RULES_VERSION, WEIGHTS
from services.matching.handlers import learning
from services.matching.learning.fitting import ENOUGH, ENOUGH_OF_EACH, Fit
from services.matching.store import MatchingStore
from services.matching.store.rankings import LearnedRanking, Use

REFUSED = problems(400, 401, 403, 404, 409, 412, 422)
router = APIRouter(prefix="/matching/api/v1/ranking", tags=["ranking"], responses=REFUSED)
SHOWN = 20


class RankingView(BaseModel):
    """The ranking in use, its rules, what was learned, and who chose what when."""

    rules_version: str
    rules: dict[str, float]
    in_use: int | None
    version: str
    weights: dict[str, float]
    learned: list[LearnedRanking]
    uses: list[Use]


class RefitView(BaseModel):
    """What a refit came to: a ``number`` of learned weights, or None and what is still lacking."""

    number: int | None
    decisions: int
    accepted: int
    is_better: bool | None = None
    needed: int = ENOUGH
    needed_of_each: int = ENOUGH_OF_EACH


class UseBody(BaseModel):
    """Which weights from now on; ``number`` null takes the rules as they are written."""

    model_config = ConfigDict(extra="forbid")

    number: Annotated[int, Field(ge=1)] | None
    reason: Annotated[str, Field(min_length=3, max_length=500)]


async def view_of(store: MatchingStore, actor: Actor) -> RankingView:
    """Everything about the ranking in the actor's city."""
    scope = scope_of(actor)
    used = await store.rankings.in_use(scope, RULES_VERSION)
    ranking = Ranking(used.weights, used.number) if used else AS_WRITTEN
    return RankingView(
        rules_version=RULES_VERSION,
        rules=dict(WEIGHTS),
        in_use=ranking.number,
        version=ranking.version,
        weights=dict(ranking.weights),
        learned=await store.rankings.newest(scope, SHOWN),
        uses=await store.rankings.uses(scope, SHOWN),
    )


def refitting(by: str) -> Callable[[Unit[MatchingStore]], Awaitable[Reply]]:
    """The work of a refit."""

    async def work(unit: Unit[MatchingStore]) -> Reply:
        done = await learning.refit(unit, by)
        found = done.found
        better = found.is_better if isinstance(found, Fit) else None
        view = RefitView(number=done.number, decisions=found.decisions, accepted=found.accepted, is_better=better)
        return Reply(200, view)

    return work


def using(actor: Actor, body: UseBody) -> Callable[[Unit[MatchingStore]], Awaitable[Reply]]:
    """The work of switching."""

    async def work(unit: Unit[MatchingStore]) -> Reply:
        await learning.use(unit, body.number, actor.subject, body.reason)
        return Reply(200, await view_of(unit.store, actor))

    return work


@router.get("", response_model=RankingView)
async def read_ranking(request: Request, actor: CurrentActor) -> RankingView:
    """The weights in use and what was learned."""
    refuse_unless(actor, *SEE_EVERYTHING)
    async with units_of(request).reading() as store:
        return await view_of(store, actor)


@router.post("/refits", response_model=RefitView)
async def refit(request: Request, actor: CurrentActor) -> Response:
    """Learns from the decisions so far. Nothing is used before somebody says so."""
    refuse_unless(actor, "coordinator")
    return await command(request, units_of(request), scope_of(actor), refitting(actor.subject))


@router.post("/uses", response_model=RankingView)
async def use(request: Request, actor: CurrentActor, body: UseBody) -> Response:
    """Switches to learned weights, or back to the rules as they are written."""
    refuse_unless(actor, "coordinator")
    try:
        return await command(request, units_of(request), scope_of(actor), using(actor, body))
    except Refusal as refusal:
        raise problem_of(refusal) from refusal
