"""Value types shared by every event: quantities, money, lines, windows, plans.

Quantities are decimals carried as strings with at most three decimals; money is integer euro cents;
units are codes of UN/CEFACT Recommendation 20, plus ``EUR`` for money.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)

from contracts.units import plain

ResourceKind = Literal["money", "goods", "expertise", "volunteering", "space", "service"]
StakeholderType = Literal["company", "foundation", "association", "university", "school", "public_body", "department"]
Period = Literal["day", "week", "month", "year"]

# [0-9], not \d: pydantic's \d takes the digits of every script, JSON Schema's only ASCII.
_UNSIGNED = r"^[0-9]{1,12}(\.[0-9]{1,3})?$"
_SIGNED = r"^-?[0-9]{1,12}(\.[0-9]{1,3})?$"


def _decimal(value: Any) -> Any:
    if isinstance(value, bool | float):
        raise ValueError("a quantity is written as a string such as '271' or '2.5', never as a float")
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{13,}(\.[0-9]+)?", value):
        raise ValueError("a quantity has at most twelve digits before the point")
    if isinstance(value, str) and not re.fullmatch(_SIGNED, value):
        raise ValueError("a quantity is digits with at most three decimals after a point, such as '271' or '2.5'")
    return Decimal(value) if isinstance(value, int | str) else value


def _at_most_three_decimals(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise ValueError("a quantity is a finite number")
    if value != value.quantize(Decimal("0.001")):
        raise ValueError("a quantity has at most three decimals")
    return value


def _at_most_twelve_digits(value: Decimal) -> Decimal:
    if abs(value) >= MOST_QUANTITY:
        raise ValueError("a quantity has at most twelve digits before the point")
    return value


def _positive(value: Decimal) -> Decimal:
    if value <= 0:
        raise ValueError("a quantity is greater than zero")
    return value


def _not_negative(value: Decimal) -> Decimal:
    if value < 0:
        raise ValueError("a balance is never negative")
    return value


_as_text = PlainSerializer(plain, return_type=str)
Quantity = Annotated[
    Decimal,
    BeforeValidator(_decimal),
    AfterValidator(_at_most_twelve_digits),
    AfterValidator(_at_most_three_decimals),
    AfterValidator(_positive),
    _as_text,
    WithJsonSchema({"type": "string", "pattern": _UNSIGNED}),
]
"""A quantity greater than zero, at most twelve digits and three decimals, on the wire as a string."""
Balance = Annotated[
    Decimal,
    BeforeValidator(_decimal),
    AfterValidator(_at_most_twelve_digits),
    AfterValidator(_at_most_three_decimals),
    AfterValidator(_not_negative),
    _as_text,
    WithJsonSchema({"type": "string", "pattern": _UNSIGNED}),
]
"""A quantity of zero or more."""
SignedQuantity = Annotated[
    Decimal,
    BeforeValidator(_decimal),
    AfterValidator(_at_most_twelve_digits),
    AfterValidator(_at_most_three_decimals),
    _as_text,
    WithJsonSchema({"type": "string", "pattern": _SIGNED}),
]
"""A difference of quantities, of either sign."""

_NOTHING = Decimal(0)
MOST_QUANTITY = Decimal(10) ** 12
MOST_CENTS = 10**15
"""What quantities stay below, and values do not exceed, on the wire."""
Cents = Annotated[int, Field(ge=0, le=MOST_CENTS)]
UnitCode = Annotated[str, Field(pattern=r"^[A-Z0-9]{2,3}$")]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?$")]
CpvCode = Annotated[str, Field(pattern=r"^[0-9]{8}(-[0-9])?$")]
CityCode = Annotated[str, Field(pattern=r"^[a-z0-9_]{2,20}$")]


def _no_nul(value: str) -> str:
    if "\x00" in value:
        raise ValueError("a text has no NUL character")
    return value


# Lengths first: after a function of ours pydantic takes any text for a list and speaks of its items.
ExternalRef = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_no_nul)]
ShortText = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(_no_nul)]
LongText = Annotated[str, Field(max_length=10_000), AfterValidator(_no_nul)]
Fraction = Annotated[float, Field(ge=0, le=1)]
NilNumber = Annotated[
    int, Field(ge=1, le=88), WithJsonSchema({"type": "string", "pattern": "^([1-9]|[1-7][0-9]|8[0-8])$"})
]
"""Key of a table by neighbourhood; in JSON every key is a string."""


def _of_our_times(value: DateT) -> DateT:
    # The first and last years there are cannot be brought to UTC, and drivers take their ends for infinity.
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise ValueError("a date lies between the years 1900 and 2999")
    return value


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a time carries its offset from UTC")
    return value


FIRST_YEAR, LAST_YEAR = 1900, 2999
DateT = TypeVar("DateT", bound=date)
Day = Annotated[date, AfterValidator(_of_our_times)]
Instant = Annotated[datetime, AfterValidator(_aware), AfterValidator(_of_our_times)]
"""A point in time with its UTC offset."""


class Value(BaseModel):
    """An immutable part of an event; it refuses unknown fields when produced, and readers ignore them."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Recurrence(Value):
    """The line's quantity comes ``times`` times, once every ``every``."""

    every: Period
    times: int = Field(ge=1, le=1000)


class Line(Value):
    """One thing asked or offered.

    ``quantity`` is per occurrence when ``recurrence`` is given; None = open-ended, fixed at acceptance.
    Money has unit EUR and no separate value; anything else may carry a value per unit or in total.

    ``min_lot`` is the smallest quantity, over all occurrences and in ``unit``, that one match may take of an offered
    line, or that one offer has to bring to an asked line. When less than that is left of the line itself, what is left
    goes as one. Of an open-ended line it says the least that may be agreed.
    """

    kind: ResourceKind
    unit: UnitCode
    quantity: Quantity | None = None
    min_lot: Quantity | None = None
    recurrence: Recurrence | None = None
    capability: Slug | None = None
    cpv: CpvCode | None = None
    description: ShortText | None = None
    unit_value_cents: Cents | None = None
    total_value_cents: Cents | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Line:
        if (self.kind == "money") != (self.unit == "EUR"):
            raise ValueError("money is counted in EUR, and only money is")
        if self.unit_value_cents is not None and self.total_value_cents is not None:
            raise ValueError("give the value per unit or in total, not both")
        if self.quantity is None and self.recurrence is not None:
            raise ValueError("an open-ended line has no recurrence")
        if self.quantity is None and self.total_value_cents is not None:
            raise ValueError("an open-ended line has no total value")
        if self.total_quantity is not None and self.total_quantity >= MOST_QUANTITY:
            raise ValueError("all occurrences together have at most twelve digits before the point")
        if self.min_lot is not None and self.total_quantity is not None and self.min_lot > self.total_quantity:
            raise ValueError("the smallest lot is more than the whole quantity")
        return self

    @property
    def total_quantity(self) -> Decimal | None:
        """Quantity over all occurrences, in ``unit``; None when open-ended."""
        if self.quantity is None:
            return None
        return self.quantity * (self.recurrence.times if self.recurrence else 1)

    def least(self, left: Decimal | None) -> Decimal:
        """The smallest quantity one match may take, or one offer bring, when ``left`` of the line is open (None =
        open-ended): the lot, or all that is left; 0 when any quantity will do."""
        if self.min_lot is None:
            return _NOTHING
        return self.min_lot if left is None else min(self.min_lot, left)

    def value_cents(self, quantity: Decimal) -> int | None:
        """Value of ``quantity`` of this line in euro cents, pro rata of a total.

        None when no value is known, or when it would be more than the language can say.
        """
        if self.kind == "money":
            return _cents(quantity * 100)
        if self.unit_value_cents is not None:
            return _cents(quantity * self.unit_value_cents)
        total = self.total_quantity
        if self.total_value_cents is not None and total is not None:
            return _cents(quantity * self.total_value_cents / total)
        return None


def _cents(value: Decimal) -> int | None:
    cents = int(value.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
    return cents if cents <= MOST_CENTS else None


Unsaid = Field(exclude_if=lambda named: not named)
"""For a list that says nothing when it is empty: it is not written then."""


class Window(Value):
    """From the first to the last day, both included; None = unbounded on that side."""

    starts_on: Day | None = None
    ends_on: Day | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Window:
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            raise ValueError("the window ends before it starts")
        return self


class OfferPartner(Value):
    """Another organisation behind an offer, with its share of it (0-1) when known."""

    stakeholder_id: UUID
    share: float | None = Field(default=None, gt=0, le=1)


PartyRole = Literal["department", "giver", "receiver"]


class Party(Value):
    """Who takes part in a match and in its agreement.

    ``party_id`` is ``department:<code>`` or ``stakeholder:<uuid>``, unique within the match.
    """

    party_id: Annotated[str, Field(min_length=1, max_length=100)]
    role: PartyRole
    department: Slug | None = None
    stakeholder_id: UUID | None = None
    name: ShortText
    account_manager_id: str | None = None
    partners: tuple[OfferPartner, ...] = ()

    @model_validator(mode="after")
    def _one_kind(self) -> Party:
        if (self.role == "department") != (self.department is not None):
            raise ValueError("exactly the department party names a department")
        if (self.department is None) == (self.stakeholder_id is None):
            raise ValueError("a party is either a department or a stakeholder")
        return self


class ProposedAllocation(Value):
    """What one offer line would bring to a need; ``need_line`` is None when the line brings a capability.

    ``quantity`` is over all occurrences; None = open on both sides, to be agreed by who consents first.
    """

    offer_id: UUID
    offer_line: int = Field(ge=0)
    need_line: int | None = Field(default=None, ge=0)
    stakeholder_id: UUID
    kind: ResourceKind
    capability: Slug | None = None
    quantity: Quantity | None = None
    unit: UnitCode
    recurrence: Recurrence | None = None
    value_cents: Cents | None = None
    description: ShortText | None = None


class Allocation(ProposedAllocation):
    """A fixed quantity of one offer line that goes to a need."""

    quantity: Quantity


class QuantityChange(Value):
    """The quantity of one allocation before and after a counter-proposal; ``before`` None = it was to be agreed."""

    offer_id: UUID
    offer_line: int = Field(ge=0)
    need_line: int | None = Field(default=None, ge=0)
    stakeholder_id: UUID
    kind: ResourceKind
    capability: Slug | None = None
    unit: UnitCode
    before: Quantity | None = None
    after: Quantity


class Reason(Value):
    """Why a proposal was made: a signal, its contribution to the score, and the sentence a person reads."""

    code: Slug
    contribution: float
    text_it: ShortText
    text_en: ShortText


class PlannedIndicator(Value):
    """What will be measured: agreed before the start, in ``unit``; ``target`` is what the parties aim at."""

    code: Slug
    title_it: ShortText
    title_en: ShortText
    unit: UnitCode
    baseline: SignedQuantity | None = None
    target: SignedQuantity | None = None
    final: bool = True
    due_on: Day | None = None


class ImpactPlan(Value):
    """The indicators agreed before the start; may be empty when only deliveries are counted."""

    indicators: tuple[PlannedIndicator, ...] = ()
    note: LongText | None = None


class CommunicationPlan(Value):
    """What is said in public, where, and what the partner gets back in visibility."""

    summary: LongText
    channels: tuple[Slug, ...] = ()
    partner_visibility: LongText | None = None
    logo_approved: bool = False


class SignatureEvidence(Value):
    """One verified signature: whose, at what level, when."""

    party_id: Annotated[str, Field(min_length=1, max_length=100)]
    level: Literal["development", "simple", "advanced", "qualified"]
    signed_at: Instant
    certificate_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class FieldError(Value):
    """One wrong field: a JSON pointer, a stable code, and the reason in both languages."""

    pointer: Annotated[str, Field(max_length=300)]
    code: Slug
    message_it: Annotated[str, Field(max_length=1000)]
    message_en: Annotated[str, Field(max_length=1000)]
