"""Instruments of the vademecum as versioned records: data that the Legal Office owns, never constants in code."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from contracts.values import ShortText, Slug, Value
from services.agreements.domain.rules import (
    Bilingual,
    Certainty,
    Condition,
    Evidence,
    Item,
    LimitedTerm,
    Rule,
    SignatureForm,
    Sourced,
    Valued,
    Waiting,
)
from services.agreements.domain.states import State

__all__ = [
    "Bilingual",
    "Certainty",
    "Clause",
    "Condition",
    "Criterion",
    "DocumentKind",
    "Effect",
    "Evidence",
    "Instrument",
    "Item",
    "LimitedTerm",
    "Owner",
    "Rule",
    "SignatureForm",
    "Sourced",
    "Step",
    "TermField",
    "Valued",
    "Waiting",
    "in_force",
]

Owner = Literal["account_manager", "legal", "department", "partner", "signatory"]
"""The role that has to do a step. Signing is up to the parties; once only the city is left, to its signatory."""


class Clause(Value):
    """One article of the document. `{term}` in the text is replaced by the file's term of that name."""

    code: Slug
    heading: Bilingual
    text: Bilingual
    source: ShortText | None = None
    certainty: Certainty | None = None
    """Where it was taken from and how sure that is, when the Legal Office says so."""


class TermField(Value):
    """A field that the file offers for this instrument."""

    code: Slug
    label: Bilingual
    type: Literal["text", "date"] = "text"


class DocumentKind(Value):
    """A kind of document on the instrument's check list."""

    code: Slug
    label: Bilingual


class Step(Value):
    """What somebody has to do while the agreement is in one of `states`, `days` days after the step before.

    A step with `done_when` is over as soon as these checks hold nothing up any more. `due` says what else the
    deadline may follow: the end of a waiting period, or the agreement's last day.
    """

    code: Slug
    label: Bilingual
    owner: Owner
    days: Annotated[int, Field(ge=0, le=3650)]
    states: Annotated[tuple[State, ...], Field(min_length=1)]
    done_when: tuple[Slug, ...] = ()
    due: Literal["days", "waiting", "last_day"] = "days"


Effect = Literal["needed", "excludes", "speaks_for", "speaks_against"]


class Criterion(Sourced):
    """When an instrument is proposed: it holds when any of the conditions `when` does.

    `needed`: without it the instrument does not fit. `excludes`: with it the instrument does not fit.
    `speaks_for` and `speaks_against` put the instruments that fit in their order, by `weight`.
    """

    code: Slug
    effect: Effect
    when: Annotated[tuple[Condition, ...], Field(min_length=1)]
    weight: Annotated[int, Field(ge=1, le=10)] = 1
    text: Bilingual
    otherwise: Bilingual | None = None
    """The reason when a needed criterion does not hold."""


class Instrument(Sourced):
    """One version of one instrument. A version never changes; a change is a new version with its `valid_from`."""

    code: Slug
    version: Annotated[int, Field(ge=1)]
    valid_from: date
    title: Bilingual
    applies_when: Bilingual
    applies: tuple[Criterion, ...] = ()
    terms: tuple[TermField, ...]
    documents: tuple[DocumentKind, ...] = ()
    rules: tuple[Rule, ...]
    clauses: Annotated[tuple[Clause, ...], Field(min_length=1)]
    steps: tuple[Step, ...] = ()

    @property
    def to_be_confirmed(self) -> bool:
        """True when something in it is not verified: shown wherever the instrument shows."""
        rules = any(rule.unconfirmed for rule in self.rules if rule.enabled)
        return self.unconfirmed or rules or any(clause.certainty == "C" for clause in self.clauses)


def in_force(records: tuple[Instrument, ...], code: str, on: date) -> Instrument | None:
    """The newest version of `code` that is valid on the day `on`."""
    fitting = [record for record in records if record.code == code and record.valid_from <= on]
    return max(fitting, key=lambda record: (record.valid_from, record.version), default=None)
