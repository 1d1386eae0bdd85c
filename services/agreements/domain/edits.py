"""What the Legal Office may ask of the toolkit: the bodies of the API's commands, and of the page's forms."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from contracts.values import Cents, LongText, ShortText, Slug
from services.agreements.domain.instruments import Effect, Owner
from services.agreements.domain.rules import Bilingual, Certainty, Condition, Item, Severity

Words = Annotated[LongText, Field(min_length=3)]


class _Edit(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RuleEdit(_Edit):
    """What of a rule may change. Whether it may be overridden is not among it: that follows from the law.

    `items` replaces the list that the statement has to have looked at.
    """

    label: Bilingual | None = None
    source: ShortText | None = None
    certainty: Certainty | None = None
    days: Annotated[int, Field(ge=0, le=3650)] | None = None
    years: Annotated[int, Field(ge=1, le=99)] | None = None
    value_above_cents: Cents | None = None
    items: Annotated[tuple[Item, ...], Field(max_length=50)] | None = None
    enabled: bool | None = None
    off_because: ShortText | None = None


class NewCheck(_Edit):
    """One more thing that must be on file: any of these terms or documents does. It can be set aside."""

    label: Bilingual
    source: ShortText
    certainty: Certainty
    severity: Severity = "block"
    terms: tuple[Slug, ...] = ()
    documents: tuple[Slug, ...] = ()


Conditions = Annotated[tuple[Condition, ...], Field(min_length=1, max_length=20)]


class CriterionEdit(_Edit):
    """What of a criterion may change; `when` replaces all its conditions."""

    effect: Effect | None = None
    when: Conditions | None = None
    text: Bilingual | None = None
    otherwise: Bilingual | None = None
    weight: Annotated[int, Field(ge=1, le=10)] | None = None
    source: ShortText | None = None
    certainty: Certainty | None = None


class NewCriterion(_Edit):
    """One more criterion, at the end of the list."""

    effect: Effect
    when: Conditions
    text: Bilingual
    otherwise: Bilingual | None = None
    weight: Annotated[int, Field(ge=1, le=10)] = 1
    source: ShortText
    certainty: Certainty


class LabelEdit(_Edit):
    """The name of a term or of a kind of document; a code that the record does not have adds one at the end."""

    label: Bilingual


class ClauseEdit(_Edit):
    """A clause as it is from now on; a code that the record does not have adds one at the end."""

    heading: Bilingual | None = None
    text: Bilingual | None = None
    source: ShortText | None = None
    certainty: Certainty | None = None


class StepEdit(_Edit):
    days: Annotated[int, Field(ge=0, le=3650)] | None = None
    owner: Owner | None = None


class InstrumentEdit(_Edit):
    """Changes to a draft, by code; whatever is left out stays as it is.

    `clause_order` names clauses in the order in which they come first; those not named follow as they were.
    """

    title: Bilingual | None = None
    applies_when: Bilingual | None = None
    source: ShortText | None = None
    certainty: Certainty | None = None
    applies: dict[Slug, CriterionEdit] = Field(default_factory=dict)
    new_criteria: dict[Slug, NewCriterion] = Field(default_factory=dict)
    without_criteria: tuple[Slug, ...] = ()
    terms: dict[Slug, LabelEdit] = Field(default_factory=dict)
    documents: dict[Slug, LabelEdit] = Field(default_factory=dict)
    rules: dict[Slug, RuleEdit] = Field(default_factory=dict)
    new_checks: dict[Slug, NewCheck] = Field(default_factory=dict)
    clauses: dict[Slug, ClauseEdit] = Field(default_factory=dict)
    without_clauses: tuple[Slug, ...] = ()
    clause_order: Annotated[tuple[Slug, ...], Field(max_length=200)] = ()
    steps: dict[Slug, StepEdit] = Field(default_factory=dict)


class OpenDraft(_Edit):
    """Why a new version is needed."""

    reason: Words


class Publish(_Edit):
    """From which day on the draft counts."""

    valid_from: date
    reason: Words


class Withdraw(_Edit):
    """Why a version that does not count yet is taken back."""

    reason: Words


class NewClause(_Edit):
    """A clause for the library, before any instrument has it."""

    code: Slug
    heading: Bilingual
    text: Bilingual
    source: ShortText | None = None
    certainty: Certainty | None = None
    reason: Words


class ClauseChange(_Edit):
    """New words for a clause: in the library, if it is kept there, and in a draft of each of `instruments`.

    Without `instruments` of each that has it; they must be named where their wordings differ.
    """

    heading: Bilingual
    text: Bilingual
    instruments: Annotated[tuple[Slug, ...], Field(max_length=100)] | None = None
    source: ShortText | None = None
    certainty: Certainty | None = None
    reason: Words


class RemoveClause(_Edit):
    """Why a clause leaves the library; instruments that have it keep it."""

    reason: Words


class TakeClause(_Edit):
    """Which clause of the library a draft gets; `wording` is needed where there are several."""

    clause: Slug
    wording: Annotated[str, Field(pattern="^[0-9a-f]{12}$")] | None = None
    position: Annotated[int, Field(ge=1, le=200)] | None = None
