"""From needs and offers as they are to the problem that is solved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_UP, Decimal
from uuid import UUID

from services.matching.allocation.capabilities import Dealt, Provider, Want, deal
from services.matching.allocation.model import Edge, NeedLine, OfferLine, Problem, Rules
from services.matching.domain import deals, filters, signals
from services.matching.domain.instruments import InForce
from services.matching.domain.signals import Contribution, Piece, Question
from services.matching.domain.subjects import LineState, Need, Offer, Steering
from services.matching.domain.text import Likeness
from services.matching.handlers.proposing import likeness_of
from services.matching.planning.parameters import Parameters

EACH_LINK = 0.01
"""What one more giver costs, as in the ranking: everybody has to agree."""
_MILLI = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A need that is not in the plan. ``reason``: no_candidate, to_be_agreed, not_proposable, capability_missing, or
    capability_dealt when others come first for it."""

    need_id: UUID
    title: str
    reason: str
    what: str = ""


@dataclass(slots=True)
class Gathered:
    """What has been read so far: needs with the lines of offers that may meet theirs, the best first."""

    steering: Steering
    today: date
    needs: dict[UUID, Need] = field(default_factory=dict)
    alike: dict[UUID, dict[UUID, Likeness]] = field(default_factory=dict)
    offers: dict[UUID, Offer] = field(default_factory=dict)
    pairs: dict[tuple[UUID, int], list[tuple[float, UUID, int]]] = field(default_factory=dict)
    providers: dict[UUID, dict[str, list[tuple[UUID, int]]]] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    instruments: InForce = field(default_factory=InForce)

    def possible(self, need: Need, offer: Offer, asked: LineState, offered: LineState) -> bool:
        """Whether an instrument could be used for the pair; where more is required, for the offer in some set."""
        if need.state.requires:
            return deals.never(offer, self.instruments) is None
        piece = Piece(offer, offered, asked, met(asked, offered))
        return deals.refused(need, [piece], self.instruments) is None

    def score(self, need: Need, offer: Offer, asked: LineState, offered: LineState) -> float:
        return self.judged(need, offer, asked, offered, met(asked, offered))[0]

    def judged(
        self, need: Need, offer: Offer, asked: LineState, offered: LineState, quantity: Decimal | None
    ) -> tuple[float, list[Contribution]]:
        """Score and reasons of one offered line for one asked line."""
        piece = Piece(offer, offered, asked, quantity)
        alike = self.alike.get(need.need_id)
        return signals.rank(Question(need, [piece], self.steering, self.today, alike))


@dataclass(frozen=True, slots=True)
class Situation:
    """The problem, and how to read its answer."""

    problem: Problem
    gathered: Gathered
    dealt: Mapping[str, Dealt]
    left_out: Sequence[LeftOut]


def key_of(subject: UUID, line: int) -> str:
    return f"{subject}/{line}"


def parted(key: str) -> tuple[UUID, int]:
    subject, _, line = key.partition("/")
    return UUID(subject), int(line)


def met(asked: LineState, offered: LineState) -> Decimal | None:
    """As much as both sides have left; None when both are open-ended."""
    if asked.open_ended:
        return None if offered.open_ended else offered.free
    return asked.free if offered.open_ended else min(asked.free, offered.free)


def consider(gathered: Gathered, need: Need, offers: Sequence[Offer], parameters: Parameters, most: int) -> None:
    """Notes which offered lines may meet the need's lines (the best ``most`` each, and those that somebody insists on)
    and who brings what it requires."""
    kinds = parameters.kinds
    lines = [asked for asked in need.open_lines() if not kinds or asked.line.kind in kinds]
    insisted = {
        (one.need_line, one.offer_id, one.offer_line) for one in parameters.insist if one.need_id == need.need_id
    }
    gathered.alike[need.need_id] = likeness_of(need, offers)
    to_agree = False
    for asked in lines:
        fits = [
            (offer, offered)
            for offer in offers
            for offered in offer.lines
            if not filters.meeting_obstacles(need, offer, asked, offered)
            and gathered.possible(need, offer, asked, offered)
        ]
        fixed = [(offer, offered) for offer, offered in fits if not (asked.open_ended and offered.open_ended)]
        to_agree |= len(fixed) < len(fits)
        scored = [(gathered.score(need, offer, asked, line), offer.offer_id, line.index) for offer, line in fixed]
        if scored:
            ordered = sorted(scored, key=lambda one: (-one[0], str(one[1]), one[2]))
            meant = [one for one in ordered[most:] if (asked.index, one[1], one[2]) in insisted]
            gathered.pairs[need.need_id, asked.index] = ordered[:most] + meant
    if not any((need.need_id, asked.index) in gathered.pairs for asked in lines):
        reason = "to_be_agreed" if to_agree else "no_candidate"
        gathered.left_out.append(LeftOut(need.need_id, need.state.title, reason))
        del gathered.alike[need.need_id]
        return
    gathered.needs[need.need_id] = need
    gathered.providers[need.need_id] = {capability: _bringing(capability, offers) for capability in need.state.requires}


def _bringing(capability: str, offers: Sequence[Offer]) -> list[tuple[UUID, int]]:
    return [
        (offer.offer_id, offered.index)
        for offer in offers
        for offered in offer.lines
        if offered.line.capability == capability and offered.has_something_left
    ]


def situation(gathered: Gathered, parameters: Parameters) -> Situation:
    """The problem that follows from what was gathered: capabilities dealt out, quantities fixed, weights set."""
    dealt, taken = _dealt(gathered)
    left_out = list(gathered.left_out)
    needs: list[NeedLine] = []
    lots: list[Decimal] = []
    place: dict[str, int] = {}
    for (need_id, index), found in gathered.pairs.items():
        need, key = gathered.needs[need_id], key_of(need_id, index)
        share = dealt.get(key)
        if share is not None and share.missing:
            nobody = [one for one in share.missing if not gathered.providers[need_id][one]]
            reason = "capability_missing" if nobody else "capability_dealt"
            left_out.append(LeftOut(need_id, need.state.title, reason, (nobody or share.missing)[0]))
            continue
        asked = _asked(gathered, need.lines[index], found)
        if share is not None:
            asked = min(asked, share.quantity)
        if asked > 0:
            place[key] = len(needs)
            lots.append(_lent_at_least(gathered, need.lines[index], share))
            needs.append(_need_line(gathered, need, key, need.lines[index], asked, parameters))
    offers, edges = _offers_and_edges(gathered, needs, lots, place, taken)
    problem = Problem(needs, offers, edges, Rules(parameters.fairness, EACH_LINK))
    return Situation(problem, gathered, dealt, tuple(left_out))


def importance(gathered: Gathered, need: Need) -> float:
    """How much a need counts: once, and up to twice when the focus group puts its policy area first."""
    return 1.0 + gathered.steering.weights.get(need.state.policy_area, 0.0)


def hardship(gathered: Gathered, need: Need) -> float:
    """How badly off the need's neighbourhood is; the average of all where nobody knows."""
    known = gathered.steering.hardship
    nil = need.state.place.nil if need.state.place else None
    if nil is not None and nil in known:
        return known[nil]
    return sum(known.values()) / len(known) if known else 0.5


def _dealt(gathered: Gathered) -> tuple[dict[str, Dealt], dict[str, Decimal]]:
    wants, providers = [], {}
    for (need_id, index), found in gathered.pairs.items():
        by_capability = gathered.providers[need_id]
        if not by_capability:
            continue
        need = gathered.needs[need_id]
        asked = need.lines[index]
        for offer_id, line in {one for each in by_capability.values() for one in each}:
            offered = gathered.offers[offer_id].lines[line]
            free = None if offered.open_ended else offered.free
            providers[key_of(offer_id, line)] = Provider(key_of(offer_id, line), offered.line.unit, free, offered.least)
        wants.append(
            Want(
                key_of(need_id, index),
                asked.line.unit,
                _asked(gathered, asked, found),
                importance(gathered, need) * (1 + hardship(gathered, need)),
                {capability: [key_of(*one) for one in each] for capability, each in by_capability.items()},
            )
        )
    return deal(wants, providers)


def _asked(gathered: Gathered, asked: LineState, found: Sequence[tuple[float, UUID, int]]) -> Decimal:
    """What the line still asks. Open-ended: as much as the largest of its candidates has."""
    if not asked.open_ended:
        return asked.free
    lines = [gathered.offers[offer_id].lines[index] for _, offer_id, index in found]
    return max(line.free for line in lines)


def _need_line(
    gathered: Gathered, need: Need, key: str, asked: LineState, quantity: Decimal, parameters: Parameters
) -> NeedLine:
    return NeedLine(
        key,
        f"{asked.line.kind}/{asked.line.unit}",
        quantity,
        importance(gathered, need),
        need.state.place.nil if need.state.place else None,
        hardship(gathered, need),
        (quantity * Decimal(str(parameters.smallest_share))).quantize(_MILLI, ROUND_UP),
        parameters.most_givers,
    )


def _offers_and_edges(
    gathered: Gathered,
    needs: Sequence[NeedLine],
    lots: Sequence[Decimal],
    place: Mapping[str, int],
    taken: Mapping[str, Decimal],
) -> tuple[list[OfferLine], list[Edge]]:
    """``lots``: what one match for the need has to be at least, for the sake of who brings what it requires."""
    offers: dict[str, OfferLine | None] = {}
    number: dict[str, int] = {}
    wanted: dict[str, Decimal] = {}
    for (need_id, index), found in gathered.pairs.items():
        if (at := place.get(key_of(need_id, index))) is not None:
            for _, offer_id, line in found:
                key = key_of(offer_id, line)
                wanted[key] = wanted.get(key, Decimal(0)) + needs[at].asked
    edges = []
    for (need_id, index), found in gathered.pairs.items():
        if (at := place.get(key_of(need_id, index))) is None:
            continue
        for score, offer_id, line in found:
            key = key_of(offer_id, line)
            if key not in offers:
                offers[key] = _offer_line(gathered, key, offer_id, line, wanted[key], taken.get(key, Decimal(0)))
                if offers[key] is not None:
                    number[key] = len(number)
            if key in number:
                offered = gathered.offers[offer_id].lines[line]
                least = max(lots[at], gathered.needs[need_id].lines[index].least, offered.least)
                if least <= min(needs[at].asked, _free(offers[key])):
                    edges.append(Edge(at, number[key], score, least=least))
    return [offer for offer in offers.values() if offer is not None], edges


def _lent_at_least(gathered: Gathered, asked: LineState, share: Dealt | None) -> Decimal:
    """As much as the goods is lent of what is counted alike: the goods must not be fewer than its smallest lot."""
    keys = share.providers.values() if share is not None else ()
    lines = [gathered.offers[offer_id].lines[line] for offer_id, line in map(parted, keys)]
    return max((line.least for line in lines if line.line.unit == asked.line.unit), default=Decimal(0))


def _free(offer: OfferLine | None) -> Decimal:
    return offer.free if offer is not None else Decimal(0)


def _offer_line(
    gathered: Gathered, key: str, offer_id: UUID, line: int, wanted: Decimal, taken: Decimal
) -> OfferLine | None:
    """None when capabilities have taken all there is. Open-ended: as much as anybody wants of it."""
    offered = gathered.offers[offer_id].lines[line]
    free = wanted if offered.open_ended else offered.free - taken
    return OfferLine(key, f"{offered.line.kind}/{offered.line.unit}", free) if free > 0 else None
