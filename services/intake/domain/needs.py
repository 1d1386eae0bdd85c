"""A need: what a department asks for, and its life."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.events.intake import NeedChanged, NeedExpired, NeedFulfilled, NeedRegistered, NeedWithdrawn
from contracts.places import Place, PlaceLimit
from contracts.values import (
    ExternalRef,
    FieldError,
    Instant,
    Line,
    LongText,
    ShortText,
    Slug,
    StakeholderType,
    Window,
)
from services.intake.domain import limits, lines, states

SnapshotT = TypeVar("SnapshotT", NeedRegistered, NeedChanged)
MAX_LINES = 50
MAX_NAMED = 50
"""Departments, capabilities and receivers that one need may name."""


class NeedContent(BaseModel):
    """What is asked, for whom, where and until when."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    department: Slug
    with_departments: tuple[Slug, ...] = Field(default=(), max_length=MAX_NAMED)
    title: ShortText
    description: LongText | None = None
    beneficiaries: LongText | None = None
    policy_area: Slug
    lines: tuple[Line, ...] = Field(min_length=1, max_length=MAX_LINES)
    requires: tuple[Slug, ...] = Field(default=(), max_length=MAX_NAMED)
    receivers: tuple[UUID, ...] = Field(default=(), max_length=MAX_NAMED)
    place: Place | None = None
    window: Window | None = None
    valid_until: Instant | None = None
    external_ref: ExternalRef | None = None
    only_in: PlaceLimit | None = None
    excluded_stakeholders: tuple[UUID, ...] = Field(default=(), max_length=MAX_NAMED)
    excluded_stakeholder_types: tuple[StakeholderType, ...] = Field(default=(), max_length=MAX_NAMED)

    def digest(self) -> str:
        """What makes two submissions the same."""
        said = self.model_dump_json(exclude=limits.unsaid(self, limits.OF_A_NEED))
        return hashlib.sha256(said.encode()).hexdigest()

    def changed(self, changes: dict[str, Any]) -> NeedContent:
        """This content with validated ``changes``."""
        return self.model_copy(update=changes)


@dataclass(frozen=True)
class Need:
    """A need as it is kept."""

    need_id: UUID
    version: int
    state: states.NeedState
    content: NeedContent
    account_manager_id: str | None
    submitted_digest: str
    registered_at: datetime
    changed_at: datetime
    closing_reason: str | None = None
    department_name: str | None = None


def content_errors(content: NeedContent, now: datetime, before: NeedContent | None = None) -> list[FieldError]:
    """What is wrong with the content by itself; ``before`` is what it replaces."""
    errors = lines.unit_errors(content.lines) + limits.need_errors(content)
    same_end = before is not None and before.valid_until == content.valid_until
    if content.valid_until is not None and content.valid_until <= now and not same_end:
        errors.append(past_error())
    return errors


def past_error() -> FieldError:
    return FieldError(
        pointer="/valid_until",
        code="in-the-past",
        message_it="la scadenza è già passata",
        message_en="this moment has passed already",
    )


def unknown_departments(content: NeedContent, known: Collection[str]) -> list[FieldError]:
    """Departments that are not in the city's registry."""
    named = [("/department", content.department)]
    named += [(f"/with_departments/{position}", code) for position, code in enumerate(content.with_departments)]
    return [
        FieldError(
            pointer=where,
            code="unknown-department",
            message_it=f"la direzione '{code}' non è nel registro della città",
            message_en=f"the department '{code}' is not in the city's registry",
        )
        for where, code in named
        if code not in known
    ]


def unknown_receivers(content: NeedContent, known: Collection[UUID]) -> list[FieldError]:
    """Receivers the city does not know."""
    return [
        FieldError(
            pointer=f"/receivers/{position}",
            code="unknown-receiver",
            message_it="questo destinatario non è registrato",
            message_en="this receiver is not registered",
        )
        for position, receiver in enumerate(content.receivers)
        if receiver not in known
    ]


def register(
    need_id: UUID,
    content: NeedContent,
    account_manager_id: str | None,
    now: datetime,
    department_name: str | None = None,
) -> tuple[Need, NeedRegistered]:
    """A new open need; ``department_name`` as in the registry."""
    need = Need(
        need_id,
        1,
        "open",
        content,
        account_manager_id,
        content.digest(),
        now,
        now,
        department_name=department_name,
    )
    return need, _snapshot(NeedRegistered, need)


def change(need: Need, content: NeedContent, now: datetime, digest: str | None = None) -> tuple[Need, NeedChanged]:
    """The need with other content; ``digest`` of the submission it comes from. Raises :class:`states.NotPossible`."""
    changed = replace(
        need,
        state=states.after_need(need.state, "change"),
        version=need.version + 1,
        content=content,
        submitted_digest=digest or need.submitted_digest,
        changed_at=now,
    )
    return changed, _snapshot(NeedChanged, changed)


def assign(need: Need, account_manager_id: str, now: datetime) -> tuple[Need, NeedChanged]:
    """The need with its account manager. Raises :class:`states.NotPossible`."""
    return change(replace(need, account_manager_id=account_manager_id), need.content, now)


def withdraw(need: Need, reason: str | None, now: datetime) -> tuple[Need, NeedWithdrawn]:
    """The need taken back; why, in words, stays here. Raises :class:`states.NotPossible`."""
    closed = _closed(need, "withdraw", now, reason)
    return closed, NeedWithdrawn(need_id=need.need_id, version=closed.version)


def expire(need: Need, now: datetime) -> tuple[Need, NeedExpired]:
    """The need past its time. Raises :class:`states.NotPossible`."""
    closed = _closed(need, "expire", now)
    return closed, NeedExpired(need_id=need.need_id, version=closed.version)


def fulfil(need: Need, now: datetime) -> tuple[Need, NeedFulfilled]:
    """The need with everything delivered. Raises :class:`states.NotPossible`."""
    closed = _closed(need, "fulfil", now)
    return closed, NeedFulfilled(need_id=need.need_id, version=closed.version)


def _closed(need: Need, step: str, now: datetime, reason: str | None = None) -> Need:
    state = states.after_need(need.state, step)
    return replace(need, state=state, version=need.version + 1, changed_at=now, closing_reason=reason)


def _snapshot(event: type[SnapshotT], need: Need) -> SnapshotT:
    # The content has been validated by the same types when it came in.
    return event.model_construct(
        need_id=need.need_id,
        version=need.version,
        account_manager_id=need.account_manager_id,
        department_name=need.department_name,
        **need.content.__dict__,
    )
