"""What needs do: they come, change, and close."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chassis.delivery import Delivery
from chassis.unit import Unit
from contracts.events import intake
from services.matching.domain.policy import Policy
from services.matching.handlers import describing
from services.matching.handlers.lines import open_lines, revise_lines
from services.matching.handlers.pace import PACE
from services.matching.handlers.proposing import propose_for_needs
from services.matching.store import MatchingStore

DEFAULT = Policy()
State = intake.NeedRegistered | intake.NeedChanged


async def on_need_registered(
    unit: Unit[MatchingStore], deliveries: Sequence[Delivery[intake.NeedRegistered]], *, policy: Policy = DEFAULT
) -> None:
    """Opens the need's lines in the ledger and proposes for it."""
    with PACE.at_work():
        described = await describing.needs([one.event for one in deliveries])
        await unit.store.looks.note(unit.scope, "need", [one.event.need_id for one in deliveries])
        new = await unit.store.projections.save_needs(unit.scope, described)
        fresh = {one.event.need_id: one for one in deliveries if one.event.need_id in new}
        await open_lines(unit, "need", [(need_id, one.event.lines) for need_id, one in fresh.items()])
        await propose_for_needs(
            unit, fresh, policy, cause_of=lambda proposal: fresh[proposal.need.need_id], first_time=True
        )


async def on_need_changed(
    unit: Unit[MatchingStore], deliveries: Sequence[Delivery[intake.NeedChanged]], *, policy: Policy = DEFAULT
) -> None:
    """Adjusts what is asked; proposals are looked at again."""
    newest = {one.event.need_id: one for one in sorted(deliveries, key=lambda one: one.event.version)}
    new = await unit.store.projections.save_needs(
        unit.scope, await describing.needs([one.event for one in newest.values()])
    )
    changed = {need_id: one for need_id, one in newest.items() if need_id in new}
    await revise_lines(unit, "need", {need_id: (one.event.lines, one) for need_id, one in changed.items()})
    await unit.store.ledger.list_needs(unit.scope, changed)
    # What answers it may be kept from it by now, and go to others; or be kept from it no more.
    answers = await unit.store.projections.offers_answering(unit.scope, changed)
    await unit.store.revisions.ask(unit.scope, unit.now, needs=changed, offers=answers, widen=True)


async def on_need_withdrawn(
    unit: Unit[MatchingStore], deliveries: Sequence[Delivery[intake.NeedWithdrawn]], *, policy: Policy = DEFAULT
) -> None:
    await _close(unit, deliveries, "withdrawn")


async def on_need_expired(
    unit: Unit[MatchingStore], deliveries: Sequence[Delivery[intake.NeedExpired]], *, policy: Policy = DEFAULT
) -> None:
    await _close(unit, deliveries, "expired")


async def on_need_fulfilled(
    unit: Unit[MatchingStore], deliveries: Sequence[Delivery[intake.NeedFulfilled]], *, policy: Policy = DEFAULT
) -> None:
    await _close(unit, deliveries, "fulfilled")


async def _close(unit: Unit[MatchingStore], deliveries: Sequence[Delivery[Any]], state: str) -> None:
    closed = set()
    for one in deliveries:
        if await unit.store.projections.close_need(unit.scope, one.event.need_id, one.event.version, state):
            closed.add(one.event.need_id)
    if closed:
        await unit.store.ledger.list_needs(unit.scope, closed)
        await unit.store.revisions.ask(unit.scope, unit.now, needs=closed)
        # What was offered in answer to this need only may go to others now.
        answers = await unit.store.projections.offers_answering(unit.scope, closed)
        await unit.store.revisions.ask(unit.scope, unit.now, offers=answers, widen=True)
