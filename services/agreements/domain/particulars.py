"""What a file notes besides parties, terms and plans: overrides, risks, milestones, its next step."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from contracts.values import Day, LongText, ShortText, Slug, Value
from services.agreements.domain.rules import Bilingual

PartyId = Annotated[str, Field(min_length=1, max_length=100)]
RiskKind = Literal["political", "technical_admin", "behavioural", "unforeseen", "financial", "disengagement"]
"""The six kinds of the city's own risk analysis (integrated action plan, part 2f)."""
RiskLevel = Literal["low", "medium", "high"]


class Override(Value):
    """The mark of a check that was set aside: who, in which role, when and why; it stays when it is taken back.

    It counts for the version of the instrument under which it was made, and for no other.
    """

    check: Slug
    instrument: Slug
    instrument_version: int
    reason: LongText
    by: str
    role: Slug
    at: datetime
    revoked_at: datetime | None = None
    revoked_by: str | None = None
    revoked_because: LongText | None = None

    @property
    def stands(self) -> bool:
        return self.revoked_at is None


class Risk(Value):
    """What may go wrong and what is done about it."""

    kind: RiskKind
    text: LongText
    level: RiskLevel
    mitigation: LongText | None = None
    party_id: PartyId | None = None


class Milestone(Value):
    """A day by which something is there, and the party that answers for it."""

    milestone_id: UUID
    title: ShortText
    due_on: Day
    party_id: PartyId | None = None
    done_on: date | None = None


class NextStep(Value):
    """What has to happen next: by whom (a role; `parties` when it is up to certain ones), since when, by when."""

    code: Slug
    label: Bilingual
    owner: str
    parties: tuple[PartyId, ...] = ()
    since: date
    due_on: date | None = None
