"""From the signature to the published figure, on real servers."""

from __future__ import annotations

import uuid
from datetime import date
from decimal import Decimal

import pytest

from chassis.testing import eventually
from contracts.events.intake import StakeholderChanged, StakeholderRegistered
from services.impact.tests import sample
from services.impact.tests.world import DEPARTMENT, World, quantities

pytestmark = pytest.mark.integration


async def test_devices_are_delivered_and_the_figures_follow(world: World) -> None:
    agreement = sample.devices()
    await world.open(agreement)

    first = await world.deliver(agreement, 0, "40", note="PC in the city's store")
    assert first.status_code == 201, first.text
    assert first.json()["value_cents"] == 40 * 20_000
    assert (await world.case(agreement))["state"] == "open"
    second = await world.deliver(agreement, 0, "231", DEPARTMENT)

    assert second.json()["plan_state"] == "fulfilled"
    case = await world.case(agreement)
    assert (quantities(case)[0], case["value_cents"]) == (271, 5_420_000)
    assert quantities(case) == [271, 271, 271, 271]
    names = [name for name, _ in await world.published(agreement.agreement_id)]
    assert names[0] == "impact-plan-opened"
    assert names.count("plan-fulfilled") == 1
    assert names.count("delivery-recorded") == 8


async def test_food_waits_for_its_volunteers_and_its_measurements(world: World) -> None:
    agreement = sample.food()
    await world.open(agreement)

    for month in range(12):
        answer = await world.deliver(agreement, 0, "800", external_ref=f"month-{month}")
        assert answer.status_code == 201
    await world.deliver(agreement, 1, "100")
    await world.measure(agreement, "families_per_month", "30")
    assert (await world.case(agreement))["state"] == "open"
    last = await world.measure(agreement, "families_reached", "400")

    assert last.json()["plan_state"] == "fulfilled"
    case = await world.case(agreement)
    assert case["commitments"][0]["delivered_per_occurrence"] == "800"
    assert case["commitments"][0]["recurrence"] == {"every": "month", "times": 12}
    assert quantities(case) == [9600, 100]
    assert {one["code"]: one["latest"] for one in case["indicators"]} == {
        "families_per_month": "30",
        "families_reached": "400",
    }


async def test_money_is_worth_itself(world: World) -> None:
    agreement = sample.signed(sample.allocation("200000", "EUR"))
    await world.open(agreement)

    await world.deliver(agreement, 0, "200000")

    assert (await world.case(agreement))["value_cents"] == 20_000_000


async def test_the_same_event_again_opens_nothing_again(world: World) -> None:
    agreement = sample.devices()
    await world.open(agreement)
    await world.publish(agreement, agreement.agreement_id)
    marker = sample.devices()
    await world.publish(marker, agreement.agreement_id)  # same key: read after the repeat

    async def after_the_repeat() -> object:
        return await world.owner.fetchval("SELECT true FROM plan WHERE plan_id = $1", marker.agreement_id)

    await eventually(after_the_repeat)
    assert [name for name, _ in await world.published(agreement.agreement_id)] == ["impact-plan-opened"]


async def test_a_terminated_agreement_closes_its_plan(world: World) -> None:
    agreement = sample.signed(sample.allocation("10"))
    await world.open(agreement)
    await world.publish(sample.terminated(agreement, date(2022, 5, 1)), agreement.agreement_id)

    async def closed() -> bool:
        return bool((await world.plan(agreement))["state"] == "closed")

    await eventually(closed)
    late = await world.deliver(agreement, 0, "1", delivered_on="2022-05-02")
    in_time = await world.deliver(agreement, 0, "1", delivered_on="2022-05-01")
    assert (late.status_code, late.json()["code"]) == (409, "plan-closed")
    assert in_time.status_code == 201


async def test_who_gave_is_shown_under_its_newest_name(world: World) -> None:
    giver = uuid.uuid4()
    agreement = sample.signed(sample.allocation("10", giver=giver))
    registered = {"stakeholder_id": giver, "stakeholder_type": "company"}
    await world.publish(StakeholderRegistered(**registered, version=1, name="Old Name"), giver)
    await world.publish(StakeholderChanged(**registered, version=2, name="New Name"), giver)
    await world.open(agreement)

    async def renamed() -> bool:
        return bool((await world.case(agreement))["commitments"][0]["stakeholder"] == "New Name")

    await eventually(renamed)


async def test_cities_do_not_see_each_other(world: World) -> None:
    agreement = sample.devices()
    await world.open(agreement, city="c_h501")

    answer = await world.deliver(agreement, 0, "1")

    assert answer.status_code == 404
    async with world.client() as client:
        summary = await client.get("/impact/api/v1/summary", params={"need": str(agreement.need_id)})
    assert summary.json()["cases"] == []
    assert Decimal(summary.json()["totals"]["value_cents"]) == 0
