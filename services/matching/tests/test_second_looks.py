"""Second looks hold nobody up while they propose, and none is lost when the process ends in between."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from chassis.scope import Scope
from chassis.testing import eventually
from services.matching.handlers import revising
from services.matching.tests.world import World, goods

pytestmark = pytest.mark.integration


async def wide_look(world: World, need: UUID) -> None:
    async with world.running.app.state.units.begin(Scope(world.city)) as unit:
        await unit.store.revisions.ask(unit.scope, unit.now, needs=[need], widen=True)


async def test_a_need_can_be_answered_while_proposals_are_looked_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    giver = await world.stakeholder("Enel")
    need = await world.need("Sedie", goods("5"))
    await world.offer("Sedie", giver, goods("8"))
    [match] = await world.proposals(need)
    at_it, go_on = asyncio.Event(), asyncio.Event()
    original = revising.propose_for_needs

    async def slowly(*arguments: object, **more: object) -> None:
        at_it.set()
        await go_on.wait()
        await original(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(revising, "propose_for_needs", slowly)
    try:
        await wide_look(world, need)
        await asyncio.wait_for(at_it.wait(), 60)
        answer = await asyncio.wait_for(world.consent(match, "department:education"), 60)
        assert answer.status_code == 200, answer.text
    finally:
        monkeypatch.setattr(revising, "propose_for_needs", original)
        go_on.set()
    await world.settled()


async def test_what_was_looked_at_is_still_proposed_after_a_crash_in_between(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    giver = await world.stakeholder("Enel")
    need = await world.need("Sedie", goods("5"))
    offer = await world.offer("Sedie", giver, goods("5"))
    [match] = await world.proposals(need)
    tried: list[set[UUID]] = []
    original = revising.propose_for_needs

    async def fails(unit: object, needs: set[UUID], *_: object) -> None:
        if needs:
            tried.append(set(needs))
            raise RuntimeError("the process ends here")

    monkeypatch.setattr(revising, "propose_for_needs", fails)
    try:
        await world.withdraw_offer(offer)

        async def tried_twice() -> bool:
            return len(tried) > 1

        await eventually(tried_twice)
        assert (await world.match(match["match_id"]))["state"] == "expired", "what ended stays ended"
        assert tried[0] == tried[1] == {need}, "and what is left to do is done again"
    finally:
        monkeypatch.setattr(revising, "propose_for_needs", original)
    await world.settled()
