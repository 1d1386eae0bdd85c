"""Candidates become proposals: sets of offers that pass every filter, cover what is required, and are ranked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from uuid import UUID

from contracts.values import Party, ProposedAllocation, Reason
from services.matching.domain import deals, filters, sets, signals
from services.matching.domain.rules import RULES_VERSION
from services.matching.domain.signals import Contribution, Piece, Question
from services.matching.domain.subjects import Need, Offer, Steering
from services.matching.domain.text import Likeness


@dataclass(frozen=True, slots=True)
class Share:
    """What one offered line brings to a proposal, as the offer's version says it."""

    allocation: ProposedAllocation
    offer_version: int

    @property
    def to_agree(self) -> bool:
        """Nobody has said how much yet."""
        return self.allocation.quantity is None


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
    planned: bool = False

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
    """A ranked set. Only what is chosen is made into a :class:`Proposal`, with all its sentences and parties.

    ``planned``: its quantities come from a plan over all needs and may be less than there is.
    """

    need: Need
    pieces: Sequence[Piece]
    key: str
    score: float
    contributions: Sequence[Contribution]
    answers: bool
    planned: bool = False
    rules_version: str = RULES_VERSION

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
            rules_version=self.rules_version,
            shares=tuple(_share(piece) for piece in self.pieces),
            parties=tuple(_parties(need, offers)),
            answers=self.answers,
            due_on=signals.deadline(need),
            account_manager_id=offers[0].giver.account_manager_id or need.state.account_manager_id,
            expected_return="visibility" if visibility else "none",
            planned=self.planned,
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
    instruments = steering.toolkit.at(now)
    able = [offer for offer in offers if memory.admits(offer) and not filters.obstacles(need, offer, now)]
    if need.state.requires or len(need.lines) > 1:  # else sets are of one offer, and each is asked below
        able = [offer for offer in able if not deals.never(offer, instruments)]
    if filters.need_obstacles(need, now) or not need.open_lines():
        return []
    chosen = sets.Able.of(need, able)
    found: dict[str, Candidate] = {}
    today = signals.day_of(now)
    of_need: dict[str, Contribution | None] = {}
    for lead in chosen.offers:
        if leading is not None and lead.offer_id not in leading:
            continue
        for pieces in sets.around(chosen, lead):
            if deals.refused(need, pieces, instruments):
                continue
            candidate = ranked(Question(need, pieces, steering, today, likeness, of_need))
            if memory.allows(candidate):
                found.setdefault(candidate.key, candidate)
    return sorted(found.values(), key=lambda one: one.order)


def ranked(question: Question) -> Candidate:
    """The set with its score and what makes it up."""
    score, contributions = signals.rank(question)
    answers = any(offer.answers(question.need) for offer in question.offers)
    key, version = _key(question.pieces), question.steering.ranking.version
    return Candidate(question.need, question.pieces, key, score, contributions, answers, rules_version=version)


def _key(pieces: Sequence[Piece]) -> str:
    lines = sorted(
        f"{piece.offer.offer_id}/{piece.offered.index}>{'' if piece.asked is None else piece.asked.index}"
        for piece in pieces
    )
    return sha256("|".join(lines).encode()).hexdigest()[:32]


def _share(piece: Piece) -> Share:
    line, offer = piece.offered.line, piece.offer
    quantity = piece.quantity
    allocation = ProposedAllocation(
        offer_id=offer.offer_id,
        offer_line=piece.offered.index,
        need_line=None if piece.asked is None else piece.asked.index,
        stakeholder_id=offer.state.stakeholder_id,
        kind=line.kind,
        capability=line.capability,
        quantity=quantity,
        unit=line.unit,
        recurrence=line.recurrence,
        value_cents=None if quantity is None else line.value_cents(quantity),
        description=line.description or offer.state.title,
    )
    return Share(allocation, offer.state.version)


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
