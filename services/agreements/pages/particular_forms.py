"""Forms of what goes with a file: roles, risks, milestones, comments, overrides."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field, field_validator

from chassis.web.forms import Form
from contracts.values import LongText, Slug
from services.agreements.domain.commands import MilestoneWanted, SetRisks, SetTimeline
from services.agreements.domain.file import AgreementFile, Responsibility
from services.agreements.domain.particulars import Risk

SPARE_RISKS, SPARE_MILESTONES = 2, 2
"""Empty rows offered for further ones."""


class RolesForm(BaseModel):
    """What each party answers for, by the party's place in the file; empty ones have nothing to answer for."""

    roles: dict[str, LongText] = Field(default_factory=dict)

    @field_validator("roles", mode="before")
    @classmethod
    def _by_place(cls, value: Any) -> Any:
        # Rows that are wholly empty are not sent, so a place is written as `p0` and never counts as a list.
        return value if isinstance(value, dict) else {}

    def responsibilities(self, file: AgreementFile) -> tuple[Responsibility, ...]:
        return tuple(
            Responsibility(party_id=party.party_id, text=self.roles[f"p{place}"])
            for place, party in enumerate(file.parties)
            if f"p{place}" in self.roles
        )


class RisksForm(BaseModel):
    """The risks; rows left empty are not there."""

    risks: tuple[Risk, ...] = ()

    @field_validator("risks", mode="before")
    @classmethod
    def _filled(cls, value: Any) -> Any:
        return _rows_with(value, "text", "mitigation", "kind")

    def command(self) -> SetRisks:
        return SetRisks(risks=self.risks)


class TimelineForm(BaseModel):
    """The milestones; a row whose title and day were emptied is taken away."""

    milestones: tuple[MilestoneWanted, ...] = ()

    @field_validator("milestones", mode="before")
    @classmethod
    def _filled(cls, value: Any) -> Any:
        return _rows_with(value, "title", "due_on")

    def command(self) -> SetTimeline:
        return SetTimeline(milestones=self.milestones)


class MilestoneForm(BaseModel):
    done: bool = True


class CommentForm(BaseModel):
    """A comment, or an answer to one."""

    words: Annotated[LongText, Field(min_length=1)]
    audience: Literal["city", "parties"] = "city"
    reply_to: UUID | None = None


class OverrideForm(BaseModel):
    """Sets a check aside, or lets it count again."""

    check: Slug
    reason: Annotated[LongText, Field(min_length=10)]


def particulars(file: AgreementFile) -> dict[str, Form[Any]]:
    """The forms, each with what is on file."""
    roles = {f"roles.p{place}": _role(file, party.party_id) for place, party in enumerate(file.parties)}
    risks: dict[str, Any] = {}
    for index, risk in enumerate(file.risks):
        risks |= {f"risks.{index}.{name}": value for name, value in risk.model_dump().items()}
    milestones: dict[str, Any] = {}
    for index, one in enumerate(file.milestones):
        values = {"milestone_id": one.milestone_id, "title": one.title, "due_on": one.due_on, "party_id": one.party_id}
        milestones |= {f"milestones.{index}.{name}": value for name, value in values.items()}
    return {
        "roles": Form.of(**roles),
        "risks": Form.of(**risks),
        "timeline": Form.of(**milestones),
        "comment": Form.of(audience="city").called("comment"),
        "override": Form.of().called("override"),
        "replacement": Form.of().called("replacement"),
    }


def _role(file: AgreementFile, party_id: str) -> str:
    return next((one.text for one in file.responsibilities if one.party_id == party_id), "")


def _rows_with(value: Any, *names: str) -> Any:
    """Rows in which at least one of these fields is filled in."""
    if not isinstance(value, list):
        return value
    return [row for row in value if not isinstance(row, dict) or any(row.get(name) for name in names)]
