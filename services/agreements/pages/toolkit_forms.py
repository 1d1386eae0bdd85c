"""The form in which the Legal Office edits the draft of an instrument."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationInfo, field_validator, model_validator

from chassis.web.forms import Form
from contracts.values import LongText, ShortText, Slug
from services.agreements.domain.clauses import placed
from services.agreements.domain.conditions import amount_cents
from services.agreements.domain.edits import (
    ClauseEdit,
    InstrumentEdit,
    LabelEdit,
    NewCheck,
    RuleEdit,
    StepEdit,
)
from services.agreements.domain.instruments import Instrument, Owner
from services.agreements.domain.rules import Bilingual, Certainty, Evidence, Item, Severity
from services.agreements.pages import criterion_forms
from services.agreements.pages.criterion_forms import CriterionForm, NewCriterionForm

SPARE_PARTS = 1
"""Empty rows offered for one more check and one more clause."""


class RuleForm(BaseModel):
    label: Bilingual
    source: ShortText
    certainty: Certainty
    days: Annotated[int, Field(ge=0, le=3650)] | None = None
    years: Annotated[int, Field(ge=1, le=99)] | None = None
    threshold: str | None = None
    items: str | None = None
    enabled: bool = False
    firm: bool = False
    off_because: ShortText | None = None

    @field_validator("threshold")
    @classmethod
    def _an_amount(cls, value: str | None, _info: ValidationInfo) -> str | None:
        if value is not None and amount_cents(value) is None:
            raise ValueError("an amount in euro, for example 40.000 or 40,000.50")
        return value

    @field_validator("items")
    @classmethod
    def _in_both_languages(cls, value: str | None) -> str | None:
        for line in (value or "").splitlines():
            if line.strip() and not all(part.strip() for part in (line.partition("/")[0], line.partition("/")[2])):
                raise ValueError("one per line, Italian / English")
        return value

    def edit(self) -> RuleEdit:
        return RuleEdit(
            label=self.label,
            source=self.source,
            certainty=self.certainty,
            days=self.days,
            years=self.years,
            value_above_cents=amount_cents(self.threshold) if self.threshold else None,
            items=_items(self.items) if self.items else None,
            enabled=self.enabled or self.firm,
            off_because=None if self.enabled or self.firm else self.off_because,
        )


class ClauseForm(BaseModel):
    heading: Bilingual
    text: Bilingual
    position: Annotated[int, Field(ge=1, le=200)] | None = None
    remove: bool = False


class NewClauseForm(ClauseForm):
    code: Slug


class NewCheckForm(BaseModel):
    """One more thing to write down: a term of the same name, and the check that asks for it."""

    code: Slug
    label: Bilingual
    source: ShortText
    certainty: Certainty
    severity: Severity = "block"

    def edit(self) -> NewCheck:
        return NewCheck(
            label=self.label,
            source=self.source,
            certainty=self.certainty,
            severity=self.severity,
            terms=(self.code,),
        )


class StepForm(BaseModel):
    days: Annotated[int, Field(ge=0, le=3650)]
    owner: Owner


class DraftForm(BaseModel):
    """The whole draft as the form shows it; rows for new clauses may stay empty."""

    title: Bilingual
    applies_when: Bilingual
    source: ShortText
    certainty: Certainty
    applies: dict[Slug, CriterionForm] = Field(default_factory=dict)
    new_criteria: tuple[NewCriterionForm, ...] = ()
    rules: dict[Slug, RuleForm] = Field(default_factory=dict)
    new_checks: tuple[NewCheckForm, ...] = ()
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
        removed = tuple(code for code, one in self.clauses.items() if one.remove)
        positions = {code: one.position for code, one in self.clauses.items()}
        positions |= {one.code: one.position for one in self.new_clauses}
        return InstrumentEdit(
            title=self.title,
            applies_when=self.applies_when,
            source=self.source,
            certainty=self.certainty,
            applies={code: one.edit() for code, one in self.applies.items() if not one.remove},
            new_criteria={one.code: one.added() for one in self.new_criteria},
            without_criteria=tuple(code for code, one in self.applies.items() if one.remove),
            terms={one.code: LabelEdit(label=one.label) for one in self.new_checks},
            rules={code: one.edit() for code, one in self.rules.items()},
            new_checks={one.code: one.edit() for one in self.new_checks},
            clauses=clauses,
            without_clauses=removed,
            clause_order=tuple(code for code in placed(tuple(positions), positions) if code not in removed),
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
    for one in record.applies:
        at = f"applies.{one.code}"
        values |= _both(f"{at}.text", one.text)
        values |= {f"{at}.{name}": value for name, value in criterion_forms.filled(one).items()}
    for rule in record.rules:
        at = f"rules.{rule.code}"
        values |= _both(f"{at}.label", rule.label)
        values |= {f"{at}.source": rule.source, f"{at}.certainty": rule.certainty}
        values |= {f"{at}.{name}": getattr(rule, name, None) for name in ("days", "years")}
        if isinstance(rule, Evidence) and rule.items:
            values[f"{at}.items"] = "\n".join(f"{item.label.it} / {item.label.en}" for item in rule.items)
        values[f"{at}.enabled"] = "true" if rule.enabled else ""
        values[f"{at}.off_because"] = rule.off_because
        if rule.when.value_above_cents is not None:
            euros = Decimal(rule.when.value_above_cents) / 100
            values[f"{at}.threshold"] = f"{euros:.2f}".replace(".", ",").removesuffix(",00")
    for position, clause in enumerate(record.clauses, 1):
        values[f"clauses.{clause.code}.position"] = position
        values |= _both(f"clauses.{clause.code}.heading", clause.heading)
        values |= _both(f"clauses.{clause.code}.text", clause.text)
    for step in record.steps:
        values |= {f"steps.{step.code}.days": step.days, f"steps.{step.code}.owner": step.owner}
    return Form.of(**values)


def _items(text: str) -> tuple[Item, ...]:
    """`Italian / English` per line; the code follows the English words."""
    found = []
    for line in filter(str.strip, text.splitlines()):
        italian, _slash, english = (part.strip() for part in line.partition("/"))
        code = re.sub(r"[^a-z0-9]+", "_", english.lower()).strip("_")[:64].strip("_") or "item"
        found.append(Item(code=code, label=Bilingual(it=italian, en=english)))
    return tuple(found)


def _both(name: str, words: Bilingual) -> dict[str, str]:
    return {f"{name}.it": words.it, f"{name}.en": words.en}
