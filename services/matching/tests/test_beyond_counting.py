"""Quantities and values beyond what can be counted: whoever brings them is refused, and nobody else is held up."""

from __future__ import annotations

import pytest

from contracts.values import Line
from services.matching.tests.world import World, goods

pytestmark = pytest.mark.integration
MOST = "999999999999"


async def kept_aside(world: World) -> list[str]:
    async with world.running.app.state.units.pool.acquire() as connection:
        rows = await connection.fetch("SELECT event_type FROM dead_letter WHERE city = $1", world.city)
    return [row["event_type"] for row in rows]


async def test_an_offer_of_absurd_value_parks_no_event(world: World) -> None:
    giver = await world.stakeholder("Intesa Sanpaolo")
    absurd = Line(kind="goods", unit="C62", unit_value_cents=10**15)
    await world.offer("Portatili d'oro", giver, absurd)
    need = await world.need("Portatili", goods("1000"))
    await world.settled()
    assert await kept_aside(world) == []
    [proposed] = await world.proposals(need)
    assert proposed["allocations"][0]["value_cents"] is None


async def test_an_open_ended_line_is_not_agreed_beyond_what_can_be_said(world: World) -> None:
    giver = await world.stakeholder("Intesa Sanpaolo")
    need = await world.need("Portatili", Line(kind="goods", unit="C62"))
    for number in range(2):
        await world.offer(f"Portatili {number}", giver, Line(kind="goods", unit="C62"), answers=need)
    first, second = await world.proposals(need, at_least=2)
    choice = {"quantities": [{"position": 0, "quantity": MOST}]}
    taken = await world.consent(first, "department:education", **choice)
    assert taken.status_code == 200, taken.text
    refused = await world.consent(second, "department:education", **choice)
    assert refused.status_code == 422, refused.text
    assert [error["code"] for error in refused.json()["errors"]] == ["too-large"]
    assert (await world.balance(need))["reserved"] == int(MOST)
