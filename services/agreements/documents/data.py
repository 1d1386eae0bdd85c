"""What a document says: every word and figure already in its final, readable form.

The template only lays out; whatever is not in here is not in the document. The same data give the same
bytes, so the data (not the PDF) may be compared, stored and re-rendered.
"""

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict

Language = Literal["it", "en"]
Side = Literal["city", "giver", "receiver"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PartyText(_Part):
    """A party as the first page names it. `role` is a phrase ("gives 271 laptops"), not a code.

    `side` decides what the instrument calls it: donor, sponsor, grantor …
    """

    name: str
    kind: str
    role: str
    side: Side = "giver"


class LineText(_Part):
    """One line of the agreement; `value` is empty when none was declared."""

    party: str
    description: str
    quantity: str
    value: str = ""


class Paragraph(_Part):
    """A heading with its text: a clause, a term, a piece of evidence, a part of a plan."""

    heading: str
    text: str


class IndicatorText(_Part):
    """One indicator of the impact plan, agreed before the start."""

    title: str
    unit: str
    baseline: str
    target: str
    due: str = ""


class MilestoneText(_Part):
    """A day by which something is there, and who answers for it."""

    due: str
    title: str
    party: str = ""


class RiskText(_Part):
    """What may go wrong, of which of the city's six kinds, and what is done about it."""

    kind: str
    text: str
    level: str
    mitigation: str = ""


class SignatoryText(_Part):
    """Where one party signs. `field` is the name of the signature field in the PDF."""

    field: str
    party: str
    capacity: str


class DocumentData(_Part):
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
