"""Many reports at once, and the database's sums against the domain's."""

from __future__ import annotations

import asyncio
import random
from decimal import Decimal

import pytest

from services.impact.domain.plan import opened_by
from services.impact.tests import sample
from services.impact.tests.world import DEPARTMENT, MANAGER, World, quantities

pytestmark = pytest.mark.integration


async def test_many_report_at_once_and_nothing_is_lost_or_doubled(world: World) -> None:
    agreement = sample.devices()
    plan_id = await world.open(agreement)

    answers = await asyncio.gather(
        *(
            world.deliver(agreement, 0, "10" if number else "11", who, external_ref=f"van-{number}")
            for number in range(14)
            for who in (MANAGER, DEPARTMENT)
            if (number, who) != (13, DEPARTMENT)
        )
    )

    assert {answer.status_code for answer in answers} == {201}
    case = await world.case(agreement)
    assert quantities(case) == [272, 271, 271, 271]
    assert (case["value_cents"], case["commitments"][0]["excess_value_cents"]) == (271 * 20_000, 20_000)
    events = await world.published(plan_id)
    assert [data["version"] for _, data in events] == list(range(1, len(events) + 1))
    assert [name for name, _ in events].count("plan-fulfilled") == 1


@pytest.mark.parametrize("seed", range(3))
async def test_the_database_adds_up_as_the_domain_does(world: World, seed: int) -> None:
    chance = random.Random(seed)
    value = chance.randint(1, 10**7)
    agreement = sample.signed(sample.allocation("777.777", value=value))
    plan_id = await world.open(agreement)
    there: dict[str, Decimal] = {}
    for _ in range(12):
        quantity = Decimal(chance.randint(1, 200_000)) / 1000
        if there and chance.random() < 0.4:
            wrong = chance.choice(sorted(there))
            async with world.client(MANAGER) as client:
                body = {"quantity": str(quantity), "reason": "counted again"}
                await client.post(f"/impact/api/v1/plans/{plan_id}/deliveries/{wrong}/correct", json=body)
            there[wrong] = quantity
        else:
            done = await world.deliver(agreement, 0, str(quantity))
            there[done.json()["delivery_id"]] = quantity

    plan = await world.plan(agreement)

    total = sum(there.values(), Decimal(0))
    [commitment] = opened_by(agreement).commitments
    assert Decimal(plan["commitments"][0]["delivered_quantity"]) == total
    assert plan["value_cents"] == commitment.value_at(min(total, commitment.quantity))
    worth = sum(one["value_cents"] for one in plan["deliveries"])
    assert worth == commitment.value_at(total)
    assert plan["commitments"][0]["excess_value_cents"] == worth - plan["value_cents"]
    assert {one["delivery_id"]: Decimal(one["quantity"]) for one in plan["deliveries"]} == there
