"""A match: who takes part, what each brings, who has agreed, and what each decision makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from contracts.event import Event
from contracts.events import matching as events
from contracts.values import Allocation, Line
from services.matching.domain.history import Act, Answer, Asked, Channel, ConsentState, Memento, Taken
from services.matching.domain.ledger import ZERO, Entry
from services.matching.domain.parts import MatchParty, Move, Part, QuantityMissing
from services.matching.domain.states import Happening, State, after

ExpiryReason = Literal["timeout", "superseded", "need_closed", "offer_closed"]
ReleaseReason = Literal["agreement_rejected", "agreement_terminated", "party_withdrew", "released_by_manager", "undone"]


class UnknownParty(Exception):
    """The match has no such party."""


class QuantityFixed(Exception):
    """The quantity of this allocation is not for anybody to choose (any more)."""

    def __init__(self, position: int) -> None:
        super().__init__(f"the quantity of {position} is fixed")
        self.position = position


@dataclass(frozen=True, slots=True)
class Match:
    """The aggregate. ``expires_at`` counts while it is proposed: for a decision, then for the missing consents.

    ``last`` is the last step that was not taken back. ``submitted_at``: since when one of its agreements is known to be
    under way; ``asked``: that it should end (:mod:`services.matching.domain.ending`). While it is proposed, everything
    is reserved as soon as one party consented, and nothing before.
    """

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
    planned: bool = False
    reason_code: str | None = None
    closed_at: datetime | None = None
    due_on: date | None = None
    postponed_until: datetime | None = None
    replaces: UUID | None = None
    replaced_by: UUID | None = None
    last: Taken | None = None
    proposed_at: datetime | None = None
    submitted_at: datetime | None = None
    asked: Asked | None = None

    @property
    def consented(self) -> tuple[str, ...]:
        return tuple(one.party.party_id for one in self.parties if one.consent == "given")

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
    def agreed(self) -> tuple[Allocation, ...]:
        """What goes from whom. Raises :class:`QuantityMissing` while something is to be agreed."""
        return tuple(part.agreed for part in self.parts)

    @property
    def memento(self) -> Memento:
        return Memento(
            expires_at=self.expires_at,
            postponed_until=self.postponed_until,
            answers=tuple(one.answer for one in self.parties),
            figures=tuple(part.figure for part in self.parts),
        )

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
    """The match after a decision, the events that tell of it with their versions, and what the ledger moves.

    ``taken`` is the step it adds to the match's history.
    """

    match: Match
    events: tuple[tuple[int, Event], ...] = ()
    moves: tuple[Move, ...] = field(default=())
    taken: Taken | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """How a party's decision came in; ``by`` None = by itself."""

    by: str | None
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
    agreed = replace(with_answer(match, _answer(party_id, said, "given")), postponed_until=None)
    if match.is_reserved:
        if quantities:
            raise QuantityFixed(min(quantities))
    else:
        agreed = replace(_with_quantities(agreed, quantities, lines), expires_at=reserved_until)
    agreed, moves = rebalanced(agreed)
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
                expires_at=agreed.expires_at,
                account_manager_id=match.account_manager_id,
            ),
        )
    ]
    agreed = replace(agreed, state=state, version=given + last)
    if last:
        told.append((agreed.version, accepted(agreed)))
    return noted(Decision(agreed, tuple(told), moves), "consent", said, party_id, before=match)


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
        allocations=match.agreed,
        account_manager_id=match.account_manager_id,
        beneficiaries=match.beneficiaries,
        expected_return=match.expected_return,
    )


def decline(match: Match, party_id: str, said: Said, reason_code: str) -> Decision:
    """One party refuses: nothing stays reserved. Raises :class:`UnknownParty` and ``WrongState``."""
    match.party(party_id)
    closed, moves = _closed(match, "decline", reason_code, said.at)
    closed = with_answer(closed, _answer(party_id, said, "declined"))
    event = events.MatchDeclined(
        match_id=match.match_id,
        version=closed.version,
        need_id=match.need_id,
        party_id=party_id,
        reason_code=reason_code,
        account_manager_id=match.account_manager_id,
    )
    decision = Decision(closed, ((closed.version, event),), moves)
    return noted(decision, "decline", said, party_id, reason_code, before=match)


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
    return noted(Decision(closed, ((closed.version, event),), moves), "expire", Said(None, now), None, reason)


def release(match: Match, reason: ReleaseReason, now: datetime, by: str | None = None) -> Decision:
    """An accepted match ends: what is reserved or committed and not delivered is free again. Raises ``WrongState``."""
    closed, moves = _closed(match, "release", reason, now)
    event = events.MatchReleased(
        match_id=match.match_id,
        version=closed.version,
        need_id=match.need_id,
        reason_code=reason,
        account_manager_id=match.account_manager_id,
    )
    return noted(Decision(closed, ((closed.version, event),), moves), "release", Said(by, now), None, reason)


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
    ended = match.state == "released" or part.given_up
    limit = part.delivered + part.committed
    if match.reason_code == "agreement_terminated" or (match.state == "accepted" and part.given_up):
        limit = min(part.quantity, part.delivered + free)
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


def _answer(party_id: str, said: Said, consent: ConsentState) -> Answer:
    return Answer(
        party_id=party_id,
        consent=consent,
        channel=said.channel,
        note=said.note,
        decided_by=said.by,
        decided_at=said.at,
    )


def with_answer(match: Match, *answers: Answer) -> Match:
    """The match with what these parties say now; the others as they were."""
    said = {one.party_id: one.model_dump(exclude={"party_id"}) for one in answers}
    parties = tuple(replace(one, **said.get(one.party.party_id, {})) for one in match.parties)
    return replace(match, parties=parties)


def rebalanced(match: Match) -> tuple[Match, tuple[Move, ...]]:
    """A proposal with everything reserved when somebody consented and nothing otherwise.

    What is given back moves before what is taken, so that a line that both concern is not overdrawn in between.
    """
    moves, parts = [], []
    for part in match.parts:
        wanted = part.quantity if match.consented else ZERO
        if wanted != part.reserved:
            entry: Entry = "reserve" if wanted > part.reserved else "release_reserved"
            moves.append(Move(part, entry, abs(wanted - part.reserved)))
        parts.append(replace(part, reserved=wanted))
    moves.sort(key=lambda move: move.entry == "reserve")
    return replace(match, parts=tuple(parts)), tuple(moves)


def noted(
    decision: Decision,
    act: Act,
    said: Said,
    party_id: str | None = None,
    reason_code: str | None = None,
    before: Match | None = None,
) -> Decision:
    """The decision with its step in the history; ``before`` when it can be taken back."""
    taken = Taken(
        version=decision.match.version,
        act=act,
        at=said.at,
        party_id=party_id,
        by=said.by,
        channel=said.channel if party_id else None,
        note=said.note,
        reason_code=reason_code,
        before=before.memento if before else None,
    )
    return replace(decision, match=replace(decision.match, last=taken), taken=taken)


def _with_quantities(match: Match, quantities: Mapping[int, Decimal], lines: Mapping[tuple[UUID, int], Line]) -> Match:
    open_positions = {part.position for part in match.parts if part.to_agree}
    for position in quantities.keys() - open_positions:
        raise QuantityFixed(position)
    missing = open_positions - quantities.keys()
    if missing:
        raise QuantityMissing(sorted(missing))
    parts = tuple(
        part.with_quantity(quantities[part.position], lines) if part.position in quantities else part
        for part in match.parts
    )
    return replace(match, parts=parts)
