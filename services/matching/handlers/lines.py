"""What is asked and offered, in the ledger: lines are opened once and follow every change of their need or offer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis.delivery import Delivery
from chassis.unit import Unit
from contracts.values import Line
from services.matching.domain import ledger
from services.matching.domain.ledger import ZERO, Balance, Posting
from services.matching.store import MatchingStore
from services.matching.store.ledger import Entered, Held, LineOf


async def open_lines(
    unit: Unit[MatchingStore], line_of: LineOf, subjects: Sequence[tuple[UUID, Sequence[Line]]]
) -> None:
    """Opens the lines of new needs or offers. Balances are published from the first change on."""
    lines = [(subject_id, index, line) for subject_id, found in subjects for index, line in enumerate(found)]
    if not lines:
        return
    made = await unit.store.ledger.open_lines(unit.scope, line_of, lines)
    entered = [
        Entered(Posting(subject_id, index, "open", total=line.total_quantity, free=line.total_quantity))
        for subject_id, index, line in lines
        if (subject_id, index) in made and line.total_quantity is not None
    ]
    await unit.store.ledger.post(unit.scope, entered, unit.now)


async def revise_lines(
    unit: Unit[MatchingStore],
    line_of: LineOf,
    subjects: Mapping[UUID, tuple[Sequence[Line], Delivery[Any]]],
) -> None:
    """Makes the ledger follow changed needs or offers.

    A cut below what is allocated, or a line taken away or turned into something else, shows as a shortfall.
    """
    if not subjects:
        return
    held = await unit.store.ledger.lock_subjects(unit.scope, subjects)
    known: dict[UUID, dict[int, Held]] = {}
    for (subject_id, index), one in held.items():
        known.setdefault(subject_id, {})[index] = one
    before: list[Posting] = []
    described: list[tuple[UUID, int, Line]] = []
    after: list[Posting] = []
    for subject_id, (lines, _) in subjects.items():
        for index, one in known.get(subject_id, {}).items():
            line = lines[index] if index < len(lines) else None
            if line is None or _turned(line, one):
                after += _changed(one.balance, ZERO if not one.balance.open_ended else None)
                continue
            described.append((subject_id, index, line))
            # An open-ended line has nothing free: it is emptied before it opens, and filled after it closed.
            (before if line.quantity is None else after).extend(_changed(one.balance, line.total_quantity))
    await unit.store.ledger.post(unit.scope, [Entered(one) for one in before], unit.now)
    await unit.store.ledger.describe(unit.scope, described)
    await unit.store.ledger.post(unit.scope, [Entered(one) for one in after], unit.now)
    fresh = [
        (subject_id, lines)
        for subject_id, (lines, _) in subjects.items()
        if len(lines) > len(known.get(subject_id, {}))
    ]
    await open_lines(unit, line_of, fresh)
    now_about = {(subject_id, index): line for subject_id, index, line in described}
    for posting in before + after:
        key = (posting.subject_id, posting.line)
        _publish(unit, held[key].balance, posting, now_about.get(key), subjects[posting.subject_id][1])


def _turned(line: Line, one: Held) -> bool:
    """What is allocated keeps its kind and unit: such a line cannot become another thing."""
    return one.balance.allocated > 0 and (line.kind, line.unit) != (one.kind, one.balance.unit)


def _changed(balance: Balance, total: Decimal | None) -> list[Posting]:
    posting = ledger.resize(balance, total)
    changes = (posting.total, posting.free, posting.shortfall)
    return [posting] if any(changes) else []


def _publish(
    unit: Unit[MatchingStore], balance: Balance, posting: Posting, line: Line | None, cause: Delivery[Any]
) -> None:
    version = balance.version + 1
    event = balance.after(posting).event(version)
    if line is not None:
        event = event.model_copy(update={"open_ended": line.quantity is None, "unit": line.unit})
    unit.append(event, aggregate_id=f"{posting.subject_id}/{posting.line}", version=version, cause=cause)
