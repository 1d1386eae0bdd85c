"""What impact publishes: plans, deliveries, measurements, corrections. A fact is corrected by a new fact."""

from __future__ import annotations

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import Field

from contracts.event import Event
from contracts.values import (
    Allocation,
    Cents,
    LongText,
    PlannedIndicator,
    Quantity,
    ShortText,
    SignedQuantity,
    Slug,
    UnitCode,
)

PLAN = "impact.plan.v1"
RESULT = "impact.result.v1"


class IndicatorDefined(Event, type="sportello.impact.indicator-defined.v1", topic=PLAN):
    """An indicator of the library, by its code."""

    indicator_id: UUID
    version: int = Field(ge=1)
    code: Slug
    title_it: ShortText
    title_en: ShortText
    unit: UnitCode


class _PlanRef(Event):
    plan_id: UUID
    version: int = Field(ge=1)
    agreement_id: UUID
    match_id: UUID
    need_id: UUID
    department: Slug
    stakeholder_ids: tuple[UUID, ...]
    account_manager_id: str | None = None


class ImpactPlanOpened(_PlanRef, type="sportello.impact.impact-plan-opened.v1", topic=PLAN):
    """An agreement was signed: this is what is to be delivered and measured."""

    title: ShortText
    policy_area: Slug
    commitments: tuple[Allocation, ...]
    indicators: tuple[PlannedIndicator, ...]


class PlanFulfilled(_PlanRef, type="sportello.impact.plan-fulfilled.v1", topic=PLAN):
    """Every commitment is delivered and every final measurement is in."""


class DeliveryRecorded(_PlanRef, type="sportello.impact.delivery-recorded.v1", topic=RESULT):
    """A quantity of one commitment was handed over; the ledger posts at most what is still committed."""

    delivery_id: UUID
    offer_id: UUID
    offer_line: int = Field(ge=0)
    need_line: int | None = Field(default=None, ge=0)
    quantity: Quantity
    unit: UnitCode
    value_cents: Cents | None = None
    delivered_on: date
    note: LongText | None = None


class IndicatorMeasured(_PlanRef, type="sportello.impact.indicator-measured.v1", topic=RESULT):
    """A reading of one indicator of the plan, in its unit."""

    measurement_id: UUID
    indicator: Slug
    value: SignedQuantity
    unit: UnitCode
    measured_on: date
    final: bool = False


class ResultCorrected(_PlanRef, type="sportello.impact.result-corrected.v1", topic=RESULT):
    """An earlier delivery or measurement was wrong: ``before`` became ``after``, in the same unit.

    ``reason`` is deprecated and says only ``corrected``: why in words may name people and stays with impact.
    """

    correction_id: UUID
    corrects: Literal["delivery", "measurement"]
    corrected_id: UUID
    offer_id: UUID | None = None
    offer_line: int | None = None
    need_line: int | None = None
    indicator: Slug | None = None
    before: SignedQuantity
    after: SignedQuantity
    value_cents_after: Cents | None = None
    reason: LongText
