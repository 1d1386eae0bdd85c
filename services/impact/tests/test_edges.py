"""Inputs at their limits: answered, never a crash, and never a public page that breaks on them."""

from __future__ import annotations

import base64

import pytest

from chassis import replay
from chassis.testing import eventually
from contracts.events.intake import StakeholderRegistered
from services.impact.app import service
from services.impact.tests import sample
from services.impact.tests.world import MANAGER, World, actor

pytestmark = pytest.mark.integration
CITY = "c_edge"
LOCAL = actor("manager", "account_manager", city=CITY)


async def test_a_quantity_that_could_not_be_published_is_refused(world: World) -> None:
    agreement = sample.signed(sample.allocation("1", value=20_000), sample.allocation("1"))
    await world.open(agreement, city=CITY)

    dear = await world.deliver(agreement, 0, "999999999999", LOCAL)
    most = await world.deliver(agreement, 1, "999999999999.999", LOCAL)
    more = await world.deliver(agreement, 1, "0.001", LOCAL)

    assert (dear.status_code, dear.json()["errors"][0]["pointer"]) == (422, "/quantity")
    assert (most.status_code, more.status_code) == (201, 422)


async def test_sums_may_be_longer_than_any_figure(world: World) -> None:
    agreement = sample.signed(
        sample.allocation("1"), sample.allocation("1"), indicators=(sample.indicator("children"),)
    )
    await world.open(agreement, city=CITY)
    for number in (0, 1):
        await world.deliver(agreement, number, "999999999999.999", LOCAL)
        await world.measure(agreement, "children", "999999999999", LOCAL)

    async with world.client(actor("reader", city=CITY)) as client:
        summary = await client.get("/impact/api/v1/summary", params={"need": str(agreement.need_id)})
        page = await client.get("/impact/summary", headers={"Accept": "text/html"})

    [goods] = summary.json()["resource_kinds"]
    assert goods["quantities"] == [{"unit": "C62", "delivered_quantity": "1999999999999.998"}]
    assert summary.json()["cases"][0]["indicators"][0]["sum"] == "1999999999998"
    assert page.status_code == 200


@pytest.mark.parametrize("cursor", ["x", '["a","b"]', "[1,2]", '["2021-01-01",null]', '["\\u0000"]', "[[1]]"])
async def test_a_cursor_that_is_not_ours_is_refused(world: World, cursor: str) -> None:
    after = base64.urlsafe_b64encode(cursor.encode()).decode().rstrip("=")
    async with world.client(MANAGER) as client:
        for path in ("plans", "indicators"):
            answer = await client.get(f"/impact/api/v1/{path}", params={"after": after})
            assert (answer.status_code, answer.json()["code"]) == (400, "bad-cursor")


async def test_plans_are_paged_without_gap_or_double(world: World) -> None:
    city = "c_pages"
    agreements = [sample.signed(sample.allocation("1")) for _ in range(5)]
    for agreement in agreements:
        await world.open(agreement, city=city)
    seen, after = [], ""
    async with world.client(actor("manager", "account_manager", city=city)) as client:
        while True:
            found = (await client.get("/impact/api/v1/plans", params={"limit": 2, "after": after})).json()
            seen += [one["plan_id"] for one in found["items"]]
            if not found["next"]:
                break
            after = found["next"]
    assert sorted(seen) == sorted(str(agreement.agreement_id) for agreement in agreements)


async def test_quantities_by_kind_count_a_thing_once(world: World) -> None:
    agreement = sample.devices()
    await world.open(agreement, city="c_once")
    await world.deliver(agreement, 0, "271", actor("manager", "account_manager", city="c_once"))
    async with world.client(actor("reader", city="c_once")) as client:
        kinds = (await client.get("/impact/api/v1/summary")).json()["resource_kinds"]
    counted = {one["kind"]: [total["delivered_quantity"] for total in one["quantities"]] for one in kinds}
    assert counted == {"goods": ["271"], "service": ["0"], "space": ["0"]}


async def test_names_can_be_rebuilt_from_the_log(world: World) -> None:
    giver = sample.REFURBISHER
    await world.publish(
        StakeholderRegistered(stakeholder_id=giver, version=1, name="Sodalitas", stakeholder_type="foundation"), giver
    )
    agreement = sample.signed(sample.allocation("1", giver=giver))
    await world.open(agreement)

    async def name() -> str:
        return str((await world.case(agreement))["commitments"][0]["stakeholder"])

    async def known() -> bool:
        return await name() == "Sodalitas"

    await eventually(known)
    await world.owner.execute("UPDATE stakeholder SET name = 'spoiled'")
    await replay.replay(service(world.running.settings), "names")
    assert await name() == "Sodalitas"
