"""What the API answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.values import (
    Day,
    LongText,
    OfferPartner,
    PartyRole,
    Quantity,
    Reason,
    Recurrence,
    ResourceKind,
    StakeholderType,
)
from services.matching.domain.history import UNDOABLE, Act, Channel, EndReason, Hindrance
from services.matching.domain.instruments import Deal, Instrument
from services.matching.domain.states import State
from services.matching.store.matches import NO_DEADLINE

Note = Annotated[LongText, Field(max_length=2000)]
Amount = str
"""A decimal as text, such as ``271`` or ``2.5``."""


class PartyView(BaseModel):
    """``note`` says how somebody else knew of the decision; only account managers see it.

    ``carried``: the yes was said to the match that this one replaces.
    """

    party_id: str
    role: PartyRole
    department: str | None
    stakeholder_id: UUID | None
    name: str
    account_manager_id: str | None
    partners: list[OfferPartner]
    consent: Literal["pending", "given", "declined"]
    channel: str | None
    decided_at: datetime | None
    carried: bool = False
    note: str | None = None


class AllocationView(BaseModel):
    """``quantity`` is None while it is open on both sides."""

    position: int
    offer_id: UUID
    offer_line: int
    need_line: int | None
    stakeholder_id: UUID
    kind: ResourceKind
    capability: str | None
    quantity: Amount | None
    unit: str
    recurrence: Recurrence | None
    value_cents: int | None
    description: str | None
    to_agree: bool
    reserved: Amount
    committed: Amount
    delivered: Amount


class StepView(BaseModel):
    """The last step that stands. ``undo_until`` is there for who took it, as long as it can be taken back."""

    act: Act
    party_id: str | None
    at: datetime
    undo_until: datetime | None = None


class PastStepView(BaseModel):
    """One thing that happened to a match; ``note`` is for account managers. ``undone``: it was taken back."""

    version: int
    act: Act
    at: datetime
    party_id: str | None
    reason_code: str | None
    channel: str | None
    note: str | None
    undone: bool

    @classmethod
    def of(cls, row: dict[str, Any], *, notes: bool) -> PastStepView:
        return cls.model_validate(row if notes else row | {"note": None})


class AskedView(BaseModel):
    """That an accepted match should end; until its agreements have answered it stays as it is.

    ``refused``: it stays, because an agreement had been submitted or signed already.
    """

    reason: EndReason
    at: datetime
    refused: Hindrance | None = None
    refused_at: datetime | None = None


class MatchView(BaseModel):
    """A match with the reasons for it, its parties and what each has said, and its quantities.

    ``submitted_at``: since when an agreement of it is under way. ``postponed_until``: nobody's task before then.
    ``replaces`` and ``replaced_by`` are matches.
    """

    match_id: UUID
    version: int
    state: State
    need_id: UUID
    need_title: str
    department: str
    with_departments: list[str]
    policy_area: str
    triangulation: bool
    answers: bool
    score: float
    rules_version: str
    reasons: list[Reason]
    parties: list[PartyView]
    awaited: list[str]
    allocations: list[AllocationView]
    reserved: bool
    account_manager_id: str | None
    beneficiaries: str | None
    expected_return: str
    due_on: date | None
    proposed_at: datetime
    expires_at: datetime
    reason_code: str | None
    closed_at: datetime | None
    postponed_until: datetime | None = None
    replaces: UUID | None = None
    replaced_by: UUID | None = None
    submitted_at: datetime | None = None
    asked: AskedView | None = None
    last_step: StepView | None = None

    @classmethod
    def of(
        cls, row: dict[str, Any], *, notes: bool = False, reader: str = "", undo_window: timedelta = timedelta()
    ) -> MatchView:
        """From a row of :class:`services.matching.store.overview.OverviewStore`; ``notes`` for account managers.

        ``reader`` may take their own last decision back within ``undo_window``.
        """
        allocations = [
            one
            | {name: _plain(one[name]) for name in ("reserved", "committed", "delivered")}
            | {"quantity": None if one["to_agree"] else _plain(one["quantity"])}
            for one in row["allocations"]
        ]
        due = row["due_on"]
        return cls.model_validate(
            row
            | {
                "parties": [one if notes else one | {"note": None} for one in row["parties"]],
                "allocations": allocations,
                "awaited": [one["party_id"] for one in row["parties"] if one["consent"] == "pending"],
                "reserved": any(one["reserved"] != "0" for one in allocations),
                "due_on": None if due == NO_DEADLINE else due,
                "last_step": _step(row, reader, undo_window),
            }
        )

    def deal(self, kinds: Mapping[UUID, StakeholderType]) -> Deal:
        """What is to be agreed, as rules of instruments see it; ``kinds`` are those of organisations."""
        return Deal(
            tuple((one.stakeholder_id, one.kind, one.value_cents) for one in self.allocations),
            kinds,
            {
                one.stakeholder_id: frozenset(behind.stakeholder_id for behind in one.partners)
                for one in self.parties
                if one.role == "giver" and one.stakeholder_id
            },
            frozenset(one.stakeholder_id for one in self.parties if one.role == "receiver" and one.stakeholder_id),
            "visibility" if self.expected_return == "visibility" else "none",
        )

    @property
    def organisations(self) -> set[UUID]:
        """All that take part, also behind an offer."""
        found = {one.stakeholder_id for one in self.parties if one.stakeholder_id}
        return found | {partner.stakeholder_id for one in self.parties for partner in one.partners}


class PossibleInstrumentView(BaseModel):
    """A legal instrument that could be used for all of a match, in the version in force."""

    code: str
    version: int
    title_it: str
    title_en: str

    @classmethod
    def of(cls, one: Instrument) -> PossibleInstrumentView:
        title = one.record.title
        return cls(code=one.code, version=one.record.number, title_it=title.it, title_en=title.en)


class PossibleInstrumentsView(BaseModel):
    """What is possible by what is known today; the Legal Office decides with the file.

    ``known``: the rules were published in this city. ``divided``: no instrument could serve all of it, but several
    agreements could, with one each.
    """

    known: bool
    possible: list[PossibleInstrumentView]
    divided: bool


class Body(BaseModel):
    """What is not known is refused: a misspelt quantity would be a yes to another one."""

    model_config = ConfigDict(extra="forbid")


class QuantityChoice(Body):
    """The quantity of one allocation."""

    position: int = Field(ge=0)
    quantity: Quantity


class CounterBody(Body):
    """Yes, but to these quantities. What depends on them follows: a capability lends as much as what it serves."""

    party_id: str | None = None
    channel: Channel | None = None
    note: Note | None = None
    quantities: list[QuantityChoice] = Field(min_length=1, max_length=50)


class PostponeBody(Body):
    """The proposal comes back on the morning of ``until``. ``reason`` stays here, with the decision."""

    until: Day
    reason: Note | None = None
    party_id: str | None = None
    channel: Channel | None = None
    note: Note | None = None


class AcceptBody(Body):
    """``party_id`` may be left out when only one can be meant. Account managers say how they know."""

    party_id: str | None = None
    channel: Channel | None = None
    note: Note | None = None
    quantities: list[QuantityChoice] = Field(default_factory=list, max_length=50)


DECLINE_REASONS = (
    "not_suitable",
    "too_late",
    "too_little",
    "too_far",
    "not_available",
    "other_partner",
    "no_answer",
    "other",
)


class DeclineBody(Body):
    party_id: str | None = None
    reason_code: Literal[
        "not_suitable", "too_late", "too_little", "too_far", "not_available", "other_partner", "no_answer", "other"
    ]
    channel: Channel | None = None
    note: Note | None = None


class BalanceView(BaseModel):
    """``total + shortfall = free + reserved + committed + delivered``."""

    line_of: Literal["need", "offer"]
    subject_id: UUID
    line: int
    version: int
    unit: str
    open_ended: bool
    total: Amount
    free: Amount
    reserved: Amount
    committed: Amount
    delivered: Amount
    shortfall: Amount


class PostingView(BaseModel):
    """One change of a line, bucket by bucket."""

    line: int
    entry: str
    total: Amount
    free: Amount
    reserved: Amount
    committed: Amount
    delivered: Amount
    shortfall: Amount
    match_id: UUID | None
    posted_at: datetime


class LedgerView(BaseModel):
    """The lines of one need or offer and their newest postings."""

    subject_id: UUID
    lines: list[BalanceView]
    postings: list[PostingView]


class ObstacleView(BaseModel):
    code: str
    text_it: str
    text_en: str


class BestView(BaseModel):
    """The need's open proposal that fits best."""

    match_id: UUID
    givers: list[str]
    score: float
    reasons: list[Reason]


class WhyNotView(BaseModel):
    """Why the offer is not proposed for the need; ``possible`` when no filter stands in the way.

    Then ``because`` says why it is not among the proposals (or that it is: ``match_id``), and ``score`` and ``reasons``
    how it would be ranked by itself, beside the ``best`` open proposal; without them for who does not know the offer.
    Whom its giver excludes is said to the giver and the account managers; for others the offer is ``not_available``.
    """

    need_id: UUID
    offer_id: UUID
    possible: bool
    obstacles: list[ObstacleView]
    because: ObstacleView | None = None
    match_id: UUID | None = None
    score: float | None = None
    reasons: list[Reason] = Field(default_factory=list)
    best: BestView | None = None


def _step(row: dict[str, Any], reader: str, window: timedelta) -> StepView | None:
    last = row.get("last")
    if last is None:
        return None
    at = datetime.fromisoformat(last["at"])
    asked = row.get("asked")
    begun = any(Decimal(one["committed"]) or Decimal(one["delivered"]) for one in row["allocations"])
    begun = begun or row.get("submitted_at") is not None or bool(asked and not asked.get("refused"))
    may = last["by"] == reader and last["act"] in UNDOABLE and window and not begun
    return StepView(act=last["act"], party_id=last["party_id"], at=at, undo_until=at + window if may else None)


def _plain(text: Any) -> str:
    value = Decimal(text)
    shown = f"{value:f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def amounts(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields with every decimal as text."""
    return {name: _plain(value) if isinstance(value, Decimal) else value for name, value in fields.items()}
