"""What people type, turned into what the handlers take."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from contracts.places import Place, PlaceLimit
from contracts.values import Cents, Line, LongText, Quantity, ShortText, Slug, StakeholderType
from services.intake.domain.needs import MAX_LINES, MAX_NAMED, NeedContent
from services.intake.domain.offers import OfferContent
from services.intake.domain.stakeholders import Contact, Email, Phone
from services.intake.pages.limits import ChosenArea

CITY_TIME = ZoneInfo("Europe/Rome")


def typed_quantity(value: Any) -> Any:
    """A quantity as people write it: a comma or a point before the decimals, spaces between thousands."""
    if not isinstance(value, str):
        return value
    plain = re.sub(r"\s", "", value).replace(",", ".")
    # "1.000" is a thousand in Italian and one in English: it is refused rather than guessed.
    if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{3})+", plain) and "," not in value:
        raise ValueError("thousands are written without a point: 1000, not 1.000")
    if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", plain):
        raise ValueError("write a quantity in digits, such as 271 or 2.5")
    if re.fullmatch(r"-?[0-9]{1,12}\.[0-9]{4,}", plain):
        raise ValueError("a quantity has at most three decimals")
    return plain


def typed_euro(value: Any) -> Any:
    """Euro as people write them, in cents."""
    if not isinstance(value, str):
        return value
    plain = re.sub(r"[\s€]", "", value)
    if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{3})+(,[0-9]{1,2})?", plain):
        plain = plain.replace(".", "")  # "54.200" can only be thousands: no price has three decimals
    if not re.fullmatch(r"-?[0-9]+([.,][0-9]{1,2})?", plain):
        raise ValueError("write an amount in euro, such as 1500 or 99.90")
    return int(Decimal(plain.replace(",", ".")) * 100)


def _coming(day: date) -> date:
    if day < datetime.now(CITY_TIME).date():
        raise ValueError("this day has passed already")
    return day


ComingDay = Annotated[date, AfterValidator(_coming)]
"""A last day. The rules say the same of it later; said here, it comes together with what else is wrong."""


class FormLine(Line):
    """A line as typed: amounts with a comma, values in euro, money without a unit."""

    quantity: Annotated[Quantity | None, BeforeValidator(typed_quantity)] = None
    min_lot: Annotated[Quantity | None, BeforeValidator(typed_quantity)] = None
    unit_value_cents: Annotated[Cents | None, BeforeValidator(typed_euro)] = None

    @model_validator(mode="before")
    @classmethod
    def _money_is_euro(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("kind") == "money":
            return {"unit": "EUR"} | values
        return values

    def line(self) -> Line:
        return Line.model_construct(**{name: getattr(self, name) for name in Line.model_fields})


class LinesForm(BaseModel):
    model_config = ConfigDict(extra="ignore")

    title: ShortText
    description: LongText | None = None
    lines: list[FormLine] = Field(min_length=1, max_length=MAX_LINES)
    place: ShortText | None = None
    area: ChosenArea | None = None
    only_in: PlaceLimit | None = None
    last_day: ComingDay | None = None

    def shared(self) -> dict[str, Any]:
        """The fields that needs and offers have in common."""
        return {
            "title": self.title,
            "description": self.description,
            "lines": tuple(line.line() for line in self.lines),
            "place": self._place(),
            "only_in": self.only_in,
            "valid_until": end_of(self.last_day) if self.last_day else None,
        }

    def _place(self) -> Place | None:
        if self.area is not None:
            return self.area.place(self.place)
        return Place(label=self.place) if self.place else None


class NeedForm(LinesForm):
    """A need as a department types it."""

    department: Slug | None = None
    beneficiaries: LongText | None = None
    policy_area: Slug
    requires: list[Slug] = Field(default=[], max_length=50)
    receivers: list[UUID] = Field(default=[], max_length=50)
    excluded_stakeholders: list[UUID] = Field(default=[], max_length=MAX_NAMED)
    excluded_stakeholder_types: list[StakeholderType] = Field(default=[], max_length=MAX_NAMED)

    def content(self, department: str) -> NeedContent:
        return NeedContent(
            department=department,
            beneficiaries=self.beneficiaries,
            policy_area=self.policy_area,
            requires=tuple(self.requires),
            receivers=tuple(self.receivers),
            excluded_stakeholders=tuple(self.excluded_stakeholders),
            excluded_stakeholder_types=tuple(self.excluded_stakeholder_types),
            **self.shared(),
        )


class OfferForm(LinesForm):
    """An offer as a partner types it; the organisation is chosen or registered on the way."""

    stakeholder_id: UUID | None = None
    new_name: ShortText | None = None
    new_type: StakeholderType | None = None
    contact_name: ShortText | None = None
    contact_email: Email | None = None
    contact_phone: Phone | None = None
    expected_return: Literal["none", "visibility"] = "none"
    answers_need_id: UUID | None = None
    excluded_departments: list[Slug] = Field(default=[], max_length=MAX_NAMED)
    excluded_policy_areas: list[Slug] = Field(default=[], max_length=MAX_NAMED)
    excluded_receivers: list[UUID] = Field(default=[], max_length=MAX_NAMED)
    note: ShortText | None = None

    @property
    def contact(self) -> Contact | None:
        """Whom to call, when enough of it was typed."""
        if self.contact_name is None or (self.contact_email is None and self.contact_phone is None):
            return None
        return Contact(name=self.contact_name, email=self.contact_email, phone=self.contact_phone)

    def content(self, stakeholder_id: UUID, policy_area: str | None) -> OfferContent:
        return OfferContent(
            stakeholder_id=stakeholder_id,
            policy_area=policy_area,
            expected_return=self.expected_return,
            answers_need_id=self.answers_need_id,
            excluded_departments=tuple(self.excluded_departments),
            excluded_policy_areas=tuple(self.excluded_policy_areas),
            excluded_receivers=tuple(self.excluded_receivers),
            **self.shared(),
        )


class RenewForm(BaseModel):
    """Another last day."""

    last_day: ComingDay


def end_of(day: date) -> datetime:
    """The last moment of a day of the city."""
    return datetime.combine(day, time(23, 59, 59), CITY_TIME).astimezone(UTC)
