"""What is answered: plans and results as people and machines read them. Quantities are strings, money is cents."""

from __future__ import annotations

from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, PlainSerializer, WithJsonSchema, computed_field

from contracts.units import plain
from contracts.values import Balance, Quantity, Recurrence, ResourceKind, SignedQuantity

Sum = Annotated[
    Decimal,
    PlainSerializer(plain, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]{1,3})?$"}),
]
"""A sum of quantities: it may have more digits than any of them."""

HiddenPart = Literal["subject", "parties"]
InputClass = Literal["cash", "time", "in_kind"]
DeclaredBy = Literal["account_manager", "department", "partner", "system"]

INPUT_CLASSES: dict[ResourceKind, InputClass] = {
    "money": "cash",
    "expertise": "time",
    "volunteering": "time",
    "goods": "in_kind",
    "space": "in_kind",
    "service": "in_kind",
}
"""What the B4SI framework calls the contribution (cash, paid time, in kind; management costs are not known here)."""

_STEP = Decimal("0.001")
_SOURCES: dict[str, DeclaredBy] = {"account_manager": "account_manager", "department": "department", "system": "system"}


def declared_by(source: str) -> DeclaredBy:
    return _SOURCES.get(source.partition(":")[0], "partner")


class CommitmentReport(BaseModel):
    """A commitment with what came of it. ``line`` is the offer's, from 0; values are in euro cents.

    ``omitted`` are the parts that the Legal Office hid: the offer and who gave are then not told in public.
    """

    plan_id: UUID
    position: int
    offer_id: UUID | None
    line: int
    need_line: int | None
    stakeholder_id: UUID | None
    stakeholder: str
    partners: list[str] = Field(description="Organisations behind the offer")
    kind: ResourceKind
    capability: str | None
    description: str | None
    unit: str
    committed_quantity: Quantity
    delivered_quantity: Balance
    committed_value_cents: int | None
    value_cents: int | None = Field(description="Of what was delivered, up to what was promised")
    excess_value_cents: int = Field(default=0, description="Of what was delivered beyond the promise; in no sum")
    recurrence: Recurrence | None
    last_delivered_on: date | None = None
    omitted: list[HiddenPart] = []

    @computed_field  # type: ignore[prop-decorator]
    @property
    def outstanding_quantity(self) -> Balance:
        return max(self.committed_quantity - self.delivered_quantity, Decimal(0))

    @computed_field  # type: ignore[prop-decorator]
    @property
    def excess_quantity(self) -> Balance:
        """Delivered beyond the commitment: part of ``delivered_quantity``, never counted as committed."""
        return max(self.delivered_quantity - self.committed_quantity, Decimal(0))

    @computed_field  # type: ignore[prop-decorator]
    @property
    def delivered_per_occurrence(self) -> Balance | None:
        """Delivered quantity over the number of occurrences agreed; null without recurrence."""
        if self.recurrence is None:
            return None
        return (self.delivered_quantity / self.recurrence.times).quantize(_STEP, rounding=ROUND_HALF_EVEN)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def committed_per_occurrence(self) -> Balance | None:
        """Committed quantity over the number of occurrences agreed; null without recurrence."""
        if self.recurrence is None:
            return None
        return (self.committed_quantity / self.recurrence.times).quantize(_STEP, rounding=ROUND_HALF_EVEN)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def occurrences_delivered(self) -> Balance | None:
        """How many of the occurrences agreed the delivered quantity makes; null without recurrence."""
        if self.recurrence is None:
            return None
        made = self.delivered_quantity * self.recurrence.times / self.committed_quantity
        return made.quantize(_STEP, rounding=ROUND_HALF_EVEN)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def input_class(self) -> InputClass:
        return INPUT_CLASSES[self.kind]


class IndicatorReport(BaseModel):
    """An indicator with its readings: the ``latest`` by day, and their ``sum`` (for those that add up)."""

    code: str
    title_it: str
    title_en: str
    unit: str
    baseline: SignedQuantity | None
    target: SignedQuantity | None
    final: bool
    due_on: date | None
    measurements: int
    latest: SignedQuantity | None
    latest_on: date | None
    sum: Sum | None
    complete: bool


class PartyReport(BaseModel):
    party_id: str
    role: str
    name: str
    partners: list[str]


class DeliveryReport(BaseModel):
    """``quantity`` as it counts now, ``recorded_quantity`` as it was first recorded."""

    delivery_id: UUID
    plan_id: UUID
    position: int
    offer_id: UUID
    offer_line: int
    need_line: int | None
    quantity: Balance
    recorded_quantity: Quantity
    unit: str
    value_cents: int | None
    delivered_on: date
    note: str | None
    accompanying: bool
    declared_by: DeclaredBy
    external_ref: str | None
    recorded_at: datetime
    version: int
    corrections: int


class MeasurementReport(BaseModel):
    measurement_id: UUID
    plan_id: UUID
    indicator: str
    value: SignedQuantity
    recorded_value: SignedQuantity
    unit: str
    measured_on: date
    final: bool
    declared_by: DeclaredBy
    external_ref: str | None
    recorded_at: datetime
    version: int
    corrections: int


class CorrectionReport(BaseModel):
    correction_id: UUID
    corrects: Literal["delivery", "measurement"]
    corrected_id: UUID
    before: SignedQuantity
    after: SignedQuantity
    reason: str
    declared_by: DeclaredBy
    recorded_at: datetime
    version: int


class PlanSummary(BaseModel):
    """A plan in a list."""

    plan_id: UUID
    version: int
    state: str
    need_id: UUID
    title: str
    policy_area: str
    department: str
    instrument: str
    signed_on: date
    commitments: int
    commitments_delivered: int
    indicators: int
    indicators_measured: int
    value_cents: int


class PlanReport(BaseModel):
    """A plan with all that is on record."""

    plan_id: UUID
    version: int
    state: str
    need_id: UUID
    match_id: UUID
    agreement_id: UUID
    title: str
    policy_area: str
    department: str
    instrument: str
    protocol_number: str
    signed_on: date
    valid_to: date | None
    closed_on: date | None
    closing_reason: str | None
    fulfilled_at: datetime | None
    value_cents: int
    parties: list[PartyReport]
    commitments: list[CommitmentReport]
    indicators: list[IndicatorReport]
    deliveries: list[DeliveryReport]
    measurements: list[MeasurementReport]
    corrections: list[CorrectionReport]


class Totals(BaseModel):
    """``value_cents`` counts deliveries up to what was promised; ``excess_value_cents`` is what came beyond."""

    value_cents: int = 0
    excess_value_cents: int = 0
    cases: int = 0
    cases_with_results: int = 0
    plans: int = 0
    plans_fulfilled: int = 0
    givers: int = 0


class AreaTotal(BaseModel):
    policy_area: str
    value_cents: int
    cases: int


class UnitTotal(BaseModel):
    unit: str
    delivered_quantity: Sum


class KindTotal(BaseModel):
    kind: ResourceKind
    input_class: InputClass
    value_cents: int
    quantities: list[UnitTotal]


class CaseReport(BaseModel):
    """What became of one need, over all agreements made for it; ``omitted`` says that its title is hidden."""

    need_id: UUID
    title: str
    omitted: list[HiddenPart] = []
    policy_area: str
    department: str
    state: str
    value_cents: int
    commitments: list[CommitmentReport]
    indicators: list[IndicatorReport]


class Filters(BaseModel):
    """``since``/``until`` are days of delivery and of measurement, both included."""

    need: UUID | None = None
    policy_area: str | None = None
    since: date | None = None
    until: date | None = None


class Summary(BaseModel):
    """All results of a city, or those that the filters leave."""

    city: str
    need: UUID | None
    policy_area: str | None
    since: date | None
    until: date | None
    totals: Totals
    policy_areas: list[AreaTotal]
    resource_kinds: list[KindTotal]
    cases: list[CaseReport]
