"""What the forms of a file send, and how it becomes a command."""

from __future__ import annotations

import base64
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import UploadFile

from chassis.web.forms import Form
from contracts.values import CommunicationPlan, ImpactPlan, LongText, PlannedIndicator, ShortText, Slug
from services.agreements.domain.commands import AddDocument, ChooseInstrument
from services.agreements.domain.file import AgreementFile, Language
from services.agreements.domain.instruments import Instrument

SPARE_INDICATORS = 2
"""Empty rows offered for further indicators."""


class InstrumentForm(BaseModel):
    """The choice of the instrument alone; its terms come once it is known."""

    instrument: Slug


class TermsForm(BaseModel):
    """Terms, days and language of the document."""

    terms: dict[str, LongText] = Field(default_factory=dict)
    valid_from: date | None = None
    valid_to: date | None = None
    language: Language = "it"

    def command(self, instrument: Instrument) -> ChooseInstrument:
        """An emptied field removes its term, so every term of the instrument is sent."""
        terms = {term.code: self.terms.get(term.code, "") for term in instrument.terms}
        return ChooseInstrument(
            instrument=instrument.code,
            terms=terms,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
            language=self.language,
        )


class CommunicationForm(BaseModel):
    """The communication plan; channels are written as words with commas between them."""

    summary: LongText
    channels: str = ""
    partner_visibility: LongText | None = None
    logo_approved: bool = False

    def plan(self) -> CommunicationPlan:
        words = (word.strip().lower().replace(" ", "_") for word in self.channels.split(","))
        return CommunicationPlan(
            summary=self.summary,
            channels=tuple(word for word in words if word),
            partner_visibility=self.partner_visibility,
            logo_approved=self.logo_approved,
        )


class ImpactForm(BaseModel):
    """The impact plan; rows left empty are not there."""

    indicators: tuple[PlannedIndicator, ...] = ()
    note: LongText | None = None

    def plan(self) -> ImpactPlan:
        return ImpactPlan(indicators=self.indicators, note=self.note)


class DocumentForm(BaseModel):
    """A document: words, a file, or both."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    kind: Slug
    document_title: ShortText
    text: LongText | None = None
    upload: Any = None

    async def command(self) -> AddDocument:
        """Raises ValidationError when the file is of a kind that is not accepted, or too large."""
        file: dict[str, Any] | None = None
        if isinstance(self.upload, UploadFile):
            content = base64.b64encode(await self.upload.read())
            file = {"name": self.upload.filename, "media_type": self.upload.content_type, "content": content}
        return AddDocument.model_validate(
            {"kind": self.kind, "title": self.document_title, "text": self.text, "file": file}
        )


class DecisionForm(BaseModel):
    """Return, refusal, end or rest of an agreement, with its reason."""

    decision: Literal["send_back", "reject", "terminate", "suspend"]
    reason: Annotated[LongText, Field(min_length=3)]


def filled(file: AgreementFile) -> dict[str, Form[Any]]:
    """The forms of a file, each with what is on file."""
    plan, impact = file.communication_plan, file.impact_plan
    terms: dict[str, Any] = {f"terms.{name}": text for name, text in file.terms.items()}
    return {
        "instrument": Form.of(instrument=file.instrument or ""),
        "terms": Form.of(**terms, valid_from=file.valid_from, valid_to=file.valid_to, language=file.language),
        "communication": Form.of(
            summary=plan.summary if plan else "",
            channels=", ".join(plan.channels) if plan else "",
            partner_visibility=plan.partner_visibility if plan else "",
            logo_approved="true" if plan and plan.logo_approved else "",
        ),
        "impact": Form.of(note=impact.note if impact else "", **_rows(impact)),
        "document": Form.of(),
        "decision": Form.of(),
    }


def _rows(plan: ImpactPlan | None) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for index, indicator in enumerate(plan.indicators if plan else ()):
        for name, value in indicator.model_dump(mode="json").items():
            shown = str(value).lower() if isinstance(value, bool) else value
            values[f"indicators.{index}.{name}"] = "" if shown is None else shown
    return values
