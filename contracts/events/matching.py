"""What matching publishes: proposals and what became of them, and the balances of the ledger."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field

from contracts.event import Event
from contracts.values import (
    Allocation,
    Balance,
    Instant,
    LongText,
    Party,
    ProposedAllocation,
    QuantityChange,
    Reason,
    ShortText,
    Slug,
    UnitCode,
)

MATCH = "matching.match.v1"
LEDGER = "matching.ledger.v1"
Channel = Literal["own", "telephone", "letter", "email", "meeting"]


class _MatchState(Event):
    match_id: UUID
    version: int = Field(ge=1)
    need_id: UUID
    need_title: ShortText
    department: Slug
    policy_area: Slug
    triangulation: bool
    parties: tuple[Party, ...] = Field(min_length=2)
    account_manager_id: str | None = None


class MatchProposed(_MatchState, type="sportello.matching.match-proposed.v1", topic=MATCH):
    """Offers that together meet (part of) a need, with the reasons. ``score`` goes from 0 to 1.

    ``replaces_match_id`` is the match that ended and whose place this one takes, because a party was replaced or a
    decision taken back; ``consented`` are the parties whose yes still stands.
    """

    allocations: tuple[ProposedAllocation, ...] = Field(min_length=1)
    score: float = Field(ge=0, le=1)
    reasons: tuple[Reason, ...]
    rules_version: str
    expires_at: Instant
    replaces_match_id: UUID | None = None
    replaces_because: Literal["party_replaced", "decision_undone"] | None = None
    consented: tuple[str, ...] | None = None


class MatchConsentGiven(Event, type="sportello.matching.match-consent-given.v1", topic=MATCH):
    """One party said yes, itself or through the account manager who notes how (``channel``).

    The quantities are reserved until ``expires_at``.
    """

    match_id: UUID
    version: int = Field(ge=1)
    need_id: UUID
    party_id: str
    channel: Channel
    awaited: tuple[str, ...]
    expires_at: Instant | None = None
    account_manager_id: str | None = None


class MatchCountered(_MatchState, type="sportello.matching.match-countered.v1", topic=MATCH):
    """One party said yes to other quantities: the match goes on with ``allocations``.

    That party has consented to them, and everybody whose part changed is asked (again): ``awaited``.
    """

    allocations: tuple[Allocation, ...] = Field(min_length=1)
    party_id: str
    channel: Channel
    changes: tuple[QuantityChange, ...] = Field(min_length=1)
    awaited: tuple[str, ...]
    consented: tuple[str, ...]
    expires_at: Instant


class MatchPostponed(Event, type="sportello.matching.match-postponed.v1", topic=MATCH):
    """One party will decide later: the proposal is nobody's task before ``until``."""

    match_id: UUID
    version: int = Field(ge=1)
    need_id: UUID
    party_id: str
    until: Instant
    expires_at: Instant
    account_manager_id: str | None = None


class MatchDecisionUndone(_MatchState, type="sportello.matching.match-decision-undone.v1", topic=MATCH):
    """One party took back its last decision: the proposal stands as it did before it."""

    allocations: tuple[ProposedAllocation, ...] = Field(min_length=1)
    party_id: str
    undone: Literal["consent", "counter", "postponement"]
    awaited: tuple[str, ...]
    consented: tuple[str, ...]
    until: Instant | None = None
    expires_at: Instant


class MatchAccepted(_MatchState, type="sportello.matching.match-accepted.v1", topic=MATCH):
    """Every party consented; quantities are fixed and reserved."""

    allocations: tuple[Allocation, ...] = Field(min_length=1)
    beneficiaries: LongText | None = None
    expected_return: Literal["none", "visibility"] = "none"


class MatchDeclined(Event, type="sportello.matching.match-declined.v1", topic=MATCH):
    """One party said no: nothing stays reserved."""

    match_id: UUID
    version: int = Field(ge=1)
    need_id: UUID
    party_id: str
    reason_code: Slug
    account_manager_id: str | None = None


class MatchExpired(Event, type="sportello.matching.match-expired.v1", topic=MATCH):
    """The proposal ended by itself: nobody decided in time, or what it stood on is gone."""

    match_id: UUID
    version: int = Field(ge=1)
    need_id: UUID
    reason_code: Literal["timeout", "superseded", "need_closed", "offer_closed"]
    account_manager_id: str | None = None


class MatchReleased(Event, type="sportello.matching.match-released.v1", topic=MATCH):
    """An accepted match ended before delivery was complete; what was not delivered is free again.

    Its agreements have ended before: none in force is ended by this. ``undone``: the last party took its yes back; the
    proposal goes on as a match of its own.
    """

    match_id: UUID
    version: int = Field(ge=1)
    need_id: UUID
    reason_code: Literal[
        "agreement_rejected", "agreement_terminated", "party_withdrew", "released_by_manager", "undone"
    ]
    account_manager_id: str | None = None


class MatchEndAsked(Event, type="sportello.matching.match-end-asked.v1", topic=MATCH):
    """An accepted match is to end: its agreements decide. Nothing is free before AgreementRejected.

    Whoever keeps the match's files closes all of them or none: none once one was submitted for review (``undone``: the
    last party takes its yes back) or signed (the others). A file is submitted and signed once, so the news of that is
    the answer no. May be asked again with a reason that reaches further.
    """

    match_id: UUID
    version: int = Field(ge=1)
    need_id: UUID
    reason_code: Literal["party_withdrew", "released_by_manager", "undone"]
    account_manager_id: str | None = None


class MatchEndRefused(Event, type="sportello.matching.match-end-refused.v1", topic=MATCH):
    """The match stays accepted: when its end was asked, an agreement of it had been submitted or signed already."""

    match_id: UUID
    version: int = Field(ge=1)
    need_id: UUID
    reason_code: Literal["party_withdrew", "released_by_manager", "undone"]
    because: Literal["submitted", "signed"]
    account_manager_id: str | None = None


class LineBalanceChanged(Event, type="sportello.matching.line-balance-changed.v1", topic=LEDGER):
    """Balances of one line: ``total`` = ``free`` + ``reserved`` + ``committed`` + ``delivered``.

    For a need ``total`` is what is asked and ``free`` what is still open; for an offer what is offered and free.
    ``shortfall`` is what is allocated beyond a total that was cut. ``open_ended`` lines take their total from what
    is accepted.
    """

    line_of: Literal["need", "offer"]
    subject_id: UUID
    line: int = Field(ge=0)
    version: int = Field(ge=1)
    unit: UnitCode
    total: Balance
    free: Balance
    reserved: Balance
    committed: Balance
    delivered: Balance
    shortfall: Balance
    open_ended: bool
