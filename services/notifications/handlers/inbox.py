"""What people do with their items."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from chassis.http.problem import Problem, conflict, invalid, not_found
from chassis.unit import Unit
from chassis.validation import field_error
from services.notifications.domain.handling import TRANSITIONS, Command, Outcome, Reader, state_of
from services.notifications.store import Store

LONGEST_SNOOZE = timedelta(days=366)


async def handle(
    unit: Unit[Store], reader: Reader, item_id: UUID, command: Command, until: datetime | None = None
) -> None:
    """Carries out ``command`` on one item. Raises 404 when it is not the reader's, 409 when its state forbids it."""
    if command == "snooze":
        _check(until, unit.now)
    rows = await unit.store.inbox.locked(reader, [item_id], unit.now)
    if not rows:
        raise no_such_item()
    outcome = TRANSITIONS[_state(rows[0], unit.now), command]
    if outcome == "refused":
        raise _refusal(rows[0])
    await _save(unit, reader, rows[0], outcome, until)


async def finish(unit: Unit[Store], reader: Reader, item_ids: Sequence[UUID]) -> int:
    """Marks all of them done; those that are somebody else's or gone are left. Returns how many are done now."""
    rows = await unit.store.inbox.locked(reader, list(dict.fromkeys(item_ids)), unit.now)
    for row in rows:
        await _save(unit, reader, row, TRANSITIONS[_state(row, unit.now), "done"], None)
    return len(rows)


def _state(row: Any, now: datetime) -> Any:
    return state_of(row["parts"], row["done_at"], row["snoozed_until"], now)


async def _save(unit: Unit[Store], reader: Reader, row: Any, outcome: Outcome, until: datetime | None) -> None:
    done_by, done_at, snoozed, taken_by = row["done_by"], row["done_at"], row["snoozed_until"], row["taken_by"]
    match outcome:
        case "as_is" | "refused":
            return
        case "done":
            done_by, done_at, snoozed = reader.subject, unit.now, None
        case "open":
            done_by, done_at, snoozed = None, None, None
        case "snoozed":
            snoozed = until
        case "taken":
            taken_by = reader.subject
        case "given_back":
            taken_by = None
    await unit.store.inbox.save(row, done_by=done_by, done_at=done_at, until=snoozed, taken_by=taken_by)


def _check(until: datetime | None, now: datetime) -> None:
    if until is None or until <= now:
        raise invalid([field_error("/until", "not-in-future", "deve essere nel futuro", "must be in the future")])
    if until > now + LONGEST_SNOOZE:
        raise invalid([field_error("/until", "too-far", "al massimo fra un anno", "at most a year from now")])


def no_such_item() -> Problem:
    return not_found(
        "Questa voce non esiste o non è nella tua casella.", "There is no such item, or it is not in your inbox."
    )


def _refusal(row: Any) -> Problem:
    if row["parts"] == 0:
        return conflict(
            "settled",
            "Quanto è accaduto ha già chiuso questa voce: non c'è più niente da fare.",
            "What happened since has settled this item: there is nothing left to do.",
        )
    return conflict(
        "already-done", "Questa voce è già stata fatta: prima annullare.", "This item is done already: undo it first."
    )
