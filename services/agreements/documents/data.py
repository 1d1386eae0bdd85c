"""What a document says: every word and figure already in its final, readable form.

The template only lays out; whatever is not in here is not in the document. The same data give the same
bytes, so the data (not the PDF) may be compared, stored and re-rendered.
"""

from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, field_validator

from services.agreements.domain.lettering import shown

Language = Literal["it", "en"]
Side = Literal["city", "giver", "receiver"]


class Printed(BaseModel):
    """Part of a document. Its words are as the document shows them from the moment they are composed, so that what is
    rendered, compared and read back is the same.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    @field_validator("*", mode="after")
    @classmethod
    def _as_shown(cls, value: Any) -> Any:
        if isinstance(value, str):
            return shown(value)
        return tuple(map(cls._as_shown, value)) if isinstance(value, tuple) else value


class PartyText(Printed):
    """A party as the first page names it. `role` is a phrase ("gives 271 laptops"), not a code.

    `side` decides what the instrument calls it: donor, sponsor, grantor …
    """

    name: str
    kind: str
    role: str
    side: Side = "giver"


class LineText(Printed):
    """One line of the agreement; `value` is empty when none was declared."""

    party: str
    description: str
    quantity: str
    value: str = ""


class Paragraph(Printed):
    """A heading with its text: a clause, a term, a piece of evidence, a part of a plan."""

    heading: str
    text: str


class IndicatorText(Printed):
    """One indicator of the impact plan, agreed before the start."""

    title: str
    unit: str
    baseline: str
    target: str
    due: str = ""


class MilestoneText(Printed):
    """A day by which something is there, and who answers for it."""

    due: str
    title: str
    party: str = ""


class RiskText(Printed):
    """What may go wrong, of which of the city's six kinds, and what is done about it."""

    kind: str
    text: str
    level: str
    mitigation: str = ""


class SignatoryText(Printed):
    """Where one party signs. `field` is the name of the signature field in the PDF."""

    field: str
    party: str
    capacity: str


class DocumentData(Printed):
    """The whole document in one language."""

    language: Language
    city: str
    office: str
    title: str
    instrument: str
    instrument_code: str = "general"
    instrument_source: str
    to_be_confirmed: bool
    draft: bool = False
    protocol: str
    document_date: date
    date_text: str
    reference: str
    subject: str
    public_interest: str
    duration: str
    parties: tuple[PartyText, ...]
    lines: tuple[LineText, ...]
    total_value: str
    terms: tuple[Paragraph, ...]
    clauses: tuple[Paragraph, ...]
    communication: tuple[Paragraph, ...]
    indicators: tuple[IndicatorText, ...]
    roles: tuple[Paragraph, ...]
    attachments: tuple[Paragraph, ...]
    timeline: tuple[MilestoneText, ...] = ()
    risks: tuple[RiskText, ...] = ()
    overrides: tuple[Paragraph, ...] = ()
    signatories: tuple[SignatoryText, ...]
    development_signer: bool
