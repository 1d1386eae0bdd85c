"""Between HTTP and the rules: who reports, what a refusal looks like, what is answered to a report."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from uuid import UUID

from pydantic import BaseModel

from chassis.auth import Actor
from chassis.http.paging import decode
from chassis.http.problem import Problem, conflict, forbidden, invalid, not_found
from chassis.scope import Scope
from chassis.unit import Unit
from chassis.validation import field_error
from chassis.web.i18n import gettext
from services.impact.domain.doubts import Doubt
from services.impact.domain.plan import Plan
from services.impact.domain.refusals import Invalid, NotAllowed, NotFound, Refused
from services.impact.domain.reporter import Reporter, no_such_plan
from services.impact.domain.reports import DeliveryReport, MeasurementReport, PlanReport
from services.impact.handlers.results import Kept
from services.impact.store import Store
from services.impact.store.readings import Reach

READS_ALL = ("account_manager", "coordinator", "legal", "signatory")


def reporter_of(actor: Actor) -> Reporter:
    return Reporter(
        subject=actor.subject,
        department=actor.department if actor.has("department") else None,
        stakeholders=actor.stakeholders if actor.has("partner") else frozenset(),
        account_manager=actor.has("account_manager"),
        reads_all=actor.has(*READS_ALL),
    )


def omitted() -> str:
    """What stands in place of something hidden, in the reader's language."""
    return gettext("omitted")


REPORT = (400, 401, 403, 404, 409, 422)
"""What a report may be refused with."""


def reach_of(actor: Actor) -> Reach | None:
    """Whose plans the actor sees; None for none at all."""
    if actor.has(*READS_ALL):
        return Reach()
    reporter = reporter_of(actor)
    reach = Reach(reporter.department, tuple(UUID(one) for one in sorted(reporter.stakeholders)))
    return reach if reach.is_limited else None


def scope_of(actor: Actor) -> Scope:
    return Scope(actor.city, actor.subject or "anonymous")


def plan_position(cursor: str | None) -> tuple[date, UUID] | None:
    """Where a list of plans goes on. Raises a 400 problem for a cursor that is not one of ours."""
    position = decode(cursor, date.fromisoformat, UUID)
    return (position[0], position[1]) if position else None


async def plan_for(store: Store, actor: Actor, plan_id: UUID) -> tuple[Plan, PlanReport]:
    """The plan and all that is on record of it, if the actor may read it. Raises a 404 problem."""
    plan = await store.plans.find(scope_of(actor), plan_id)
    report = await store.readings.plan(scope_of(actor), plan_id)
    if plan is None or report is None or not reporter_of(actor).may_read(plan):
        raise problem_of(no_such_plan())
    return plan, report


@contextmanager
def refusals_as_problems() -> Iterator[None]:
    try:
        yield
    except Refused as refused:
        raise problem_of(refused) from refused


def problem_of(refused: Refused) -> Problem:
    if isinstance(refused, Invalid):
        return invalid([field_error(refused.pointer, refused.code, refused.italian, refused.english)])
    if isinstance(refused, NotFound):
        return not_found(refused.italian, refused.english)
    if isinstance(refused, NotAllowed):
        return forbidden(refused.italian, refused.english)
    return conflict(refused.code, refused.italian, refused.english)


class WarningReport(BaseModel):
    """Something to look at again; the fact is recorded all the same."""

    code: str
    message_it: str
    message_en: str


class DeliveryReply(DeliveryReport):
    """The delivery as it counts now, and what it did to its plan."""

    plan_state: str
    plan_version: int
    warnings: list[WarningReport]


class MeasurementReply(MeasurementReport):
    plan_state: str
    plan_version: int
    warnings: list[WarningReport]


async def delivery_reply(unit: Unit[Store], kept: Kept) -> DeliveryReply:
    """Read back from the facts: what is answered is what is on record."""
    report = await unit.store.readings.delivery(unit.scope, kept.plan.plan_id, kept.fact_id)
    assert report is not None
    return DeliveryReply(**report.model_dump(), **_after(kept))


async def measurement_reply(unit: Unit[Store], kept: Kept) -> MeasurementReply:
    report = await unit.store.readings.measurement(unit.scope, kept.plan.plan_id, kept.fact_id)
    assert report is not None
    return MeasurementReply(**report.model_dump(), **_after(kept))


def _after(kept: Kept) -> dict[str, object]:
    return {
        "plan_state": str(kept.plan.state),
        "plan_version": kept.plan.version,
        "warnings": [_warning(one) for one in kept.warnings],
    }


def _warning(one: Doubt) -> WarningReport:
    return WarningReport(code=one.code, message_it=one.italian, message_en=one.english)
