"""An offer: what a stakeholder gives, and its life."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.events.intake import OfferChanged, OfferExpired, OfferReceived, OfferWithdrawn
from contracts.places import Place, PlaceLimit
from contracts.values import (
    ExternalRef,
    FieldError,
    Instant,
    Line,
    LongText,
    OfferPartner,
    ShortText,
    Slug,
    Window,
)
from services.intake.domain import limits, lines, states
from services.intake.domain.needs import MAX_LINES, MAX_NAMED, past_error

SnapshotT = TypeVar("SnapshotT", OfferReceived, OfferChanged)


class OfferContent(BaseModel):
    """What is offered, by whom (with whom), where and until when."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    stakeholder_id: UUID
    partners: tuple[OfferPartner, ...] = Field(default=(), max_length=50)
    title: ShortText
    description: LongText | None = None
    policy_area: Slug | None = None
    lines: tuple[Line, ...] = Field(min_length=1, max_length=MAX_LINES)
    expected_return: Literal["none", "visibility"] = "none"
    answers_need_id: UUID | None = None
    place: Place | None = None
    window: Window | None = None
    valid_until: Instant | None = None
    external_ref: ExternalRef | None = None
    only_in: PlaceLimit | None = None
    excluded_departments: tuple[Slug, ...] = Field(default=(), max_length=MAX_NAMED)
    excluded_policy_areas: tuple[Slug, ...] = Field(default=(), max_length=MAX_NAMED)
    excluded_receivers: tuple[UUID, ...] = Field(default=(), max_length=MAX_NAMED)

    def digest(self) -> str:
        """What makes two submissions the same."""
        said = self.model_dump_json(exclude=limits.unsaid(self, limits.OF_AN_OFFER))
        return hashlib.sha256(said.encode()).hexdigest()

    def changed(self, changes: dict[str, Any]) -> OfferContent:
        """This content with validated ``changes``."""
        return self.model_copy(update=changes)


@dataclass(frozen=True)
class Offer:
    """An offer as it is kept. ``account_manager_id`` is the stakeholder's."""

    offer_id: UUID
    version: int
    state: states.OfferState
    content: OfferContent
    account_manager_id: str | None
    submitted_digest: str
    received_by: str
    received_at: datetime
    changed_at: datetime
    on_behalf_note: str | None = None
    closing_reason: str | None = None


def content_errors(content: OfferContent, now: datetime, before: OfferContent | None = None) -> list[FieldError]:
    """What is wrong with the content by itself; ``before`` is what it replaces."""
    errors = lines.unit_errors(content.lines) + _partner_errors(content) + limits.offer_errors(content)
    same_end = before is not None and before.valid_until == content.valid_until
    if content.valid_until is not None and content.valid_until <= now and not same_end:
        errors.append(past_error())
    return errors


def _partner_errors(content: OfferContent) -> list[FieldError]:
    ids = [partner.stakeholder_id for partner in content.partners]
    errors = [
        FieldError(
            pointer=f"/partners/{position}/stakeholder_id",
            code="named-twice",
            message_it="questa organizzazione è già indicata",
            message_en="this organisation is named already",
        )
        for position, partner in enumerate(ids)
        if partner == content.stakeholder_id or partner in ids[:position]
    ]
    if sum(partner.share or 0 for partner in content.partners) > 1:
        errors.append(
            FieldError(
                pointer="/partners",
                code="shares-above-one",
                message_it="le quote dei partner superano l'intero",
                message_en="the shares of the partners exceed the whole",
            )
        )
    return errors


def unknown_partners(content: OfferContent, known: Collection[UUID]) -> list[FieldError]:
    """Partners the city does not know."""
    return [
        FieldError(
            pointer=f"/partners/{position}/stakeholder_id",
            code="unknown-stakeholder",
            message_it="questa organizzazione non è registrata",
            message_en="this organisation is not registered",
        )
        for position, partner in enumerate(content.partners)
        if partner.stakeholder_id not in known
    ]


def receive(
    offer_id: UUID,
    content: OfferContent,
    account_manager_id: str | None,
    by: str,
    now: datetime,
    note: str | None = None,
) -> tuple[Offer, OfferReceived]:
    """A new open offer."""
    offer = Offer(offer_id, 1, "open", content, account_manager_id, content.digest(), by, now, now, note)
    return offer, _snapshot(OfferReceived, offer)


def change(offer: Offer, content: OfferContent, now: datetime) -> tuple[Offer, OfferChanged]:
    """The offer with other content. Raises :class:`states.NotPossible`."""
    state = states.after_offer(offer.state, "change")
    changed = replace(offer, state=state, version=offer.version + 1, content=content, changed_at=now)
    return changed, _snapshot(OfferChanged, changed)


def withdraw(offer: Offer, reason: str | None, now: datetime) -> tuple[Offer, OfferWithdrawn]:
    """The offer taken back; why, in words, stays here. Raises :class:`states.NotPossible`."""
    closed = _closed(offer, "withdraw", now, reason)
    return closed, OfferWithdrawn(offer_id=offer.offer_id, version=closed.version)


def expire(offer: Offer, now: datetime) -> tuple[Offer, OfferExpired]:
    """The offer past its time. Raises :class:`states.NotPossible`."""
    closed = _closed(offer, "expire", now)
    return closed, OfferExpired(offer_id=offer.offer_id, version=closed.version)


def _closed(offer: Offer, step: str, now: datetime, reason: str | None = None) -> Offer:
    state = states.after_offer(offer.state, step)
    return replace(offer, state=state, version=offer.version + 1, changed_at=now, closing_reason=reason)


def _snapshot(event: type[SnapshotT], offer: Offer) -> SnapshotT:
    # The content has been validated by the same types when it came in.
    return event.model_construct(
        offer_id=offer.offer_id,
        version=offer.version,
        account_manager_id=offer.account_manager_id,
        **offer.content.__dict__,
    )
