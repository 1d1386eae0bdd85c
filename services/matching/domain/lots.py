"""Quantities that people say instead, held against the smallest lots of both sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal
from uuid import UUID

from services.matching.domain.ledger import ZERO
from services.matching.domain.match import Match
from services.matching.domain.parts import Part
from services.matching.domain.subjects import LineState, Need, Offer

Key = tuple[UUID, int]


@dataclass(frozen=True, slots=True)
class BelowLot:
    """The allocation at ``position`` is less than ``least``, the smallest lot of the line of ``whose``."""

    position: int
    least: Decimal
    unit: str
    whose: Literal["need", "offer"]


def broken(before: Match, after: Match, need: Need, offers: Mapping[UUID, Offer]) -> BelowLot | None:
    """The first quantity that changed and is below a lot; None when all are kept.

    What is left of a line counts without what this match held and with what its other allocations take now: the last
    of several may be what the others leave.
    """
    known: dict[Key, LineState] = {(need.need_id, line.index): line for line in need.lines}
    known |= {(offer.offer_id, line.index): line for offer in offers.values() for line in offer.lines}
    for old, new in zip(before.parts, after.parts, strict=True):
        quantity = new.allocation.quantity
        if quantity is None or quantity == old.allocation.quantity:
            continue
        for key in _lines_of(need, new):
            line = known.get(key)
            least = line.line.least(_left(need, key, line, before, after, new)) if line else ZERO
            if quantity < least:
                whose: Literal["need", "offer"] = "need" if key[0] == need.need_id else "offer"
                return BelowLot(new.position, least, new.allocation.unit, whose)
    return None


def _lines_of(need: Need, part: Part) -> Sequence[Key]:
    one = part.allocation
    asked = [(need.need_id, one.need_line)] if one.need_line is not None else []
    return [(one.offer_id, one.offer_line), *asked]


def _left(need: Need, key: Key, line: LineState, before: Match, after: Match, mine: Part) -> Decimal | None:
    if line.open_ended:
        return None
    held = sum((part.reserved for part in before.parts if key in _lines_of(need, part)), ZERO)
    others = [part for part in after.parts if part.position != mine.position and key in _lines_of(need, part)]
    taken = sum((part.allocation.quantity or ZERO for part in others), ZERO)
    return line.free + held - taken
