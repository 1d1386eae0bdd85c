"""Moves in the ledger: lines locked in one order, postings appended, balances published."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from chassis.delivery import Delivery
from chassis.unit import Unit
from services.matching.domain import ledger
from services.matching.domain.ledger import ZERO
from services.matching.domain.match import Match
from services.matching.domain.parts import Move, Part
from services.matching.store import MatchingStore
from services.matching.store.ledger import Entered, LineKey


async def post(
    unit: Unit[MatchingStore], moves: Sequence[tuple[Match, Move]], cause: Delivery[Any] | None = None
) -> None:
    """Posts every move on its offer line and, when it meets a need's line, on that line too.

    Lock the matches first. Raises :class:`services.matching.domain.ledger.NotEnough` before anything is posted.
    """
    if not moves:
        return
    balances = {key: held.balance for key, held in (await _lock(unit, moves)).items()}
    entered: list[Entered] = []
    cases = {}
    for match, one in moves:
        for key in _lines(match, one):
            posting = ledger.move(balances[key], one.entry, one.quantity)
            balances[key] = balances[key].after(posting)
            entered.append(Entered(posting, match.match_id, one.part.position))
            cases[key] = match.need_id
    await unit.store.ledger.post(unit.scope, entered, unit.now)
    for (subject_id, line), case in sorted(cases.items()):
        balance = balances[subject_id, line]
        version = balance.version + 1
        unit.append(
            balance.event(version), aggregate_id=f"{subject_id}/{line}", version=version, case=case, cause=cause
        )


async def still_free(unit: Unit[MatchingStore], parts: Sequence[tuple[Match, Part]]) -> dict[LineKey, Decimal]:
    """What is free on the lines of these parts, locked from now on; an open-ended line has no limit and is missing."""
    moves = [(match, Move(part, "deliver", ZERO)) for match, part in parts]
    held = (await _lock(unit, moves)).items() if moves else ()
    return {key: one.balance.free for key, one in held if not one.balance.open_ended}


async def _lock(unit: Unit[MatchingStore], moves: Sequence[tuple[Match, Move]]) -> dict[LineKey, Any]:
    return await unit.store.ledger.lock(unit.scope, {key for match, one in moves for key in _lines(match, one)})


def _lines(match: Match, one: Move) -> list[LineKey]:
    return lines_of(match, one.part)


def lines_of(match: Match, part: Part) -> list[LineKey]:
    """The offer line, and the need's line when the part meets one."""
    allocation = part.allocation
    keys = [(allocation.offer_id, allocation.offer_line)]
    if allocation.need_line is not None:
        keys.append((match.need_id, allocation.need_line))
    return keys
