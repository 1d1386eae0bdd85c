"""The queue of second looks survives a request that cannot be worked off."""

from __future__ import annotations

from uuid import uuid4

import pytest

from chassis.scope import Scope
from chassis.testing import eventually
from services.matching.domain.policy import Policy
from services.matching.handlers import revising
from services.matching.settings import MatchingSettings
from services.matching.tests.world import World, goods

pytestmark = pytest.mark.integration


async def test_a_request_that_fails_lets_the_others_pass(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    giver = await world.stakeholder("Enel")
    need = await world.need("Sedie", goods("5"))
    offer = await world.offer("Sedie", giver, goods("8"))
    [match] = await world.proposals(need)
    broken = uuid4()
    original = revising._revise

    async def failing(unit: object, needs: frozenset, *more: object) -> set:
        if broken in needs:
            raise ValueError("cannot be worked off")
        return await original(unit, needs, *more)

    monkeypatch.setattr(revising, "_revise", failing)
    units = world.running.app.state.units
    async with units.begin(Scope(world.city)) as unit:
        await unit.store.revisions.ask(unit.scope, unit.now, needs=[broken])
    await world.withdraw_offer(offer)
    try:
        await world.balance_with(offer, reserved="0")
        await _ended(world, match["match_id"])
    finally:
        monkeypatch.setattr(revising, "_revise", original)
    await world.settled()


async def _ended(world: World, match_id: str) -> None:
    async def expired() -> bool:
        return (await world.match(match_id))["state"] == "expired"

    await eventually(expired)


def test_defaults_are_those_of_the_settings() -> None:
    assert MatchingSettings().policy() == Policy()
