"""HTTP: plans and reports for those concerned, results and the indicator library for everybody."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel

from chassis.auth import Actor, CurrentActor, require
from chassis.http.commands import Reply, command
from chassis.http.documented import answers, problems
from chassis.http.etag import check, etag, expected_version
from chassis.http.paging import After, Limit, Page, decode, page, text
from chassis.http.problem import not_found
from chassis.service import units_of
from chassis.unit import Unit
from contracts.values import Slug
from services.impact import edge, exports
from services.impact.domain.commands import (
    CorrectDelivery,
    CorrectMeasurement,
    DefineIndicator,
    RecordDelivery,
    RecordMeasurement,
)
from services.impact.domain.reports import Filters, PlanReport, PlanSummary, Summary
from services.impact.edge import REPORT, DeliveryReply, MeasurementReply, scope_of
from services.impact.handlers import indicators, results
from services.impact.store import Store

router = APIRouter(prefix="/impact/api/v1", tags=["impact"])
LoggedIn = Annotated[Actor, Depends(require())]
Coordinator = Annotated[Actor, Depends(require("coordinator"))]
PlanState = Literal["open", "fulfilled", "closed"]


class DeliveryOfPlan(RecordDelivery):
    plan_id: UUID


class MeasurementOfPlan(RecordMeasurement):
    plan_id: UUID


class IndicatorEntry(BaseModel):
    """``in_library`` is false for an indicator that only plans name; its ``version`` is then 0."""

    code: str
    title_it: str
    title_en: str
    unit: str
    version: int
    in_library: bool = True


def filters(
    need: UUID | None = None,
    policy_area: Slug | None = None,
    since: Annotated[date | None, Query(alias="from", description="First day of delivery or measurement")] = None,
    until: Annotated[date | None, Query(alias="to", description="Last day")] = None,
) -> Filters:
    return Filters(need=need, policy_area=policy_area, since=since, until=until)


FilteredBy = Annotated[Filters, Depends(filters)]


@router.get("/plans", responses=problems(400, 401, 422))
async def list_plans(
    request: Request,
    actor: LoggedIn,
    state: PlanState | None = None,
    need: UUID | None = None,
    limit: Limit = 50,
    after: After = None,
) -> Page[PlanSummary]:
    """The plans that concern whoever asks, the newest signature first."""
    reach = edge.reach_of(actor)
    position = edge.plan_position(after)
    if reach is None:
        return Page(items=[])
    async with units_of(request).reading() as store:
        found = await store.readings.page(
            scope_of(actor),
            reach,
            limit=limit + 1,
            state=state,
            need=need,
            after=position,
        )
    return page(found, limit, lambda one: (one.signed_on, one.plan_id))


@router.get("/plans/{plan_id}", responses=problems(401, 404, 422))
async def read_plan(request: Request, response: Response, actor: LoggedIn, plan_id: UUID) -> PlanReport:
    """A plan with all that is on record, for those concerned."""
    async with units_of(request).reading() as store:
        _, report = await edge.plan_for(store, actor, plan_id)
    response.headers["ETag"] = etag(report.version)
    return report


@router.post("/plans/{plan_id}/deliveries", status_code=201, responses=answers(DeliveryReply, 200, 201, problem=REPORT))
async def record_delivery(request: Request, actor: LoggedIn, plan_id: UUID, body: RecordDelivery) -> Response:
    """Something was handed over. The same ``external_ref`` again answers 200 with what is on record."""

    async def work(unit: Unit[Store]) -> Reply:
        with edge.refusals_as_problems():
            kept = await results.record_delivery(unit, plan_id, edge.reporter_of(actor), body)
        reply = await edge.delivery_reply(unit, kept)
        return Reply(201 if kept.new else 200, reply, {"ETag": etag(reply.plan_version)})

    return await command(request, units_of(request), scope_of(actor), work)


@router.post(
    "/plans/{plan_id}/measurements", status_code=201, responses=answers(MeasurementReply, 200, 201, problem=REPORT)
)
async def record_measurement(request: Request, actor: LoggedIn, plan_id: UUID, body: RecordMeasurement) -> Response:
    """An indicator was measured. The same ``external_ref`` again answers 200 with what is on record."""

    async def work(unit: Unit[Store]) -> Reply:
        with edge.refusals_as_problems():
            kept = await results.record_measurement(unit, plan_id, edge.reporter_of(actor), body)
        reply = await edge.measurement_reply(unit, kept)
        return Reply(201 if kept.new else 200, reply, {"ETag": etag(reply.plan_version)})

    return await command(request, units_of(request), scope_of(actor), work)


@router.post("/deliveries", status_code=201, responses=answers(DeliveryReply, 200, 201, problem=REPORT))
async def record_delivery_of(request: Request, actor: LoggedIn, body: DeliveryOfPlan) -> Response:
    """The same, for systems that keep the plan in the record."""
    plain = RecordDelivery(**body.model_dump(exclude={"plan_id"}))
    return await record_delivery(request, actor, body.plan_id, plain)


@router.post("/measurements", status_code=201, responses=answers(MeasurementReply, 200, 201, problem=REPORT))
async def record_measurement_of(request: Request, actor: LoggedIn, body: MeasurementOfPlan) -> Response:
    """The same, for systems that keep the plan in the record."""
    plain = RecordMeasurement(**body.model_dump(exclude={"plan_id"}))
    return await record_measurement(request, actor, body.plan_id, plain)


@router.post("/plans/{plan_id}/deliveries/{delivery_id}/correct", responses=answers(DeliveryReply, 200, problem=REPORT))
async def correct_delivery(
    request: Request, actor: LoggedIn, plan_id: UUID, delivery_id: UUID, body: CorrectDelivery
) -> Response:
    """What was delivered was something else; zero when it never came."""

    async def work(unit: Unit[Store]) -> Reply:
        with edge.refusals_as_problems():
            kept = await results.correct_delivery(unit, plan_id, delivery_id, edge.reporter_of(actor), body)
        reply = await edge.delivery_reply(unit, kept)
        return Reply(200, reply, {"ETag": etag(reply.plan_version)})

    return await command(request, units_of(request), scope_of(actor), work)


@router.post(
    "/plans/{plan_id}/measurements/{measurement_id}/correct", responses=answers(MeasurementReply, 200, problem=REPORT)
)
async def correct_measurement(
    request: Request, actor: LoggedIn, plan_id: UUID, measurement_id: UUID, body: CorrectMeasurement
) -> Response:
    """What was measured was something else."""

    async def work(unit: Unit[Store]) -> Reply:
        with edge.refusals_as_problems():
            kept = await results.correct_measurement(unit, plan_id, measurement_id, edge.reporter_of(actor), body)
        reply = await edge.measurement_reply(unit, kept)
        return Reply(200, reply, {"ETag": etag(reply.plan_version)})

    return await command(request, units_of(request), scope_of(actor), work)


@router.get("/summary", responses=problems(422))
async def read_summary(request: Request, actor: CurrentActor, asked: FilteredBy) -> Summary:
    """All results of the city, public; every figure is a sum over what was recorded."""
    async with units_of(request).reading() as store:
        summary: Summary = await store.results.summary(scope_of(actor), asked, edge.omitted())
    return summary


@router.get("/indicators", responses=problems(400, 422))
async def list_indicators(
    request: Request, actor: CurrentActor, limit: Limit = 200, after: After = None
) -> Page[IndicatorEntry]:
    """The indicator library, public, with the indicators that only plans name."""
    position = decode(after, text) or [""]
    async with units_of(request).reading() as store:
        rows = await store.library.page(scope_of(actor), position[0], limit + 1)
    return page([IndicatorEntry(**dict(row)) for row in rows], limit, lambda one: (one.code,))


@router.get("/indicators/{code}", responses=problems(404, 422))
async def read_indicator(request: Request, response: Response, actor: CurrentActor, code: Slug) -> IndicatorEntry:
    async with units_of(request).reading() as store:
        found = await store.library.find(scope_of(actor), code)
    if found is None:
        raise not_found("Questo indicatore non è nella libreria.", "This indicator is not in the library.")
    response.headers["ETag"] = etag(found.version)
    return IndicatorEntry.model_validate(found, from_attributes=True)


@router.put("/indicators/{code}", responses=answers(IndicatorEntry, 200, 201, problem=(400, 401, 403, 412, 422, 428)))
async def put_indicator(request: Request, actor: Coordinator, code: Slug, body: DefineIndicator) -> Response:
    """Defines an indicator; changing one that exists needs ``If-Match``, saying it again does not."""

    async def work(unit: Unit[Store]) -> Reply:
        known = await indicators.known_indicator(unit, code)
        if known and (known.title_it, known.title_en, known.unit) != (body.title_it, body.title_en, body.unit):
            check(expected_version(request), known.version)
        done = await indicators.define_indicator(unit, code, body)
        entry = IndicatorEntry.model_validate(done.definition, from_attributes=True)
        return Reply(201 if done.created else 200, entry, {"ETag": etag(entry.version)})

    return await command(request, units_of(request), scope_of(actor), work)


@router.get("/exports/{form}", response_class=Response, responses=problems(404, 422))
async def export(request: Request, actor: CurrentActor, form: str, asked: FilteredBy) -> Response:
    """All results as open data: ``csv`` or ``json``."""
    async with units_of(request).reading() as store:
        summary: Summary = await store.results.summary(scope_of(actor), asked, edge.omitted())
    return exports.answer(form, summary)
