"""Instruments of the vademecum as versioned records: data that the Legal Office owns, never constants in code."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from contracts.values import Cents, ResourceKind, Slug, Value

Certainty = Literal["A", "B", "C"]
"""A: read in the law or an official text. B: secondary source. C: not verified, to be confirmed."""


class Bilingual(Value):
    """The same words in the two languages of the city's desk."""

    it: Annotated[str, Field(min_length=1)]
    en: Annotated[str, Field(min_length=1)]

    def in_(self, language: str) -> str:
        return self.it if language == "it" else self.en


class Sourced(Value):
    """A rule taken from outside says from where and how sure that is."""

    source: Annotated[str, Field(min_length=1)]
    certainty: Certainty


class Condition(Value):
    """When a rule applies; every part that is given must hold."""

    value_above_cents: Cents | None = None
    kinds: tuple[ResourceKind, ...] | None = None
    expected_return: Literal["none", "visibility"] | None = None


class Evidence(Sourced):
    """Something must be on file: any one of the named terms (a text) or documents does."""

    kind: Literal["evidence"] = "evidence"
    code: Slug
    label: Bilingual
    terms: tuple[Slug, ...] = ()
    documents: tuple[Slug, ...] = ()
    when: Condition = Condition()


class Valued(Sourced):
    """The value in euro is known: every line has one, or the term `term` declares it."""

    kind: Literal["valued"] = "valued"
    code: Slug
    label: Bilingual
    term: Slug
    when: Condition = Condition()


class Waiting(Sourced):
    """Signature only `days` days after the day written in the term `term` (a date)."""

    kind: Literal["waiting"] = "waiting"
    code: Slug
    label: Bilingual
    term: Slug
    days: Annotated[int, Field(ge=0, le=3650)]
    when: Condition = Condition()


class LimitedTerm(Sourced):
    """The agreement has a last day, at most `years` years after the first."""

    kind: Literal["limited_term"] = "limited_term"
    code: Slug
    label: Bilingual
    years: Annotated[int, Field(ge=1, le=99)] | None = None
    when: Condition = Condition()


Rule = Annotated[Evidence | Valued | Waiting | LimitedTerm, Field(discriminator="kind")]


class Clause(Value):
    """One article of the document. `{term}` in the text is replaced by the file's term of that name."""

    code: Slug
    heading: Bilingual
    text: Bilingual


class TermField(Value):
    """A field that the file offers for this instrument."""

    code: Slug
    label: Bilingual
    type: Literal["text", "date"] = "text"


class DocumentKind(Value):
    """A kind of document on the instrument's check list."""

    code: Slug
    label: Bilingual


class Instrument(Sourced):
    """One version of one instrument. A version never changes; a change is a new version with its `valid_from`."""

    code: Slug
    version: Annotated[int, Field(ge=1)]
    valid_from: date
    title: Bilingual
    applies_when: Bilingual
    terms: tuple[TermField, ...]
    documents: tuple[DocumentKind, ...] = ()
    rules: tuple[Rule, ...]
    clauses: Annotated[tuple[Clause, ...], Field(min_length=1)]

    @property
    def to_be_confirmed(self) -> bool:
        """True when something in it is not verified: shown wherever the instrument shows."""
        return self.certainty == "C" or any(rule.certainty == "C" for rule in self.rules)


def in_force(records: tuple[Instrument, ...], code: str, on: date) -> Instrument | None:
    """The newest version of `code` that is valid on the day `on`."""
    fitting = [record for record in records if record.code == code and record.valid_from <= on]
    return max(fitting, key=lambda record: (record.valid_from, record.version), default=None)
