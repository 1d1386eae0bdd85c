"""What a city department's own system sends, and what it gets back when a submission cannot be taken."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from contracts.event import Event
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
    Unsaid,
    Window,
)

INBOUND = "departments.inbound.v1"
REJECTED = "intake.rejected.v1"


class NeedSubmitted(Event, type="sportello.departments.need-submitted.v1", topic=INBOUND):
    """A department asks for something. ``external_ref`` is its own reference, unique per department.

    ``receivers`` and ``excluded_stakeholders`` are references of stakeholders known to the city (their
    ``external_ref``). ``only_in`` says where what is offered for the lines has to be; who is excluded is not asked.
    """

    external_ref: ExternalRef
    department: Slug
    with_departments: tuple[Slug, ...] = ()
    title: ShortText
    description: LongText | None = None
    beneficiaries: LongText | None = None
    policy_area: Slug
    lines: tuple[Line, ...] = Field(min_length=1, max_length=50)
    requires: tuple[Slug, ...] = ()
    receivers: tuple[ExternalRef, ...] = ()
    place: Place | None = None
    window: Window | None = None
    valid_until: Instant | None = None
    only_in: PlaceLimit | None = None
    excluded_stakeholders: Annotated[tuple[ExternalRef, ...], Unsaid] = ()
    excluded_stakeholder_types: Annotated[tuple[StakeholderType, ...], Unsaid] = ()


class NeedUpdateSubmitted(Event, type="sportello.departments.need-update-submitted.v1", topic=INBOUND):
    """Changes to a need already submitted; what is absent stays. ``withdrawn`` takes the need back.

    ``only_in``: null lifts the limit; null anywhere else is as if it were absent.
    """

    external_ref: ExternalRef
    department: Slug
    title: ShortText | None = None
    description: LongText | None = None
    beneficiaries: LongText | None = None
    lines: tuple[Line, ...] | None = Field(default=None, min_length=1, max_length=50)
    place: Place | None = None
    window: Window | None = None
    valid_until: Instant | None = None
    only_in: PlaceLimit | None = None
    excluded_stakeholders: tuple[ExternalRef, ...] | None = None
    excluded_stakeholder_types: tuple[StakeholderType, ...] | None = None
    withdrawn: bool = False
    reason: LongText | None = None


class SubmissionRejected(Event, type="sportello.intake.submission-rejected.v1", topic=REJECTED):
    """A submission that was not taken, with every reason. ``submission_id`` is the ``ce_id`` it came with."""

    rejection_id: UUID
    submission_id: str
    submission_source: str
    submission_type: str
    external_ref: str | None = None
    department: str | None = None
    errors: tuple[FieldError, ...] = Field(min_length=1)
