"""A stakeholder: an organisation that gives or receives, who checked it and who guides it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from contracts.event import Event
from contracts.events.intake import (
    AccountManagerAssigned,
    StakeholderChanged,
    StakeholderMembershipChanged,
    StakeholderRegistered,
    StakeholderVetted,
)
from contracts.values import Instant, ShortText, StakeholderType

Vetting = Literal["pending", "approved", "refused"]
Subject = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


def _shaped(pattern: str, otherwise: str) -> AfterValidator:
    def checked(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(otherwise)
        return text

    return AfterValidator(checked)


_EMAIL, _PHONE = r"^[^@\s]+@[^@\s]+\.[^@\s]+$", r"^[+0-9][0-9 ()./-]{3,}$"
Email = Annotated[
    str,
    Field(max_length=254, json_schema_extra={"pattern": _EMAIL}),
    _shaped(_EMAIL, "write an e-mail address, such as anna@example.org"),
]
Phone = Annotated[
    str,
    Field(max_length=40, json_schema_extra={"pattern": _PHONE}),
    _shaped(_PHONE, "write a telephone number, such as +39 02 1234567"),
]


class Contact(BaseModel):
    """Whom to write to or call. Personal data: kept by intake alone, never on the bus, never in a log."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: ShortText
    email: Email | None = None
    phone: Phone | None = None

    @model_validator(mode="after")
    def _reachable(self) -> Contact:
        if self.email is None and self.phone is None:
            raise ValueError("give an e-mail address or a telephone number")
        return self


class Vetted(BaseModel):
    """The result of checking an organisation. A refusal says why."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    outcome: Literal["approved", "refused"]
    reason: ShortText | None = None
    valid_until: Instant | None = None

    @model_validator(mode="after")
    def _reasoned(self) -> Vetted:
        if self.outcome == "refused" and self.reason is None:
            raise ValueError("a refusal needs a reason")
        return self


@dataclass(frozen=True)
class Stakeholder:
    """An organisation as it is kept."""

    stakeholder_id: UUID
    version: int
    name: str
    stakeholder_type: StakeholderType
    external_ref: str | None
    registered_by: str
    registered_at: datetime
    changed_at: datetime
    vetting: Vetting = "pending"
    vetting_reason: str | None = None
    vetting_valid_until: datetime | None = None
    vetted_by: str | None = None
    vetted_at: datetime | None = None
    account_manager_id: str | None = None
    covered_by: str | None = None


Step = tuple[Stakeholder, Event]


def register(
    stakeholder_id: UUID, name: str, kind: StakeholderType, external_ref: str | None, by: str, now: datetime
) -> Step:
    """A new organisation, not yet checked."""
    stakeholder = Stakeholder(stakeholder_id, 1, name, kind, external_ref, by, now, now)
    return stakeholder, StakeholderRegistered(
        stakeholder_id=stakeholder_id, version=1, name=name, stakeholder_type=kind, external_ref=external_ref
    )


def change(stakeholder: Stakeholder, changes: dict[str, Any], now: datetime) -> Step:
    """Another name or type."""
    changed = replace(stakeholder, version=stakeholder.version + 1, changed_at=now, **changes)
    return changed, StakeholderChanged(
        stakeholder_id=changed.stakeholder_id,
        version=changed.version,
        name=changed.name,
        stakeholder_type=changed.stakeholder_type,
        external_ref=changed.external_ref,
    )


def vet(stakeholder: Stakeholder, vetted: Vetted, by: str, now: datetime) -> Step:
    """Checked, for the first time or again. Why, in words, may name people: it stays here."""
    changed = replace(
        stakeholder,
        version=stakeholder.version + 1,
        vetting=vetted.outcome,
        vetting_reason=vetted.reason,
        vetting_valid_until=vetted.valid_until,
        vetted_by=by,
        vetted_at=now,
        changed_at=now,
    )
    return changed, StakeholderVetted(
        stakeholder_id=changed.stakeholder_id,
        version=changed.version,
        outcome=vetted.outcome,
        valid_until=vetted.valid_until,
    )


def assign(stakeholder: Stakeholder, account_manager_id: str, covered_by: str | None, now: datetime) -> Step:
    """Guided by ``account_manager_id``; ``covered_by`` while that person is away."""
    changed = replace(
        stakeholder,
        version=stakeholder.version + 1,
        account_manager_id=account_manager_id,
        covered_by=covered_by,
        changed_at=now,
    )
    return changed, AccountManagerAssigned(
        stakeholder_id=changed.stakeholder_id,
        version=changed.version,
        account_manager_id=account_manager_id,
        covered_by=covered_by,
    )


def membership(stakeholder: Stakeholder, subject: str, active: bool, now: datetime) -> Step:
    """The account ``subject`` may (no longer) act for it."""
    changed = replace(stakeholder, version=stakeholder.version + 1, changed_at=now)
    return changed, StakeholderMembershipChanged(
        stakeholder_id=changed.stakeholder_id, version=changed.version, subject=subject, active=active
    )
