"""A match: who takes part, what each brings, who has agreed, and what each decision makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from contracts.event import Event
from contracts.events import matching as events
from contracts.values import Allocation, Line, Party
from services.matching.domain.ledger import ZERO, Entry
from services.matching.domain.states import Happening, State, after

Channel = Literal["own", "telephone", "letter", "email", "meeting"]
ConsentState = Literal["pending", "given", "declined"]
ExpiryReason = Literal["timeout", "superseded", "need_closed", "offer_closed"]
ReleaseReason = Literal["agreement_rejected", "agreement_terminated", "party_withdrew", "released_by_manager"]


class UnknownParty(Exception):
    """The match has no such party."""


class QuantityMissing(Exception):
    """Quantities that are open on both sides have to be fixed by the first who consents."""

    def __init__(self, positions: Sequence[int]) -> None:
        super().__init__(f"quantities of {list(positions)} are still open")
        self.positions = tuple(positions)


class QuantityFixed(Exception):
    """The quantity of this allocation is not for anybody to choose (any more)."""

    def __init__(self, position: int) -> None:
        super().__init__(f"the quantity of {position} is fixed")
        self.position = position


@dataclass(frozen=True, slots=True)
class MatchParty:
    """A party and whether it has agreed. ``note`` says how somebody else knows; it never leaves the service."""

    party: Party
    consent: ConsentState = "pending"
    channel: Channel | None = None
    note: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One allocation and how much of it is where in the ledger. ``recorded`` is all that was reported delivered."""

    position: int
    allocation: Allocation
    to_agree: bool
    offer_version: int
    reserved: Decimal = ZERO
    committed: Decimal = ZERO
    delivered: Decimal = ZERO
    recorded: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Move:
    """A quantity of one part that changes bucket, on its offer line and on its need line."""

    part: Part
    entry: Entry
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Match:
    """The aggregate. ``expires_at`` counts while it is proposed: for a decision, then for the missing consents."""

    match_id: UUID
    version: int
    state: State
    need_id: UUID
    need_title: str
    department: str
    with_departments: tuple[str, ...]
    policy_area: str
    triangulation: bool
    parties: tuple[MatchParty, ...]
    parts: tuple[Part, ...]
    account_manager_id: str | None
    expires_at: datetime
    beneficiaries: str | None = None
    expected_return: Literal["none", "visibility"] = "none"
    reason_code: str | None = None
    closed_at: datetime | None = None

    @property
    def awaited(self) -> tuple[str, ...]:
        return tuple(one.party.party_id for one in self.parties if one.consent == "pending")

    @property
    def is_reserved(self) -> bool:
        return any(part.reserved > 0 for part in self.parts)

    @property
    def is_committed(self) -> bool:
        return any(part.committed > 0 or part.delivered > 0 for part in self.parts)

    @property
    def allocations(self) -> tuple[Allocation, ...]:
        return tuple(part.allocation for part in self.parts)

    def party(self, party_id: str) -> MatchParty:
        """Raises :class:`UnknownParty`."""
        for one in self.parties:
            if one.party.party_id == party_id:
                return one
        raise UnknownParty(party_id)

    def part(self, offer_id: UUID, offer_line: int, need_line: int | None) -> Part | None:
        for part in self.parts:
            found = part.allocation
            if (found.offer_id, found.offer_line, found.need_line) == (offer_id, offer_line, need_line):
                return part
        return None


@dataclass(frozen=True, slots=True)
class Decision:
    """The match after a decision, the events that tell of it with their versions, and what the ledger moves."""

    match: Match
    events: tuple[tuple[int, Event], ...] = ()
    moves: tuple[Move, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Said:
    """How a party's decision came in."""

    by: str
    at: datetime
    channel: Channel = "own"
    note: str | None = None


def consent(
    match: Match,
    party_id: str,
    said: Said,
    *,
    quantities: Mapping[int, Decimal],
    lines: Mapping[tuple[UUID, int], Line],
    reserved_until: datetime,
) -> Decision:
    """One party agrees. The first one reserves, the last one makes the match accepted.

    ``quantities`` fixes, by position, what is open on both sides; ``lines`` are the offered lines, for their values.
    Saying yes twice changes nothing. Raises :class:`UnknownParty`, :class:`QuantityMissing`, :class:`QuantityFixed`
    and :class:`services.matching.domain.states.WrongState`.
    """
    mine = match.party(party_id)
    if mine.consent == "given" and match.state in ("proposed", "accepted"):
        return Decision(match)
    last = match.awaited == (party_id,)
    state = after(match.state, "last_consent" if last else "consent")
    agreed = _with_consent(match, party_id, said)
    moves: tuple[Move, ...] = ()
    if match.is_reserved:
        if quantities:
            raise QuantityFixed(min(quantities))
    else:
        agreed = replace(_with_quantities(agreed, quantities, lines), expires_at=reserved_until)
        moves = tuple(Move(part, "reserve", part.allocation.quantity) for part in agreed.parts)
        agreed = replace(agreed, parts=tuple(replace(part, reserved=part.allocation.quantity) for part in agreed.parts))
    given = match.version + 1
    told: list[tuple[int, Event]] = [
        (
            given,
            events.MatchConsentGiven(
                match_id=match.match_id,
                version=given,
                need_id=match.need_id,
                party_id=party_id,
                channel=said.channel,
                awaited=agreed.awaited,
                account_manager_id=match.account_manager_id,
            ),
        )
    ]
    agreed = replace(agreed, state=state, version=given + last)
    if last:
        told.append((agreed.version, accepted(agreed)))
    return Decision(agreed, tuple(told), moves)


def accepted(match: Match) -> events.MatchAccepted:
    """The event that says that everybody has agreed."""
    return events.MatchAccepted(
        match_id=match.match_id,
        version=match.version,
        need_id=match.need_id,
        need_title=match.need_title,
        department=match.department,
        policy_area=match.policy_area,
        triangulation=match.triangulation,
        parties=tuple(one.party for one in match.parties),
        allocations=match.allocations,
        account_manager_id=match.account_manager_id,
        beneficiaries=match.beneficiaries,
        expected_return=match.expected_return,
    )


def decline(match: Match, party_id: str, said: Said, reason_code: str) -> Decision:
    """One party refuses: nothing stays reserved. Raises :class:`UnknownParty` and ``WrongState``."""
    match.party(party_id)
    closed, moves = _closed(match, "decline", reason_code, said.at)
    closed = _with_consent(closed, party_id, said, "declined")
    event = events.MatchDeclined(
        match_id=match.match_id,
        version=closed.version,
        need_id=match.need_id,
        party_id=party_id,
        reason_code=reason_code,
        account_manager_id=match.account_manager_id,
    )
    return Decision(closed, ((closed.version, event),), moves)


def expire(match: Match, reason: ExpiryReason, now: datetime) -> Decision:
    """The proposal ends by itself; what was reserved is free again. Raises ``WrongState``."""
    closed, moves = _closed(match, "expire", reason, now)
    event = events.MatchExpired(
        match_id=match.match_id,
        version=closed.version,
        need_id=match.need_id,
        reason_code=reason,
        account_manager_id=match.account_manager_id,
    )
    return Decision(closed, ((closed.version, event),), moves)


def release(match: Match, reason: ReleaseReason, now: datetime) -> Decision:
    """An accepted match ends: what is reserved or committed and not delivered is free again. Raises ``WrongState``."""
    closed, moves = _closed(match, "release", reason, now)
    event = events.MatchReleased(
        match_id=match.match_id,
        version=closed.version,
        need_id=match.need_id,
        reason_code=reason,
        account_manager_id=match.account_manager_id,
    )
    return Decision(closed, ((closed.version, event),), moves)


def sign(match: Match, signed: Sequence[Allocation]) -> Decision:
    """An agreement was signed for these allocations: what was reserved for them is committed."""
    state = after(match.state, "sign")
    keys = {(one.offer_id, one.offer_line, one.need_line) for one in signed}
    moves, parts = [], []
    for part in match.parts:
        found = part.allocation
        if part.reserved > 0 and (found.offer_id, found.offer_line, found.need_line) in keys:
            moves.append(Move(part, "commit", part.reserved))
            part = replace(part, reserved=ZERO, committed=part.committed + part.reserved)
        parts.append(part)
    return Decision(replace(match, state=state, parts=tuple(parts)), (), tuple(moves))


def deliver(match: Match, part: Part, difference: Decimal, free: Decimal = ZERO) -> Decision:
    """``difference`` more (or, corrected, less) of ``part`` was handed over.

    The ledger posts at most what was committed, whatever was recorded. There is no order between the news of a delivery
    and of the agreement's end: what came before the end and is heard of after it is taken again, as far as it is still
    ``free`` on both lines, or it would be offered a second time. What turns out not to have been delivered after a
    release is free again.
    """
    recorded = part.recorded + difference
    ended = match.state == "released"
    limit = part.delivered + part.committed
    if match.reason_code == "agreement_terminated":
        limit = min(part.allocation.quantity, part.delivered + free)
    change = min(max(recorded, ZERO), limit) - part.delivered
    left = part.committed if ended else part.committed - change
    entries: tuple[Entry, ...] = ("take_back",) if ended else ("undeliver",)
    if change > 0:
        entries = ("reserve", "commit", "deliver") if ended else ("deliver",)
    posted = replace(part, recorded=recorded, delivered=part.delivered + change, committed=left)
    parts = tuple(posted if one.position == part.position else one for one in match.parts)
    moves = tuple(Move(part, entry, abs(change)) for entry in entries) if change else ()
    return Decision(replace(match, parts=parts), (), moves)


def _closed(match: Match, happening: Happening, reason: str, now: datetime) -> tuple[Match, tuple[Move, ...]]:
    state = after(match.state, happening)
    moves = [Move(part, "release_reserved", part.reserved) for part in match.parts if part.reserved > 0]
    moves += [Move(part, "release_committed", part.committed) for part in match.parts if part.committed > 0]
    parts = tuple(replace(part, reserved=ZERO, committed=ZERO) for part in match.parts)
    closed = replace(match, state=state, version=match.version + 1, parts=parts, reason_code=reason, closed_at=now)
    return closed, tuple(moves)


def _with_consent(match: Match, party_id: str, said: Said, answer: ConsentState = "given") -> Match:
    parties = tuple(
        replace(one, consent=answer, channel=said.channel, note=said.note, decided_by=said.by, decided_at=said.at)
        if one.party.party_id == party_id
        else one
        for one in match.parties
    )
    return replace(match, parties=parties)


def _with_quantities(match: Match, quantities: Mapping[int, Decimal], lines: Mapping[tuple[UUID, int], Line]) -> Match:
    open_positions = {part.position for part in match.parts if part.to_agree}
    for position in quantities.keys() - open_positions:
        raise QuantityFixed(position)
    missing = open_positions - quantities.keys()
    if missing:
        raise QuantityMissing(sorted(missing))
    parts = []
    for part in match.parts:
        if part.position in quantities:
            quantity = quantities[part.position]
            line = lines[part.allocation.offer_id, part.allocation.offer_line]
            update = {"quantity": quantity, "value_cents": line.value_cents(quantity)}
            part = replace(part, allocation=part.allocation.model_copy(update=update), to_agree=False)
        parts.append(part)
    return replace(match, parts=tuple(parts))
