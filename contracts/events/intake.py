"""What the single contact point publishes: stakeholders, needs, offers, steering.

Needs and offers travel as whole snapshots, so that a reader never has to ask back.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from contracts.event import Event
from contracts.places import Place, PlaceLimit
from contracts.values import (
    ExternalRef,
    Fraction,
    Instant,
    Line,
    LongText,
    NilNumber,
    OfferPartner,
    ShortText,
    Slug,
    StakeholderType,
    Unsaid,
    Window,
)

STAKEHOLDER = "intake.stakeholder.v1"
NEED = "intake.need.v1"
OFFER = "intake.offer.v1"
STEERING = "intake.steering.v1"


class StakeholderRegistered(Event, type="sportello.intake.stakeholder-registered.v1", topic=STAKEHOLDER):
    """An organisation is known to the city; it is not vetted yet."""

    stakeholder_id: UUID
    version: int = Field(ge=1)
    name: ShortText
    stakeholder_type: StakeholderType
    external_ref: ExternalRef | None = None


class StakeholderChanged(Event, type="sportello.intake.stakeholder-changed.v1", topic=STAKEHOLDER):
    """The organisation as it is now."""

    stakeholder_id: UUID
    version: int = Field(ge=1)
    name: ShortText
    stakeholder_type: StakeholderType
    external_ref: ExternalRef | None = None


class StakeholderVetted(Event, type="sportello.intake.stakeholder-vetted.v1", topic=STAKEHOLDER):
    """An account manager checked the organisation; only approved ones are matched.

    ``reason`` is deprecated and not filled any more: why in words may name people and stays with intake.
    """

    stakeholder_id: UUID
    version: int = Field(ge=1)
    outcome: Literal["approved", "refused"]
    reason: ShortText | None = None
    valid_until: Instant | None = None


class StakeholderMembershipChanged(Event, type="sportello.intake.stakeholder-membership-changed.v1", topic=STAKEHOLDER):
    """The account ``subject`` (OpenID Connect ``sub``, no personal data) may or may no longer act for it."""

    stakeholder_id: UUID
    version: int = Field(ge=1)
    subject: str = Field(min_length=1, max_length=200)
    active: bool


class AccountManagerAssigned(Event, type="sportello.intake.account-manager-assigned.v1", topic=STAKEHOLDER):
    """``account_manager_id`` (the account's ``sub``) guides the stakeholder; ``covered_by`` during an absence."""

    stakeholder_id: UUID
    version: int = Field(ge=1)
    account_manager_id: str
    covered_by: str | None = None


class _NeedState(Event):
    """``only_in`` says where what is offered for the lines has to be; who is ``excluded_`` is not asked to give."""

    need_id: UUID
    version: int = Field(ge=1)
    department: Slug
    department_name: ShortText | None = None
    with_departments: tuple[Slug, ...] = ()
    title: ShortText
    description: LongText | None = None
    beneficiaries: LongText | None = None
    policy_area: Slug
    lines: tuple[Line, ...] = Field(min_length=1)
    requires: tuple[Slug, ...] = ()
    receivers: tuple[UUID, ...] = ()
    place: Place | None = None
    window: Window | None = None
    valid_until: Instant | None = None
    account_manager_id: str | None = None
    external_ref: ExternalRef | None = None
    only_in: PlaceLimit | None = None
    excluded_stakeholders: Annotated[tuple[UUID, ...], Unsaid] = ()
    excluded_stakeholder_types: Annotated[tuple[StakeholderType, ...], Unsaid] = ()


class NeedRegistered(_NeedState, type="sportello.intake.need-registered.v1", topic=NEED):
    """A need is open. Its id is the id of the case."""


class NeedChanged(_NeedState, type="sportello.intake.need-changed.v1", topic=NEED):
    """The need as it is now."""


class NeedWithdrawn(Event, type="sportello.intake.need-withdrawn.v1", topic=NEED):
    """The department takes the need back. ``reason`` is deprecated and not filled any more, as in StakeholderVetted."""

    need_id: UUID
    version: int = Field(ge=1)
    reason: LongText | None = None


class NeedExpired(Event, type="sportello.intake.need-expired.v1", topic=NEED):
    """The need passed its ``valid_until`` unanswered."""

    need_id: UUID
    version: int = Field(ge=1)


class NeedFulfilled(Event, type="sportello.intake.need-fulfilled.v1", topic=NEED):
    """All that was asked has been delivered."""

    need_id: UUID
    version: int = Field(ge=1)


class _OfferState(Event):
    """``only_in`` says where what is offered may be used; whom the giver ``excluded_`` it is not for."""

    offer_id: UUID
    version: int = Field(ge=1)
    stakeholder_id: UUID
    partners: tuple[OfferPartner, ...] = ()
    title: ShortText
    description: LongText | None = None
    policy_area: Slug | None = None
    lines: tuple[Line, ...] = Field(min_length=1)
    expected_return: Literal["none", "visibility"] = "none"
    answers_need_id: UUID | None = None
    place: Place | None = None
    window: Window | None = None
    valid_until: Instant | None = None
    account_manager_id: str | None = None
    external_ref: ExternalRef | None = None
    only_in: PlaceLimit | None = None
    excluded_departments: Annotated[tuple[Slug, ...], Unsaid] = ()
    excluded_policy_areas: Annotated[tuple[Slug, ...], Unsaid] = ()
    excluded_receivers: Annotated[tuple[UUID, ...], Unsaid] = ()


class OfferReceived(_OfferState, type="sportello.intake.offer-received.v1", topic=OFFER):
    """A stakeholder offers something, to any need or in answer to one."""


class OfferChanged(_OfferState, type="sportello.intake.offer-changed.v1", topic=OFFER):
    """The offer as it is now."""


class OfferWithdrawn(Event, type="sportello.intake.offer-withdrawn.v1", topic=OFFER):
    """The stakeholder takes back what is not yet committed. ``reason`` is deprecated and not filled any more."""

    offer_id: UUID
    version: int = Field(ge=1)
    reason: LongText | None = None


class OfferExpired(Event, type="sportello.intake.offer-expired.v1", topic=OFFER):
    """The offer passed its ``valid_until``."""

    offer_id: UUID
    version: int = Field(ge=1)


class PrioritiesSet(Event, type="sportello.intake.priorities-set.v1", topic=STEERING):
    """The focus group's priorities for a period: a weight (0-1) per policy area."""

    priorities_id: UUID
    version: int = Field(ge=1)
    valid_from: date
    valid_to: date
    weights: dict[Slug, Fraction]


class NeighbourhoodIndicatorsLoaded(Event, type="sportello.intake.neighbourhood-indicators-loaded.v1", topic=STEERING):
    """A reading of one indicator per neighbourhood: NIL number to a value from 0 (best off) to 1 (worst off)."""

    indicators_id: UUID
    version: int = Field(ge=1)
    name: ShortText
    source: ShortText
    values: dict[NilNumber, Fraction]
