"""Who said yes to a department before comes a little sooner."""

from __future__ import annotations

import pytest

from services.matching.tests.world import World, goods

pytestmark = pytest.mark.integration


async def test_an_earlier_yes_is_a_reason(world: World) -> None:
    giver = await world.stakeholder("Banco Alimentare", "association")
    first = await world.need("Pacchi alimentari", goods("10"))
    await world.offer("Pasta e riso", giver, goods("10"))
    [proposed] = await world.proposals(first)
    assert "past_acceptance" not in {one["code"] for one in proposed["reasons"]}
    await world.accepted_by_all(proposed)
    second = await world.need("Pacchi alimentari per agosto", goods("5"))
    await world.offer("Food parcels", giver, goods("5"))
    [proposed] = await world.proposals(second)
    [reason] = [one for one in proposed["reasons"] if one["code"] == "past_acceptance"]
    assert reason["text_en"] == "Said yes to this department before (1 of 1 times)"
    [alike] = [one for one in proposed["reasons"] if one["code"] == "alike"]
    assert alike["text_it"] == "Stessa cosa in parole diverse: «pacchi alimentari» – «food parcels»"


async def test_a_yes_taken_back_is_none(world: World) -> None:
    giver = await world.stakeholder("Banco Alimentare", "association")
    first = await world.need("Pacchi alimentari", goods("10"))
    await world.offer("Pasta e riso", giver, goods("10"))
    [proposed] = await world.proposals(first)
    accepted = await world.accepted_by_all(proposed)
    async with world.manager() as client:
        undone = await client.post(f"/matching/api/v1/matches/{accepted['match_id']}/undo")
        assert undone.status_code == 200, undone.text
    heir = (await world.closed_as_asked(accepted))["replaced_by"]
    assert (await world.match(heir))["awaited"] == [f"stakeholder:{giver}"], "the giver spoke last"
    second = await world.need("Pacchi alimentari per agosto", goods("5"))
    await world.offer("Food parcels", giver, goods("5"))
    [proposed] = await world.proposals(second)
    assert "past_acceptance" not in {one["code"] for one in proposed["reasons"]}
