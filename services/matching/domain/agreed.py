"""What agreements make of an accepted match: there may be several, each about lines of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from contracts.events.agreements import AgreementRejected, AgreementTerminated
from contracts.values import Allocation, ProposedAllocation
from services.matching.domain.ledger import ZERO
from services.matching.domain.match import Decision, Match, ReleaseReason, release
from services.matching.domain.parts import Move, Part

LineKey = tuple[UUID, int, int | None]


def end(
    match: Match, event: AgreementRejected | AgreementTerminated, reason: ReleaseReason, now: datetime
) -> Decision | None:
    """An agreement came to nothing, or ended. What it was about and was not delivered is free again.

    The match ends with the last of its agreements; as long as another goes on, only the lines of this one are given
    back. There is no order between agreements: what comes after the match's end finds nothing left to give back.
    """
    if match.state != "accepted":
        return None
    if event.match_over is False and event.allocations is not None:
        return give_back(match, event.allocations)
    return release(match, reason, now)


def give_back(match: Match, allocations: Sequence[Allocation]) -> Decision:
    """Gives up these lines as far as they were not delivered; the match stays accepted for the others."""
    keys = _keys(allocations)
    moves: list[Move] = []
    parts = []
    for part in match.parts:
        if _key(part.allocation) in keys:
            if part.reserved > 0:
                moves.append(Move(part, "release_reserved", part.reserved))
            if part.committed > 0:
                moves.append(Move(part, "release_committed", part.committed))
            part = replace(part, reserved=ZERO, committed=ZERO)
        parts.append(part)
    return Decision(replace(match, parts=tuple(parts)), (), tuple(moves))


def amend(match: Match, allocations: Sequence[Allocation]) -> Decision | None:
    """The agreement is about less from now on: the difference is free again.

    Never below what was delivered, whatever was signed: that much was handed over, and what exceeds the promise shows
    as such with the results. Said twice it changes nothing more.
    """
    if match.state != "accepted":
        return None
    now_agreed = {_key(one): one for one in allocations}
    moves: list[Move] = []
    parts = []
    for part in match.parts:
        agreed, before = now_agreed.get(_key(part.allocation)), part.allocation.quantity
        if agreed is not None and before is not None and agreed.quantity < before and part.reserved == 0:
            left = max(agreed.quantity, part.delivered)
            given = min(part.committed, before - left)
            if given > 0:
                moves.append(Move(part, "release_committed", given))
            part = _with_less(part, agreed, left, given)
        parts.append(part)
    return Decision(replace(match, parts=tuple(parts)), (), tuple(moves))


def shortfalls(match: Match, allocations: Iterable[Allocation]) -> list[LineKey]:
    """Lines of which more was delivered than is agreed from now on."""
    now_agreed = {_key(one): one.quantity for one in allocations}
    return [
        _key(part.allocation)
        for part in match.parts
        if part.delivered > now_agreed.get(_key(part.allocation), part.delivered)
    ]


def _with_less(part: Part, agreed: Allocation, left: Decimal, given: Decimal) -> Part:
    allocation = part.allocation.model_copy(update={"quantity": left, "value_cents": agreed.value_cents})
    return replace(part, allocation=allocation, committed=part.committed - given)


def _keys(allocations: Iterable[Allocation]) -> frozenset[LineKey]:
    return frozenset(_key(one) for one in allocations)


def _key(allocation: Allocation | ProposedAllocation) -> LineKey:
    return allocation.offer_id, allocation.offer_line, allocation.need_line
