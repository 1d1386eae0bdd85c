"""What may be asked: the bodies of the API's commands and of the pages' forms."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contracts.values import Balance, ExternalRef, LongText, Quantity, ShortText, SignedQuantity, Slug, UnitCode

Reason = Annotated[LongText, StringConstraints(strip_whitespace=True, min_length=3)]


class _Command(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RecordDelivery(_Command):
    """A quantity of one offer line was handed over. ``need_line`` only when the line goes to several of the need."""

    offer_id: UUID
    offer_line: int = Field(ge=0)
    need_line: int | None = Field(default=None, ge=0)
    quantity: Quantity
    delivered_on: date | None = None
    note: LongText | None = None
    external_ref: ExternalRef | None = None


class RecordMeasurement(_Command):
    """A reading of an indicator of the plan, in its unit.

    ``final`` = the closing reading; when not said, that of an indicator whose closing reading the plan waits for is.
    """

    indicator: Slug
    value: SignedQuantity
    measured_on: date | None = None
    final: bool | None = None
    external_ref: ExternalRef | None = None


class CorrectDelivery(_Command):
    """What was really delivered: zero when it never came."""

    quantity: Balance
    reason: Reason


class CorrectMeasurement(_Command):
    value: SignedQuantity
    reason: Reason


class DefineIndicator(_Command):
    """An indicator of the library as it shall be."""

    title_it: ShortText
    title_en: ShortText
    unit: UnitCode
