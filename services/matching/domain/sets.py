"""Which offers together meet a need: main offers for its lines, capabilities around them, replacements for who left.

Every set is all or none. The search is bounded: main offers are taken greedily, capabilities by :mod:`coverage`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from uuid import UUID

from services.matching.domain import coverage, filters, limits
from services.matching.domain.coverage import Provider
from services.matching.domain.rules import ALTERNATIVES, MOST_OFFERS
from services.matching.domain.signals import Piece
from services.matching.domain.subjects import LineState, Need, Offer

Fit = tuple[Offer, LineState]
_NONE = Decimal(0)


@dataclass(frozen=True, slots=True)
class Able:
    """The offers that may serve a need, those that answer it first; by line of the need what fits it.

    ``joining`` are the offers around which others are gathered where one does not suffice; ``too_large`` the lines
    that bring no capability here, because their smallest lot is more than can be needed.
    """

    need: Need
    offers: Sequence[Offer]
    bringing: Sequence[Provider]
    fits: dict[int, list[Fit]] = field(default_factory=dict)
    joining: Collection[UUID] = ()
    too_large: Collection[tuple[UUID, int]] = ()
    _covers: dict[object, list[list[Provider]]] = field(default_factory=dict)

    def covers(self, missing: Sequence[str], main: Collection[Offer]) -> list[list[Provider]]:
        """Who brings what is missing beside these main offers. Most of them bring nothing themselves and give the
        same answer: it is worked out once."""
        without = {offer.offer_id for offer in main}
        givers = {offer.state.stakeholder_id for offer in main}
        key = (
            frozenset(missing),
            frozenset(one.offer.offer_id for one in self.bringing if one.offer.offer_id in without),
            frozenset(giver for one in self.bringing if (giver := one.offer.state.stakeholder_id) in givers),
        )
        if key not in self._covers:
            available = [one for one in self.bringing if one.offer.offer_id not in without]
            self._covers[key] = coverage.covers(missing, available, givers)
        return self._covers[key]

    @classmethod
    def of(cls, need: Need, offers: Collection[Offer]) -> Able:
        ordered = sorted(offers, key=lambda offer: (not offer.answers(need), str(offer.offer_id)))
        fits = {
            asked.index: [
                (offer, offered)
                for offer in ordered
                for offered in offer.lines
                if not filters.meeting_obstacles(need, offer, asked, offered)
            ]
            for asked in need.open_lines()
        }
        too_large = _too_large(need, ordered)
        bringing = coverage.providers(need, ordered, too_large)
        return cls(need, ordered, bringing, fits, _first(need, fits), too_large)


@dataclass(frozen=True, slots=True)
class Gap:
    """What a party that fell out leaves open. ``need_line`` None = a capability."""

    need_line: int | None
    capability: str | None
    unit: str
    quantity: Decimal


def around(able: Able, lead: Offer) -> Iterator[list[Piece]]:
    """The sets around one main offer: none when it meets no line or a capability cannot be had.

    Where capabilities have to be brought together anyway and the lead leaves part of a line open, also the set in
    which further offers meet the rest; the first few leads are enough for that.
    """
    main = _main(able, lead)
    if not main:
        return
    yield from filter(_keeps_lots, _with_capabilities(able, main))
    if able.need.state.requires and lead.offer_id in able.joining:
        joined = _joined(able, main)
        if len(joined) > len(main):
            yield from islice(filter(_keeps_lots, _with_capabilities(able, joined)), 1)


def refilled(able: Able, kept: Sequence[Piece], gaps: Sequence[Gap]) -> Iterator[list[Piece]]:
    """``kept`` as it is, with others in the gaps, each filled wholly; none when that cannot be done."""
    pieces = list(kept)
    for gap in gaps:
        if gap.need_line is not None:
            asked = next((line for line in able.need.lines if line.index == gap.need_line), None)
            found = _met_by_others(able, pieces, asked, gap.quantity) if asked else None
            if found is None:
                return
            pieces += found
    missing = [gap for gap in gaps if gap.need_line is None]
    givers = {piece.offer.state.stakeholder_id for piece in pieces}
    used = {(piece.offer.offer_id, piece.offered.index) for piece in pieces}
    available = [one for one in able.bringing if _free_of(one, used)]
    for chosen in coverage.covers([str(gap.capability) for gap in missing], available, givers):
        filled = [_lends(gap, chosen) for gap in missing]
        together = pieces + [piece for piece in filled if piece is not None]
        if None not in filled and _keeps_lots(together):
            yield together


def _too_large(need: Need, offers: Collection[Offer]) -> set[tuple[UUID, int]]:
    """Lines whose smallest lot is more than can be needed of them, would they bring what is required."""
    most: dict[str, Decimal] = {}
    for line in need.lines:
        if not line.open_ended:
            most[line.line.unit] = max(line.free, most.get(line.line.unit, _NONE))
    return {
        (offer.offer_id, line.index)
        for offer in offers
        for line in offer.lines
        if line.line.min_lot is not None and line.least > most.get(line.line.unit, line.least)
    }


def _keeps_lots(pieces: Sequence[Piece]) -> bool:
    """No piece is below a smallest lot; of an asked line the last one may be what the others leave."""
    for piece in pieces:
        if not limits.keeps_lots(piece.quantity, piece.offered):
            return False
    for asked in {id(piece.asked): piece.asked for piece in pieces if piece.asked is not None}.values():
        met = [piece.quantity for piece in pieces if piece.asked is asked and piece.quantity is not None]
        small = sum(quantity < asked.least for quantity in met)
        if small > 1 or (small == 1 and (asked.open_ended or sum(met, _NONE) < asked.free)):
            return False
    return True


def _first(need: Need, fits: dict[int, list[Fit]]) -> set[UUID]:
    """Those that answer the need, then those that bring most: so few are many."""
    best: dict[UUID, tuple[bool, bool, Decimal]] = {}
    for offer, offered in (fit for found in fits.values() for fit in found):
        rank = (not offer.answers(need), not offered.open_ended, -offered.free)
        best[offer.offer_id] = min(rank, best.get(offer.offer_id, rank))
    return set(sorted(best, key=lambda one: (best[one], str(one)))[:ALTERNATIVES])


def _main(able: Able, lead: Offer) -> list[Piece]:
    """The lead's lines meet what they can; each line it leaves is met by the first other offer that can."""
    pieces: list[Piece] = []
    taken: set[tuple[UUID, int]] = set()
    for only_lead in (True, False):
        for asked in able.need.open_lines():
            if any(piece.asked is asked for piece in pieces):
                continue
            for offer, offered in able.fits[asked.index]:
                if (only_lead and offer is not lead) or (offer.offer_id, offered.index) in taken:
                    continue
                pieces.append(Piece(offer, offered, asked, _met(asked, offered)))
                taken.add((offer.offer_id, offered.index))
                break
        if not pieces:
            return []
    return pieces


def _joined(able: Able, main: Sequence[Piece]) -> list[Piece]:
    """``main`` and, for each line it leaves partly open, the further offers that meet the rest as far as they go."""
    pieces = list(main)
    for asked in able.need.open_lines():
        met = [piece.quantity for piece in pieces if piece.asked is asked]
        if asked.open_ended or not met or None in met:
            continue
        rest = asked.free - sum((quantity for quantity in met if quantity is not None), _NONE)
        pieces += _fill(able, pieces, asked, rest)
    return pieces


def _met_by_others(able: Able, pieces: Sequence[Piece], asked: LineState, quantity: Decimal) -> list[Piece] | None:
    found = _fill(able, pieces, asked, quantity)
    return found if sum((piece.quantity or _NONE for piece in found), _NONE) == quantity else None


def _fill(able: Able, pieces: Sequence[Piece], asked: LineState, rest: Decimal) -> list[Piece]:
    """Further offers for ``rest`` of a line: who answers the need first, then who brings most, so that few are many."""
    taken = {(piece.offer.offer_id, piece.offered.index) for piece in pieces}
    room = MOST_OFFERS - len(able.need.state.requires) - len({piece.offer.offer_id for piece in pieces})
    found: list[Piece] = []
    if rest <= 0:
        return found
    for offer, offered in sorted(
        able.fits.get(asked.index, ()),
        key=lambda fit: (not fit[0].answers(able.need), not fit[1].open_ended, -fit[1].free),
    ):
        if rest <= 0 or len(found) >= room:
            break
        quantity = rest if offered.open_ended else min(rest, offered.free)
        enough = quantity >= max(offered.least, asked.line.least(rest))
        if enough and (offer.offer_id, offered.index) not in taken:
            found.append(Piece(offer, offered, asked, quantity))
            rest -= quantity
    return found


def _with_capabilities(able: Able, main: Sequence[Piece]) -> Iterator[list[Piece]]:
    required = able.need.state.requires
    offers = {piece.offer.offer_id: piece.offer for piece in main}
    own = _own_capabilities(required, main, able.too_large)
    covered = {piece.offered.line.capability for piece in main} | own.keys()
    missing = [capability for capability in required if capability not in covered]
    for chosen in able.covers(missing, list(offers.values())):
        brought: dict[str, Fit] = dict(own)
        for one in chosen:
            for capability, line in one.lines.items():
                if capability in missing:
                    brought.setdefault(capability, (one.offer, line))
        pieces = [*main, *_brought(able, main, brought)]
        if len({piece.offer.offer_id for piece in pieces}) <= MOST_OFFERS:
            yield pieces


def _own_capabilities(
    required: Sequence[str], main: Sequence[Piece], too_large: Collection[tuple[UUID, int]]
) -> dict[str, Fit]:
    """Required capabilities that the main offers bring with lines that meet nothing else."""
    own: dict[str, Fit] = {}
    for piece in main:
        used = {other.offered.index for other in main if other.offer is piece.offer}
        used |= {line for offer_id, line in too_large if offer_id == piece.offer.offer_id}
        for capability, line in coverage.lines_that_bring(required, piece.offer, used).items():
            own.setdefault(capability, (piece.offer, line))
    done = {piece.offered.line.capability for piece in main}
    return {capability: found for capability, found in own.items() if capability not in done}


def _brought(able: Able, main: Sequence[Piece], brought: dict[str, Fit]) -> list[Piece]:
    """Each capability in the measure in which it is needed; where one offer does not go far enough, others help."""
    pieces = []
    used = {(piece.offer.offer_id, piece.offered.index) for piece in main}
    used |= {(offer.offer_id, line.index) for offer, line in brought.values()}
    for capability in [one for one in able.need.state.requires if one in brought]:
        offer, line = brought[capability]
        needed = _needed(main, line.line.unit)
        pieces.append(Piece(offer, line, None, _lent(needed, line)))
        if needed is None or line.open_ended:
            continue
        rest = needed - line.free
        for one in able.bringing:
            helping = one.lines.get(capability)
            if rest <= 0 or len({piece.offer.offer_id for piece in [*main, *pieces]}) >= MOST_OFFERS:
                break
            if helping is None or helping.line.unit != line.line.unit or (one.offer.offer_id, helping.index) in used:
                continue
            quantity = rest if helping.open_ended else min(rest, helping.free)
            if not limits.keeps_lots(quantity, helping):
                continue
            pieces.append(Piece(one.offer, helping, None, quantity))
            used.add((one.offer.offer_id, helping.index))
            rest -= quantity
    return pieces


def _needed(main: Sequence[Piece], unit: str) -> Decimal | None:
    """How much there is of the first line in this unit; None when none is, or it is still to be agreed."""
    same = [piece for piece in main if piece.offered.line.unit == unit and piece.quantity is not None]
    if not same:
        return None
    return sum((piece.quantity or _NONE for piece in same if piece.asked is same[0].asked), _NONE)


def _lent(needed: Decimal | None, offered: LineState) -> Decimal | None:
    """As much as is needed, as far as it goes; all there is where that cannot be told."""
    if needed is None:
        return None if offered.open_ended else offered.free
    return needed if offered.open_ended else min(needed, offered.free)


def _met(asked: LineState, offered: LineState) -> Decimal | None:
    """As much as both sides have left; the closed side's quantity when one is open-ended; None when both are."""
    if asked.open_ended:
        return None if offered.open_ended else offered.free
    return asked.free if offered.open_ended else min(asked.free, offered.free)


def _free_of(one: Provider, used: Collection[tuple[UUID, int]]) -> bool:
    return all((one.offer.offer_id, line.index) not in used for line in one.lines.values())


def _lends(gap: Gap, chosen: Sequence[Provider]) -> Piece | None:
    """Who of ``chosen`` takes the gap over; in the same unit wholly or not at all."""
    for one in chosen:
        line = one.lines.get(str(gap.capability))
        if line is None:
            continue
        if line.line.unit != gap.unit:
            return Piece(one.offer, line, None, _lent(None, line))
        enough = (line.open_ended or line.free >= gap.quantity) and limits.keeps_lots(gap.quantity, line)
        return Piece(one.offer, line, None, gap.quantity) if enough else None
    return None
