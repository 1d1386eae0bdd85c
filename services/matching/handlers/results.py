"""What was handed over: the ledger follows up to what was committed."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis.delivery import Delivery
from chassis.failures import PermanentFailure, Waiting
from chassis.unit import Unit
from contracts.events import agreements, impact
from services.matching.domain import match as matches
from services.matching.domain.match import Match
from services.matching.domain.parts import Part
from services.matching.domain.policy import Policy
from services.matching.handlers.posting import lines_of, post, still_free
from services.matching.store import MatchingStore

DEFAULT = Policy()


async def on_delivery_recorded(
    unit: Unit[MatchingStore], deliveries: Sequence[Delivery[impact.DeliveryRecorded]], *, policy: Policy = DEFAULT
) -> None:
    """Moves what was delivered from committed to delivered. Waits for the signature when that has not arrived."""
    await _record(unit, [(one, one.event.quantity) for one in deliveries])


async def on_result_corrected(
    unit: Unit[MatchingStore], deliveries: Sequence[Delivery[impact.ResultCorrected]], *, policy: Policy = DEFAULT
) -> None:
    """Posts the difference of a corrected delivery; measurements do not concern the ledger."""
    await _record(
        unit,
        [
            (one, one.event.after - one.event.before)
            for one in deliveries
            if one.event.corrects == "delivery" and one.event.offer_id is not None
        ],
    )


async def _record(unit: Unit[MatchingStore], reported: Sequence[tuple[Delivery[Any], Decimal]]) -> None:
    if not reported:
        return
    before = await unit.store.matches.locked(unit.scope, {one.event.match_id for one, _ in reported})
    after: dict[UUID, Match] = dict(before)
    found = [_part(after, one.event) for one, _ in reported]
    free = await still_free(
        unit, [(match, part) for match, part in found if match.state == "released" or part.given_up]
    )
    moves = []
    for one, difference in reported:
        match, part = _part(after, one.event)
        lines = lines_of(match, part)
        room = min((free[key] for key in lines if key in free), default=part.quantity)
        decision = matches.deliver(match, part, difference, room)
        after[decision.match.match_id] = decision.match
        moves += [(decision.match, move) for move in decision.moves]
        for key in lines:
            if key in free:
                free[key] -= sum(move.quantity for move in decision.moves if move.entry == "reserve")
    await unit.store.matches.save(unit.scope, before, [after[match_id] for match_id in before])
    await post(unit, moves, reported[0][0])
    for entry, widen in (("reserve", False), ("take_back", True)):
        moved = [(match, move) for match, move in moves if move.entry == entry]
        await unit.store.revisions.ask(
            unit.scope,
            unit.now,
            needs={match.need_id for match, _ in moved},
            offers={move.part.allocation.offer_id for _, move in moved},
            widen=widen,
        )


def _part(known: dict[UUID, Match], event: Any) -> tuple[Match, Part]:
    """The part that was delivered, as it is now."""
    match = known.get(event.match_id)
    if match is None:
        raise PermanentFailure(f"the delivery is about the match {event.match_id}, which does not exist here")
    part = match.part(event.offer_id, event.offer_line, event.need_line)
    if part is None:
        raise PermanentFailure(f"the match {event.match_id} has no such allocation")
    if match.state == "proposed" or (match.state == "accepted" and part.reserved > 0):
        raise Waiting(agreements.AGREEMENT, event.agreement_id)
    return match, part
