"""A party fell out: who can take its part over, so that all others do just what they agreed to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from services.matching.domain import deals, filters, sets, signals
from services.matching.domain.limits import of_place
from services.matching.domain.match import Match
from services.matching.domain.proposals import Candidate, Memory, ranked
from services.matching.domain.sets import Able, Gap
from services.matching.domain.signals import Piece, Question
from services.matching.domain.subjects import LineState, Need, Offer, Steering
from services.matching.domain.text import Likeness


def could_go_on(match: Match, gone: Collection[UUID]) -> bool:
    """Several gave, some of them are left, somebody's yes is worth keeping, and nothing was signed yet."""
    left = [part for part in match.parts if part.allocation.offer_id not in gone]
    return bool(match.triangulation and gone and left and match.consented and not match.is_committed)


def candidates(
    match: Match,
    gone: Collection[UUID],
    need: Need,
    offers: Collection[Offer],
    steering: Steering,
    now: datetime,
    *,
    memory: Memory,
    likeness: Mapping[UUID, Likeness] | None = None,
) -> list[Candidate]:
    """Every set that keeps the other parts of ``match`` as they are, best first; none when one of them cannot stay."""
    need, offers = _freed(match, need, offers)
    if filters.need_obstacles(need, now):
        return []
    fallen = {part.allocation.stakeholder_id for part in match.parts if part.allocation.offer_id in gone}
    able = [
        offer
        for offer in offers
        if offer.state.stakeholder_id not in fallen and memory.admits(offer) and not filters.obstacles(need, offer, now)
    ]
    kept = _kept(match, gone, need, able)
    if kept is None:
        return []
    gaps = [
        Gap(one.need_line, one.capability, one.unit, part.quantity)
        for part in match.parts
        if (one := part.allocation).offer_id in gone
    ]
    today = signals.day_of(now)
    made = [
        ranked(Question(need, pieces, steering, today, likeness))
        for pieces in sets.refilled(Able.of(need, able), kept, gaps)
        if not deals.refused(need, pieces, steering.toolkit.at(now))
    ]
    return sorted((one for one in made if memory.allows(one)), key=lambda one: one.order)


def _kept(match: Match, gone: Collection[UUID], need: Need, able: Sequence[Offer]) -> list[Piece] | None:
    """The parts that stay; None when one of their offers may not take part any more."""
    offers = {offer.offer_id: offer for offer in able}
    asked = {line.index: line for line in need.lines}
    kept = []
    for part in match.parts:
        one = part.allocation
        if one.offer_id in gone:
            continue
        offer = offers.get(one.offer_id)
        offered = next((line for line in offer.lines if line.index == one.offer_line), None) if offer else None
        if offer is None or offered is None or (one.need_line is not None and one.need_line not in asked):
            return None
        if one.need_line is not None and of_place(need, offer):
            return None
        kept.append(Piece(offer, offered, None if one.need_line is None else asked[one.need_line], one.quantity))
    return kept


def _freed(match: Match, need: Need, offers: Collection[Offer]) -> tuple[Need, list[Offer]]:
    """Need and offers as they are once the match holds nothing any more."""
    held: dict[tuple[UUID, int], Decimal] = {}
    for part in match.parts:
        one = part.allocation
        lines = [(one.offer_id, one.offer_line)]
        lines += [(match.need_id, one.need_line)] if one.need_line is not None else []
        for key in lines:
            held[key] = held.get(key, Decimal(0)) + part.reserved
    return (
        replace(need, lines=_with(need.need_id, need.lines, held)),
        [replace(offer, lines=_with(offer.offer_id, offer.lines, held)) for offer in offers],
    )


def _with(subject: UUID, lines: Sequence[LineState], held: Mapping[tuple[UUID, int], Decimal]) -> tuple[LineState, ...]:
    return tuple(
        line if line.open_ended else replace(line, free=line.free + held.get((subject, line.index), Decimal(0)))
        for line in lines
    )
