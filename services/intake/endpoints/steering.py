"""What the focus group decides."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from chassis.auth import Actor, require
from chassis.http.commands import Reply, command
from chassis.http.documented import answers, problems
from contracts.values import Fraction, NilNumber, ShortText, Slug
from services.intake.endpoints.speaking import PREFIX, Coordinators, scope_of, store_units
from services.intake.handlers import IntakeUnit
from services.intake.handlers import steering as handlers

router = APIRouter(prefix=PREFIX, tags=["steering"])
Readers = Annotated[Actor, Depends(require("coordinator", "account_manager", "operations"))]


class Priorities(BaseModel):
    """A weight from 0 to 1 per policy area, for a period (both days included)."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    valid_from: date
    valid_to: date
    weights: dict[Slug, Fraction] = Field(min_length=1, max_length=100)

    @model_validator(mode="after")
    def _ordered(self) -> Priorities:
        if self.valid_to < self.valid_from:
            raise ValueError("the window ends before it starts")
        return self


class Indicators(BaseModel):
    """One reading per neighbourhood (NIL 1-88), from 0 (best off) to 1 (worst off)."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    name: ShortText
    source: ShortText
    values: dict[NilNumber, Fraction] = Field(min_length=1)


class PrioritiesView(Priorities):
    id: UUID


class IndicatorsView(Indicators):
    id: UUID


@router.post("/priorities", status_code=201, responses=answers(PrioritiesView, 201, problem=(401, 403, 422)))
async def set_priorities(request: Request, actor: Coordinators, body: Priorities) -> Response:
    """Sets the focus group's priorities; they steer the matching from then on."""

    async def work(unit: IntakeUnit) -> Reply:
        event = await handlers.set_priorities(unit, body.valid_from, body.valid_to, body.weights)
        return Reply(201, PrioritiesView(id=event.priorities_id, **body.model_dump()))

    return await command(request, store_units(request), scope_of(actor), work)


@router.get("/priorities", responses=problems(401, 403))
async def list_priorities(request: Request, actor: Readers) -> list[dict[str, Any]]:
    """The latest 50 sets of priorities, newest first."""
    async with store_units(request).reading() as store:
        return await store.steering.priorities(scope_of(actor), 50)


@router.post(
    "/neighbourhood-indicators", status_code=201, responses=answers(IndicatorsView, 201, problem=(401, 403, 422))
)
async def load_indicators(request: Request, actor: Coordinators, body: Indicators) -> Response:
    """Loads a reading of one indicator for the neighbourhoods."""

    async def work(unit: IntakeUnit) -> Reply:
        event = await handlers.load_indicators(unit, body.name, body.source, body.values)
        return Reply(201, IndicatorsView(id=event.indicators_id, **body.model_dump()))

    return await command(request, store_units(request), scope_of(actor), work)


@router.get("/neighbourhood-indicators", responses=problems(401, 403))
async def list_indicators(request: Request, actor: Readers) -> list[dict[str, Any]]:
    """The latest 50 readings, newest first."""
    async with store_units(request).reading() as store:
        return await store.steering.indicators(scope_of(actor), 50)
