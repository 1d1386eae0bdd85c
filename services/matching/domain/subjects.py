"""What matching looks at: a need, an offer and the organisation behind it, with what is left of each line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from contracts.events.intake import NeedRegistered, OfferReceived
from contracts.values import Line, StakeholderType
from services.matching.domain.instruments import UNKNOWN, Toolkit
from services.matching.domain.ranking import AS_WRITTEN, Ranking

Vetting = Literal["pending", "approved", "refused"]


@dataclass(frozen=True, slots=True)
class LineState:
    """A line and what is left of it: ``free`` of an offer, still open of a need; 0 when ``open_ended``."""

    index: int
    line: Line
    free: Decimal
    open_ended: bool

    @property
    def has_something_left(self) -> bool:
        return self.open_ended or self.free > 0

    @property
    def least(self) -> Decimal:
        """The smallest quantity that one match may take of it, or that one offer has to bring to it; mostly 0."""
        return self.line.least(None if self.open_ended else self.free)


@dataclass(frozen=True, slots=True)
class Stakeholder:
    """An organisation as intake last described it. ``name`` is None while only an event about it has arrived.

    ``past`` is by department how many matches with it the organisation accepted, of how many it decided; ``kind`` what
    it is (company, association …), None as long as nobody has said.
    """

    stakeholder_id: UUID
    name: str | None = None
    vetting: Vetting = "pending"
    vetted_until: datetime | None = None
    account_manager_id: str | None = None
    past: Mapping[str, tuple[int, int]] = field(default_factory=dict, compare=False)
    kind: StakeholderType | None = None

    def may_give(self, now: datetime) -> bool:
        """Checked by an account manager, and the check has not lapsed."""
        lapsed = self.vetted_until is not None and self.vetted_until < now
        return self.vetting == "approved" and self.name is not None and not lapsed


@dataclass(frozen=True, slots=True)
class Need:
    """A need as last described. ``receivers`` are the organisations it names, those that are known.

    ``profile`` is what its text says, for whoever compares texts; None when that has not been worked out.
    """

    state: NeedRegistered
    is_open: bool
    lines: tuple[LineState, ...]
    words: frozenset[str]
    receivers: Mapping[UUID, Stakeholder] = field(default_factory=dict)
    was_withdrawn: bool = False
    profile: object | None = field(default=None, compare=False)

    @property
    def need_id(self) -> UUID:
        return self.state.need_id

    def open_lines(self) -> tuple[LineState, ...]:
        return tuple(line for line in self.lines if line.has_something_left)


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer as last described. ``promised_to`` is the need it answers, as long as that need is not closed and no
    limit stands between them; ``profile`` as of a need; ``partner_kinds`` what the organisations behind it are, those
    that are known."""

    state: OfferReceived
    is_open: bool
    lines: tuple[LineState, ...]
    words: frozenset[str]
    giver: Stakeholder
    promised_to: UUID | None = None
    was_withdrawn: bool = False
    profile: object | None = field(default=None, compare=False)
    partner_kinds: Mapping[UUID, StakeholderType] = field(default_factory=dict)

    @property
    def offer_id(self) -> UUID:
        return self.state.offer_id

    def answers(self, need: Need) -> bool:
        return self.state.answers_need_id == need.need_id


@dataclass(frozen=True, slots=True)
class Steering:
    """The focus group's weight (0-1) per policy area now, how badly off (0-1) each neighbourhood is; the ranking;
    and what the Legal Office says of its instruments."""

    weights: Mapping[str, float] = field(default_factory=dict)
    hardship: Mapping[int, float] = field(default_factory=dict)
    ranking: Ranking = AS_WRITTEN
    toolkit: Toolkit = UNKNOWN
