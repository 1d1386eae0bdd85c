"""What may be asked of an agreement: the bodies of the API's commands, and of the page's forms."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, model_validator

from contracts.values import CommunicationPlan, ImpactPlan, LongText, ShortText, Slug
from services.agreements.domain.file import Language, Responsibility

LARGEST_DOCUMENT = 10 * 1024 * 1024


class _Command(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ChooseInstrument(_Command):
    """The instrument and its terms. Terms are merged into those on file; an empty text removes one."""

    instrument: Slug
    terms: dict[Slug, LongText] = Field(default_factory=dict)
    responsibilities: tuple[Responsibility, ...] | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    language: Language = "it"


class SetCommunicationPlan(CommunicationPlan):
    """The communication plan agreed before the start."""


class SetImpactPlan(ImpactPlan):
    """The indicators agreed before the start; without any, only deliveries are counted."""

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        codes = [indicator.code for indicator in self.indicators]
        if len(codes) != len(set(codes)):
            raise ValueError("an indicator is listed twice")
        return self


class FileContent(_Command):
    """An uploaded file, its content in Base64."""

    name: ShortText
    media_type: Literal["application/pdf", "image/png", "image/jpeg", "text/plain"]
    content: Annotated[Base64Bytes, Field(max_length=LARGEST_DOCUMENT)]


class AddDocument(_Command):
    """A document for the file: a statement in words, an uploaded file, or both."""

    kind: Slug
    title: ShortText
    text: LongText | None = None
    file: FileContent | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.text and self.text.strip()) and self.file is None:
            raise ValueError("give the document as words or as a file")
        return self


class Decide(_Command):
    """A reason, where one is needed: rejection, suspension."""

    reason: Annotated[LongText, Field(min_length=3)]


class Terminate(Decide):
    """Early end: from `effective_on` (today when not given); what was not delivered is released."""

    effective_on: date | None = None


class Sign(_Command):
    """Signs for one party; without `party_id`, for the party the signer acts for."""

    party_id: ShortText | None = None
