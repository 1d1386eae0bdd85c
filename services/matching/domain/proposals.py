"""Candidates become proposals: sets of offers that pass every filter, cover what is required, and are ranked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from uuid import UUID

from contracts.values import Allocation, Party, Reason
from services.matching.domain import coverage, filters, signals
from services.matching.domain.coverage import Provider
from services.matching.domain.rules import RULES_VERSION, TO_AGREE
from services.matching.domain.signals import Contribution, Piece, Question
from services.matching.domain.subjects import LineState, Need, Offer, Steering
from services.matching.domain.text import Likeness


@dataclass(frozen=True, slots=True)
class Share:
    """What one offered line brings to a proposal; ``to_agree`` when nobody has said how much yet."""

    allocation: Allocation
    to_agree: bool
    offer_version: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """One match that could be. ``key`` says which lines meet which; ``basis`` in which versions of need and offers."""

    need: Need
    key: str
    basis: str
    score: float
    reasons: tuple[Reason, ...]
    rules_version: str
    shares: tuple[Share, ...]
    parties: tuple[Party, ...]
    answers: bool
    due_on: date | None
    account_manager_id: str | None
    expected_return: str

    @property
    def triangulation(self) -> bool:
        """Several givers together meet one need."""
        return sum(party.role == "giver" for party in self.parties) > 1


@dataclass(frozen=True, slots=True)
class Memory:
    """What was decided about a need before: sets not to be proposed again, and offers whose giver said no to it.

    ``settled`` are bases, so that a changed need or offer gets a new chance; likewise ``refused`` are offers with
    the version that was refused.
    """

    settled: frozenset[tuple[str, str]] = frozenset()
    refused: frozenset[tuple[UUID, int]] = frozenset()

    def allows(self, candidate: Candidate) -> bool:
        return not self.settled or (candidate.key, candidate.basis) not in self.settled

    def admits(self, offer: Offer) -> bool:
        return (offer.offer_id, offer.state.version) not in self.refused


@dataclass(frozen=True, slots=True)
class Candidate:
    """A ranked set. Only what is chosen is made into a :class:`Proposal`, with all its sentences and parties."""

    need: Need
    pieces: Sequence[Piece]
    key: str
    score: float
    contributions: Sequence[Contribution]
    answers: bool

    @property
    def offers(self) -> list[Offer]:
        return list({piece.offer.offer_id: piece.offer for piece in self.pieces}.values())

    @property
    def basis(self) -> str:
        versions = sorted(f"{offer.offer_id}:{offer.state.version}" for offer in self.offers)
        return f"{self.need.state.version};{','.join(versions)}"

    @property
    def order(self) -> tuple[bool, float, str]:
        """What answers the need comes before all else, then the best."""
        return (not self.answers, -self.score, self.key)

    def proposal(self) -> Proposal:
        need, offers = self.need, self.offers
        visibility = any(offer.state.expected_return == "visibility" for offer in offers)
        return Proposal(
            need=need,
            key=self.key,
            basis=self.basis,
            score=self.score,
            reasons=tuple(one.reason() for one in self.contributions),
            rules_version=RULES_VERSION,
            shares=tuple(_share(piece) for piece in self.pieces),
            parties=tuple(_parties(need, offers)),
            answers=self.answers,
            due_on=signals.deadline(need),
            account_manager_id=offers[0].giver.account_manager_id or need.state.account_manager_id,
            expected_return="visibility" if visibility else "none",
        )


def propose(need: Need, offers: Collection[Offer], steering: Steering, now: datetime) -> list[Proposal]:
    """Every proposal for the need, as :func:`candidates` ranks them."""
    return [one.proposal() for one in candidates(need, offers, steering, now)]


def candidates(
    need: Need,
    offers: Collection[Offer],
    steering: Steering,
    now: datetime,
    *,
    memory: Memory = Memory(),
    leading: Collection[UUID] | None = None,
    likeness: Mapping[UUID, Likeness] | None = None,
) -> list[Candidate]:
    """Every set that could be proposed for the need, best first, those that answer it before all others.

    ``leading`` limits which offers may be the main one (None = all). ``likeness`` is by offer what the texts have in
    common; without it the words decide.
    """
    able = [offer for offer in offers if memory.admits(offer) and not filters.obstacles(need, offer, now)]
    if filters.need_obstacles(need, now) or not need.open_lines():
        return []
    able.sort(key=lambda offer: (not offer.answers(need), str(offer.offer_id)))
    bringing = coverage.providers(need, able)
    found: dict[str, Candidate] = {}
    today = signals.day_of(now)
    for lead in able:
        if leading is not None and lead.offer_id not in leading:
            continue
        for pieces in _sets(need, lead, able, bringing):
            candidate = _ranked(Question(need, pieces, steering, today, likeness))
            if memory.allows(candidate):
                found.setdefault(candidate.key, candidate)
    return sorted(found.values(), key=lambda one: one.order)


def _sets(need: Need, lead: Offer, able: Sequence[Offer], bringing: Sequence[Provider]) -> Iterable[list[Piece]]:
    """The sets around one main offer: nothing when it meets no line or a capability cannot be had."""
    main = _main_pieces(need, lead, able)
    if not main or main[0].offer is not lead:
        return
    offers = {piece.offer.offer_id: piece.offer for piece in main}
    own = _own_capabilities(need, main)
    covered = {piece.offered.line.capability for piece in main} | own.keys()
    missing = [capability for capability in need.state.requires if capability not in covered]
    available = [one for one in bringing if one.offer.offer_id not in offers]
    givers = {offer.state.stakeholder_id for offer in offers.values()}
    for chosen in coverage.covers(missing, available, givers):
        brought: dict[str, tuple[Offer, LineState]] = dict(own)
        for one in chosen:
            for capability, line in one.lines.items():
                if capability in missing:
                    brought.setdefault(capability, (one.offer, line))
        yield main + _capability_pieces(need, main, brought)


def _main_pieces(need: Need, lead: Offer, able: Sequence[Offer]) -> list[Piece]:
    """The lead's lines meet what they can; each line it leaves is met by the first other offer that can."""
    pieces: list[Piece] = []
    taken: set[tuple[UUID, int]] = set()
    for offers in ([lead], able):
        for asked in need.open_lines():
            if any(piece.asked is asked for piece in pieces):
                continue
            found = _first_fit(asked, offers, taken)
            if found is not None:
                pieces.append(found)
                taken.add((found.offer.offer_id, found.offered.index))
        if not pieces:
            return []
    return pieces


def _first_fit(asked: LineState, offers: Sequence[Offer], taken: Collection[tuple[UUID, int]]) -> Piece | None:
    for offer in offers:
        for offered in offer.lines:
            if (offer.offer_id, offered.index) not in taken and not filters.line_obstacles(asked, offered):
                return Piece(offer, offered, asked, _met(asked, offered))
    return None


def _met(asked: LineState, offered: LineState) -> Decimal | None:
    """As much as both sides have left; the closed side's quantity when one is open-ended; None when both are."""
    if asked.open_ended:
        return None if offered.open_ended else offered.free
    return asked.free if offered.open_ended else min(asked.free, offered.free)


def _own_capabilities(need: Need, main: Sequence[Piece]) -> dict[str, tuple[Offer, LineState]]:
    """Required capabilities that the main offers bring with lines that meet nothing else."""
    own: dict[str, tuple[Offer, LineState]] = {}
    for piece in main:
        used = {other.offered.index for other in main if other.offer is piece.offer}
        for capability, line in coverage.lines_that_bring(need.state.requires, piece.offer, used).items():
            own.setdefault(capability, (piece.offer, line))
    done = {piece.offered.line.capability for piece in main}
    return {capability: found for capability, found in own.items() if capability not in done}


def _capability_pieces(need: Need, main: Sequence[Piece], brought: dict[str, tuple[Offer, LineState]]) -> list[Piece]:
    ordered = [capability for capability in need.state.requires if capability in brought]
    return [
        Piece(brought[capability][0], brought[capability][1], None, _lent(main, brought[capability][1]))
        for capability in ordered
    ]


def _lent(main: Sequence[Piece], offered: LineState) -> Decimal | None:
    """In the unit of a main line: as much as that line, as far as it goes; else all there is."""
    for piece in main:
        if piece.offered.line.unit == offered.line.unit and piece.quantity is not None:
            return piece.quantity if offered.open_ended else min(piece.quantity, offered.free)
    return None if offered.open_ended else offered.free


def _ranked(question: Question) -> Candidate:
    score, contributions = signals.rank(question)
    answers = any(offer.answers(question.need) for offer in question.offers)
    return Candidate(question.need, question.pieces, _key(question.pieces), score, contributions, answers)


def _key(pieces: Sequence[Piece]) -> str:
    lines = sorted(
        f"{piece.offer.offer_id}/{piece.offered.index}>{'' if piece.asked is None else piece.asked.index}"
        for piece in pieces
    )
    return sha256("|".join(lines).encode()).hexdigest()[:32]


def _share(piece: Piece) -> Share:
    line, offer = piece.offered.line, piece.offer
    quantity = piece.quantity if piece.quantity is not None else TO_AGREE
    allocation = Allocation(
        offer_id=offer.offer_id,
        offer_line=piece.offered.index,
        need_line=None if piece.asked is None else piece.asked.index,
        stakeholder_id=offer.state.stakeholder_id,
        kind=line.kind,
        capability=line.capability,
        quantity=quantity,
        unit=line.unit,
        recurrence=line.recurrence,
        value_cents=line.value_cents(quantity) if piece.quantity is not None else None,
        description=line.description or offer.state.title,
    )
    return Share(allocation, piece.quantity is None, offer.state.version)


def _parties(need: Need, offers: Sequence[Offer]) -> Iterable[Party]:
    """The department, every giver once with the partners of its offers, every receiver the need names."""
    state = need.state
    yield Party(
        party_id=f"department:{state.department}",
        role="department",
        department=state.department,
        name=state.department_name or state.department,
        account_manager_id=state.account_manager_id,
    )
    for giver in {offer.state.stakeholder_id: offer.giver for offer in offers}.values():
        partners = {
            partner.stakeholder_id: partner
            for offer in offers
            if offer.state.stakeholder_id == giver.stakeholder_id
            for partner in offer.state.partners
        }
        yield Party(
            party_id=f"stakeholder:{giver.stakeholder_id}",
            role="giver",
            stakeholder_id=giver.stakeholder_id,
            name=giver.name or str(giver.stakeholder_id),
            account_manager_id=giver.account_manager_id,
            partners=tuple(partners.values()),
        )
    for receiver_id in dict.fromkeys(state.receivers):
        receiver = need.receivers[receiver_id]
        yield Party(
            party_id=f"stakeholder:{receiver_id}",
            role="receiver",
            stakeholder_id=receiver_id,
            name=receiver.name or str(receiver_id),
            account_manager_id=receiver.account_manager_id,
        )
