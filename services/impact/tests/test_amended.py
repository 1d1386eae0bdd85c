"""An agreement is amended while its plan is open: promises and targets follow, facts stay."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from chassis.testing import eventually
from contracts.events.agreements import AgreementAmended, AgreementSigned
from contracts.values import ImpactPlan
from services.impact.tests.sample import BANK, REFURBISHER, allocation, indicator, signed
from services.impact.tests.world import World, quantities

pytestmark = pytest.mark.integration


def amended(agreement: AgreementSigned, quantities_: dict[int, str], **more: Any) -> AgreementAmended:
    now_agreed = tuple(
        one.model_copy(
            update={"quantity": Decimal(quantities_[number]), "value_cents": one.value_cents and one.value_cents // 2}
        )
        if number in quantities_
        else one
        for number, one in enumerate(agreement.allocations)
    )
    values: dict[str, Any] = {
        "agreement_id": agreement.agreement_id,
        "version": agreement.version + 4,
        "match_id": agreement.match_id,
        "need_id": agreement.need_id,
        "department": agreement.department,
        "stakeholder_ids": agreement.stakeholder_ids,
        "amendment": 1,
        "summary": "Less is given",
        "allocations": now_agreed,
        "impact_plan": agreement.impact_plan,
        "valid_to": date(2030, 12, 31),
    }
    return AgreementAmended(**(values | more))


async def test_less_is_promised_and_what_serves_it_follows(world: World) -> None:
    agreement = signed(
        allocation("100", value=1_000_000, giver=BANK),
        allocation("100", giver=REFURBISHER, need_line=None, kind="service", capability="refurbishing"),
        indicators=(indicator("pupils", target=Decimal(90)), indicator("teachers")),
    )
    plan_id = await world.open(agreement)
    await world.deliver(agreement, 0, "40")
    assert quantities(await world.case(agreement)) == [40, 40]
    event = amended(agreement, {0: "50"}, impact_plan=ImpactPlan(indicators=(indicator("pupils", target=Decimal(45)),)))
    await world.publish(event, plan_id)

    async def followed() -> Any:
        return quantities(await world.case(agreement)) == [40, 80]

    await eventually(followed)
    plan = await world.plan(agreement)
    assert [one["committed_quantity"] for one in plan["commitments"]] == ["50", "100"]
    assert [(one["code"], one["target"]) for one in plan["indicators"]] == [("pupils", "45")]
    assert await world.owner.fetchval("SELECT valid_to FROM plan WHERE plan_id = $1", plan_id) == date(2030, 12, 31)


async def test_a_promise_lowered_to_what_came_fulfils_the_plan_once(world: World) -> None:
    agreement = signed(allocation("10", value=100_000))
    plan_id = await world.open(agreement)
    await world.deliver(agreement, 0, "6")
    event = amended(agreement, {0: "6"})
    envelope = await world.publish(event, plan_id)
    await world.publish(event, plan_id, again=envelope)

    async def fulfilled() -> Any:
        return [name for name, _ in await world.published(plan_id)].count("plan-fulfilled")

    await eventually(fulfilled)
    renewed = amended(agreement, {0: "6"}, version=14, amendment=2)
    await world.publish(renewed, plan_id)
    await world.deliver(agreement, 0, "1")
    names = [name for name, _ in await world.published(plan_id)]
    assert names.count("plan-fulfilled") == 1
    case = await world.case(agreement)
    assert quantities(case) == [7]
    assert Decimal(case["commitments"][0]["excess_quantity"]) == 1


async def test_a_reading_is_kept_with_its_indicator(world: World) -> None:
    agreement = signed(allocation("10"), indicators=(indicator("pupils"), indicator("teachers", final=False)))
    plan_id = await world.open(agreement)
    await world.measure(agreement, "pupils", "12")
    await world.publish(amended(agreement, {0: "9"}, impact_plan=ImpactPlan()), plan_id)

    async def followed() -> Any:
        return [one["code"] for one in (await world.plan(agreement))["indicators"]] == ["pupils"]

    await eventually(followed)
