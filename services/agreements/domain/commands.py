"""What may be asked of an agreement: the bodies of the API's commands, and of the page's forms."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, model_validator

from contracts.values import CommunicationPlan, Day, ImpactPlan, LongText, ShortText, Slug
from services.agreements.domain.file import Language, LineChange, Responsibility
from services.agreements.domain.particulars import PartyId, Risk

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
    content: Annotated[Base64Bytes, Field(min_length=1, max_length=LARGEST_DOCUMENT)]


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


class SetResponsibilities(_Command):
    """What each party answers for, in words; what was on file before is replaced."""

    responsibilities: Annotated[tuple[Responsibility, ...], Field(max_length=50)]


class SetRisks(_Command):
    """The risks of the agreement, all of them; what was on file before is replaced."""

    risks: Annotated[tuple[Risk, ...], Field(max_length=50)]


class MilestoneWanted(_Command):
    """A milestone; with the id of one on file it replaces that one, which stays done if it is."""

    milestone_id: UUID | None = None
    title: ShortText
    due_on: Day
    party_id: PartyId | None = None


class SetTimeline(_Command):
    """The milestones of the agreement, all of them."""

    milestones: Annotated[tuple[MilestoneWanted, ...], Field(max_length=100)]


class MarkMilestone(_Command):
    """Whether a milestone has been reached, and on which day (today when not given)."""

    done: bool = True
    done_on: Day | None = None


class SetAside(_Command):
    """Sets a check aside although it is open: which, and why."""

    check: Slug
    reason: Annotated[LongText, Field(min_length=10)]


class TakeBack(_Command):
    """The check counts again."""

    check: Slug
    reason: Annotated[LongText, Field(min_length=10)]


class WriteComment(_Command):
    """A comment for the city's own people, or for all parties; `reply_to` is the comment it answers."""

    words: Annotated[LongText, Field(min_length=1)]
    audience: Literal["city", "parties"] = "city"
    reply_to: UUID | None = None


class Decide(_Command):
    """A reason, where one is needed: sending back, rejection, suspension."""

    reason: Annotated[LongText, Field(min_length=3)]


class Terminate(Decide):
    """Early end: from `effective_on` (today when not given); what was not delivered by then is released."""

    effective_on: date | None = None


class Suspend(Decide):
    """A rest, for good reason. `until`: the day on which the agreement goes on by itself."""

    until: date | None = None


class Amend(Decide):
    """What a further signed act is to change; whatever is left out stays as it is.

    `quantities` go down only. `terms` are merged into those in force; an empty text takes one away.
    """

    quantities: tuple[LineChange, ...] = ()
    valid_to: date | None = None
    terms: dict[Slug, LongText] = Field(default_factory=dict)
    responsibilities: tuple[Responsibility, ...] | None = None
    communication_plan: SetCommunicationPlan | None = None
    impact_plan: SetImpactPlan | None = None


class Renew(Decide):
    """A further signed act by which the agreement lasts until `valid_to`."""

    valid_to: date


class Split(_Command):
    """Lines, by their positions, that go into an agreement of their own, with those who give them.

    `parties` names who else takes part in the new one (receivers, without whom it would have none but the city).
    """

    allocations: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)]
    parties: tuple[ShortText, ...] = ()


class Sign(_Command):
    """Signs for one party; without `party_id`, for the party the signer acts for."""

    party_id: ShortText | None = None
