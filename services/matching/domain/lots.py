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
    """The allocation at ``position`` is less than ``least``, the smallest lot of the line of ``whose``; or, with
    ``other``, it leaves another allocation of that line less than that."""

    position: int
    least: Decimal
    unit: str
    whose: Literal["need", "offer"]
    other: bool = False


def broken(before: Match, after: Match, need: Need, offers: Mapping[UUID, Offer]) -> BelowLot | None:
    """The first quantity that changed and is below a lot, or that leaves another one below it; None when all are kept.

    What is left of a line counts without what this match held and with what its other allocations take now: one of
    several may be what the others leave. A lot that was raised after the yes to a quantity does not concern it.
    """
    known = _known(need, offers)
    pairs = list(zip(before.parts, after.parts, strict=True))
    changed = [new for old, new in pairs if new.allocation.quantity != old.allocation.quantity]
    for new in changed:
        for key in _lines_of(need, new):
            if (least := _lacking(need, key, known, before, after, new)) is not None:
                return BelowLot(new.position, least, new.allocation.unit, _whose(need, key))
    for old, same in pairs:
        for key in _lines_of(need, same) if same not in changed else ():
            beside = [one for one in changed if key in _lines_of(need, one)]
            least = _lacking(need, key, known, before, after, same) if beside else None
            if least is not None and _lacking(need, key, known, before, before, old) is None:
                return BelowLot(beside[0].position, least, same.allocation.unit, _whose(need, key), other=True)
    return None


def outdated(match: Match, need: Need, offers: Mapping[UUID, Offer]) -> bool:
    """A quantity of the match, as it stands, is below a lot: it was proposed before the lot was said."""
    known = _known(need, offers)
    return any(
        _lacking(need, key, known, match, match, part) is not None
        for part in match.parts
        for key in _lines_of(need, part)
    )


def _known(need: Need, offers: Mapping[UUID, Offer]) -> dict[Key, LineState]:
    asked = {(need.need_id, line.index): line for line in need.lines}
    return asked | {(offer.offer_id, line.index): line for offer in offers.values() for line in offer.lines}


def _lacking(
    need: Need, key: Key, known: Mapping[Key, LineState], before: Match, after: Match, mine: Part
) -> Decimal | None:
    """The smallest lot of the line as far as ``mine`` is below it in ``after``; None when it is kept."""
    quantity, line = mine.allocation.quantity, known.get(key)
    if quantity is None or line is None:
        return None
    least = line.line.least(_left(need, key, line, before, after, mine))
    return least if quantity < least else None


def _whose(need: Need, key: Key) -> Literal["need", "offer"]:
    return "need" if key[0] == need.need_id else "offer"


def _lines_of(need: Need, part: Part) -> Sequence[Key]:
    one = part.allocation
    asked = [(need.need_id, one.need_line)] if one.need_line is not None else []
    return [(one.offer_id, one.offer_line), *asked]


def _left(need: Need, key: Key, line: LineState, before: Match, after: Match, mine: Part) -> Decimal | None:
    """What others leave of the line that take a lot of it; of several that are less, none is the rest."""
    if line.open_ended:
        return None
    held = sum((part.reserved for part in before.parts if key in _lines_of(need, part)), ZERO)
    others = [part for part in after.parts if part.position != mine.position and key in _lines_of(need, part)]
    taken = [part.allocation.quantity or ZERO for part in others]
    return line.free + held - sum((one for one in taken if one >= (line.line.min_lot or ZERO)), ZERO)
