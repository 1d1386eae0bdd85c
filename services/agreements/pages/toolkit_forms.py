"""The form in which the Legal Office edits the draft of an instrument."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationInfo, field_validator, model_validator

from chassis.web.forms import Form
from contracts.values import LongText, ShortText, Slug
from services.agreements.domain.conditions import amount_cents
from services.agreements.domain.instruments import Instrument, Owner
from services.agreements.domain.rules import Bilingual, Certainty
from services.agreements.domain.toolkit import ClauseEdit, InstrumentEdit, RuleEdit, StepEdit

SPARE_CLAUSES = 1


class RuleForm(BaseModel):
    label: Bilingual
    source: ShortText
    certainty: Certainty
    days: Annotated[int, Field(ge=0, le=3650)] | None = None
    years: Annotated[int, Field(ge=1, le=99)] | None = None
    threshold: str | None = None
    enabled: bool = False
    firm: bool = False
    off_because: ShortText | None = None

    @field_validator("threshold")
    @classmethod
    def _an_amount(cls, value: str | None, _info: ValidationInfo) -> str | None:
        if value is not None and amount_cents(value) is None:
            raise ValueError("an amount in euro, for example 40.000 or 40,000.50")
        return value

    def edit(self) -> RuleEdit:
        return RuleEdit(
            label=self.label,
            source=self.source,
            certainty=self.certainty,
            days=self.days,
            years=self.years,
            value_above_cents=amount_cents(self.threshold) if self.threshold else None,
            enabled=self.enabled or self.firm,
            off_because=None if self.enabled or self.firm else self.off_because,
        )


class ClauseForm(BaseModel):
    heading: Bilingual
    text: Bilingual
    remove: bool = False


class NewClauseForm(ClauseForm):
    code: Slug


class StepForm(BaseModel):
    days: Annotated[int, Field(ge=0, le=3650)]
    owner: Owner


class DraftForm(BaseModel):
    """The whole draft as the form shows it; rows for new clauses may stay empty."""

    title: Bilingual
    applies_when: Bilingual
    source: ShortText
    certainty: Certainty
    rules: dict[Slug, RuleForm] = Field(default_factory=dict)
    clauses: dict[Slug, ClauseForm] = Field(default_factory=dict)
    new_clauses: tuple[NewClauseForm, ...] = ()
    steps: dict[Slug, StepForm] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, values: Any) -> Any:
        return {name: value for name, value in values.items() if name in cls.model_fields}

    def edit(self) -> InstrumentEdit:
        clauses = {code: ClauseEdit(heading=one.heading, text=one.text) for code, one in self.clauses.items()}
        clauses |= {one.code: ClauseEdit(heading=one.heading, text=one.text) for one in self.new_clauses}
        return InstrumentEdit(
            title=self.title,
            applies_when=self.applies_when,
            source=self.source,
            certainty=self.certainty,
            rules={code: one.edit() for code, one in self.rules.items()},
            clauses=clauses,
            without_clauses=tuple(code for code, one in self.clauses.items() if one.remove),
            steps={code: StepEdit(days=one.days, owner=one.owner) for code, one in self.steps.items()},
        )


class ReasonForm(BaseModel):
    reason: Annotated[LongText, Field(min_length=3)]


class PublishForm(ReasonForm):
    valid_from: date


def filled(record: Instrument) -> Form[DraftForm]:
    """The form with what the draft says."""
    values: dict[str, Any] = {"source": record.source, "certainty": record.certainty}
    values |= _both("title", record.title) | _both("applies_when", record.applies_when)
    for rule in record.rules:
        at = f"rules.{rule.code}"
        values |= _both(f"{at}.label", rule.label)
        values |= {f"{at}.source": rule.source, f"{at}.certainty": rule.certainty}
        values |= {f"{at}.{name}": getattr(rule, name, None) for name in ("days", "years")}
        values[f"{at}.enabled"] = "true" if rule.enabled else ""
        values[f"{at}.off_because"] = rule.off_because
        if rule.when.value_above_cents is not None:
            euros = Decimal(rule.when.value_above_cents) / 100
            values[f"{at}.threshold"] = f"{euros:.2f}".replace(".", ",").removesuffix(",00")
    for clause in record.clauses:
        values |= _both(f"clauses.{clause.code}.heading", clause.heading)
        values |= _both(f"clauses.{clause.code}.text", clause.text)
    for step in record.steps:
        values |= {f"steps.{step.code}.days": step.days, f"steps.{step.code}.owner": step.owner}
    return Form.of(**values)


def _both(name: str, words: Bilingual) -> dict[str, str]:
    return {f"{name}.it": words.it, f"{name}.en": words.en}
