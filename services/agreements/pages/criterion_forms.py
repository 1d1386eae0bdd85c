"""The criteria of an instrument as the Legal Office edits them: what each looks at, tick by tick."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, get_args

from pydantic import BaseModel, Field, field_validator

from contracts.values import ResourceKind, ShortText, Slug, StakeholderType
from services.agreements.domain.conditions import CITY_ITSELF, amount_cents
from services.agreements.domain.edits import CriterionEdit, NewCriterion
from services.agreements.domain.instruments import Criterion, Effect
from services.agreements.domain.rules import Bilingual, Certainty, Condition

_KINDS: tuple[str, ...] = get_args(ResourceKind)
_TYPES = tuple(one for one in get_args(StakeholderType) if one != CITY_ITSELF)
TICKED: dict[str, tuple[str, ...]] = {
    "kinds": _KINDS,
    "only_kinds": _KINDS,
    "party_types": _TYPES,
    "only_party_types": _TYPES,
    "giver_types": _TYPES,
}
"""The parts of a condition that name several of a list. The city's own organisations do not count in any."""


class ConditionForm(BaseModel):
    """One condition: every part that is filled in must hold."""

    kinds: dict[ResourceKind, bool] = Field(default_factory=dict)
    only_kinds: dict[ResourceKind, bool] = Field(default_factory=dict)
    party_types: dict[StakeholderType, bool] = Field(default_factory=dict)
    only_party_types: dict[StakeholderType, bool] = Field(default_factory=dict)
    giver_types: dict[StakeholderType, bool] = Field(default_factory=dict)
    expected_return: str | None = Field(default=None, pattern="^(none|visibility)$")
    organisations_at_least: Annotated[int, Field(ge=2, le=50)] | None = None
    worth: str | None = None

    @field_validator("worth")
    @classmethod
    def _an_amount(cls, value: str | None) -> str | None:
        if value is not None and amount_cents(value) is None:
            raise ValueError("an amount in euro, for example 40.000 or 40,000.50")
        return value

    def condition(self) -> Condition:
        given: dict[str, Any] = {
            name: tuple(one for one in options if getattr(self, name).get(one)) or None
            for name, options in TICKED.items()
        }
        return Condition(
            **given,
            expected_return=self.expected_return,
            organisations_at_least=self.organisations_at_least,
            value_above_cents=amount_cents(self.worth) if self.worth else None,
        )


class CriterionForm(BaseModel):
    effect: Effect
    when: Annotated[tuple[ConditionForm, ...], Field(min_length=1, max_length=20)]
    text: Bilingual
    otherwise: Bilingual | None = None
    weight: Annotated[int, Field(ge=1, le=10)]
    source: ShortText
    certainty: Certainty
    remove: bool = False

    def edit(self) -> CriterionEdit:
        return CriterionEdit(
            effect=self.effect,
            when=tuple(one.condition() for one in self.when),
            text=self.text,
            otherwise=self.otherwise,
            weight=self.weight,
            source=self.source,
            certainty=self.certainty,
        )


class NewCriterionForm(CriterionForm):
    code: Slug
    weight: Annotated[int, Field(ge=1, le=10)] = 1

    def added(self) -> NewCriterion:
        return NewCriterion(**dict(self.edit()))


def filled(one: Criterion) -> dict[str, Any]:
    """The form's fields as the criterion says them, by name within the criterion."""
    values: dict[str, Any] = {name: getattr(one, name) for name in ("effect", "weight", "source", "certainty")}
    if one.otherwise:
        values |= {"otherwise.it": one.otherwise.it, "otherwise.en": one.otherwise.en}
    for row, condition in enumerate(one.when):
        at = f"when.{row}"
        values |= {f"{at}.{name}.{option}": "true" for name in TICKED for option in getattr(condition, name) or ()}
        values |= {f"{at}.{name}": getattr(condition, name) for name in ("expected_return", "organisations_at_least")}
        if condition.value_above_cents is not None:
            euros = Decimal(condition.value_above_cents) / 100
            values[f"{at}.worth"] = f"{euros:.2f}".replace(".", ",").removesuffix(",00")
    return values
