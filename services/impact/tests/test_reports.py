"""Reports over HTTP: once per reference, corrected by new facts, refused with a pointer."""

from __future__ import annotations

import asyncio
import uuid
from decimal import Decimal

import asyncpg
import pytest

from services.impact.tests import sample
from services.impact.tests.world import DEPARTMENT, MANAGER, OTHER_DEPARTMENT, World, actor, quantities

pytestmark = pytest.mark.integration


async def test_a_reference_is_recorded_once(world: World) -> None:
    agreement = sample.signed(sample.allocation("10", value=1000))
    await world.open(agreement)

    answers = await asyncio.gather(*(world.deliver(agreement, 0, "4", external_ref="note-1") for _ in range(5)))

    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 200, 201]
    assert len({answer.json()["delivery_id"] for answer in answers}) == 1
    assert quantities(await world.case(agreement)) == [4]
    other = await world.deliver(agreement, 0, "5", external_ref="note-1")
    assert (other.status_code, other.json()["code"]) == (409, "external-ref-reused")
    theirs = await world.deliver(agreement, 0, "1", DEPARTMENT, external_ref="note-1")
    assert theirs.status_code == 201


async def test_a_correction_is_a_new_fact(world: World) -> None:
    agreement = sample.devices()
    plan_id = await world.open(agreement)
    recorded = (await world.deliver(agreement, 0, "271")).json()

    async with world.client(DEPARTMENT) as client:
        path = f"/impact/api/v1/plans/{plan_id}/deliveries/{recorded['delivery_id']}/correct"
        answer = await client.post(path, json={"quantity": "231", "reason": "Counted twice"})
        again = await client.post(path, json={"quantity": "231", "reason": "Counted twice"})

    assert (answer.status_code, again.status_code) == (200, 200)
    assert answer.json()["quantity"] == "231"
    assert answer.json()["recorded_quantity"] == "271"
    case = await world.case(agreement)
    assert (quantities(case), case["value_cents"]) == ([231] * 4, 231 * 20_000)
    corrections = [data for name, data in await world.published(plan_id) if name == "result-corrected"]
    assert [(one["before"], one["after"], one.get("value_cents_after")) for one in corrections] == [
        ("271", "231", 231 * 20_000),
        *[("271", "231", None)] * 3,
    ]
    assert {one["reason"] for one in corrections} == {"corrected"}, "the words stay here"
    history = await world.plan(agreement)
    assert history["corrections"][0]["reason"] == "Counted twice"
    assert history["deliveries"][0]["corrections"] == 1


async def test_a_note_stays_with_those_concerned(world: World) -> None:
    agreement = sample.devices()
    plan_id = await world.open(agreement)

    answer = await world.deliver(agreement, 0, "1", note="Handed to Maria Rossi")

    assert answer.json()["note"] == "Handed to Maria Rossi"
    assert "Maria" not in str(await world.published(plan_id))
    assert "Maria" not in str(await world.case(agreement))


async def test_what_the_system_assumed_gives_way_to_what_was_recorded(world: World) -> None:
    agreement = sample.devices()
    plan_id = await world.open(agreement)
    await world.deliver(agreement, 0, "100")
    assumed = (await world.plan(agreement))["deliveries"][1]
    assert (assumed["accompanying"], assumed["declared_by"]) == (True, "system")

    async with world.client(MANAGER) as client:
        path = f"/impact/api/v1/plans/{plan_id}/deliveries/{assumed['delivery_id']}/correct"
        refused = await client.post(path, json={"quantity": "1", "reason": "no idea"})
    await world.deliver(agreement, 1, "90")

    assert (refused.status_code, refused.json()["code"]) == (409, "recorded-by-the-system")
    assert quantities(await world.case(agreement)) == [100, 90, 100, 100]


async def test_facts_cannot_be_edited_even_by_the_service_itself(world: World) -> None:
    agreement = sample.signed(sample.allocation("10"))
    await world.open(agreement)
    await world.deliver(agreement, 0, "4")
    runtime = await asyncpg.connect(world.database.dsn("impact"))
    try:
        for statement in ("UPDATE delivery SET quantity = 5", "DELETE FROM delivery", "DELETE FROM correction"):
            with pytest.raises(asyncpg.RestrictViolationError):
                await runtime.execute(statement)
    finally:
        await runtime.close()


async def test_a_partner_declares_what_it_gave_and_nothing_else(world: World) -> None:
    agreement = sample.devices()
    plan_id = await world.open(agreement)
    bank = actor("bank-officer", "partner", stakeholders=frozenset({str(sample.BANK)}))

    own = await world.deliver(agreement, 0, "10", bank)
    others = await world.deliver(agreement, 1, "10", bank)
    by_department = await world.deliver(agreement, 0, "5", DEPARTMENT)
    async with world.client(bank) as client:
        path = f"/impact/api/v1/plans/{plan_id}/deliveries/{by_department.json()['delivery_id']}/correct"
        not_theirs = await client.post(path, json={"quantity": "1", "reason": "We say so"})

    assert (own.status_code, own.json()["declared_by"]) == (201, "partner")
    assert others.status_code == 403
    assert not_theirs.status_code == 403


async def test_who_has_no_part_in_a_plan_does_not_see_it(world: World) -> None:
    agreement = sample.devices()
    plan_id = await world.open(agreement)
    async with world.client(OTHER_DEPARTMENT) as client:
        assert (await client.get(f"/impact/api/v1/plans/{plan_id}")).status_code == 404
        mine = (await client.get("/impact/api/v1/plans", params={"need": str(agreement.need_id)})).json()
    async with world.client(DEPARTMENT) as client:
        theirs = (await client.get("/impact/api/v1/plans", params={"need": str(agreement.need_id)})).json()
    async with world.client() as client:
        assert (await client.get(f"/impact/api/v1/plans/{plan_id}")).status_code == 401
    assert (await world.deliver(agreement, 0, "1", OTHER_DEPARTMENT)).status_code == 404
    assert mine["items"] == []
    assert [one["plan_id"] for one in theirs["items"]] == [str(plan_id)]


async def test_wrong_fields_are_pointed_at(world: World) -> None:
    agreement = sample.food()
    await world.open(agreement)

    zero = await world.deliver(agreement, 0, "0")
    unknown = await world.deliver(agreement, 0, "1", offer_id=str(uuid.uuid4()))
    indicator = await world.measure(agreement, "happiness", "3")

    assert zero.json()["errors"][0]["pointer"] == "/quantity"
    assert [error["pointer"] for error in unknown.json()["errors"]] == ["/offer_id"]
    assert (indicator.status_code, indicator.json()["errors"][0]["pointer"]) == (422, "/indicator")


async def test_too_much_is_recorded_and_said(world: World) -> None:
    agreement = sample.signed(sample.allocation("10", value=1000))
    await world.open(agreement)

    answer = await world.deliver(agreement, 0, "12")

    assert [one["code"] for one in answer.json()["warnings"]] == ["exceeds-commitment"]
    [commitment] = (await world.case(agreement))["commitments"]
    assert (commitment["delivered_quantity"], commitment["excess_quantity"]) == ("12", "2")
    assert commitment["outstanding_quantity"] == "0"


async def test_measurements_show_the_latest_by_day_and_their_sum(world: World) -> None:
    agreement = sample.food()
    plan_id = await world.open(agreement)
    late = await world.measure(agreement, "families_reached", "250", measured_on="2021-07-01", final=False)
    await world.measure(agreement, "families_reached", "150", measured_on="2021-06-01", final=False)
    async with world.client(MANAGER) as client:
        path = f"/impact/api/v1/plans/{plan_id}/measurements/{late.json()['measurement_id']}/correct"
        await client.post(path, json={"value": "260", "reason": "One list was missing"})

    reached = next(one for one in (await world.plan(agreement))["indicators"] if one["code"] == "families_reached")

    assert (reached["latest"], reached["latest_on"], reached["sum"]) == ("260", "2021-07-01", "410")
    assert reached["complete"] is False


async def test_an_idempotency_key_gives_the_first_answer_again(world: World) -> None:
    agreement = sample.signed(sample.allocation("10"))
    plan_id = await world.open(agreement)
    body = {"offer_id": str(agreement.allocations[0].offer_id), "offer_line": 0, "quantity": "2"}
    async with world.client(MANAGER, **{"Idempotency-Key": str(uuid.uuid4())}) as client:
        answers = [await client.post(f"/impact/api/v1/plans/{plan_id}/deliveries", json=body) for _ in range(2)]
        flat = await client.post(
            "/impact/api/v1/deliveries",
            json=body | {"plan_id": str(plan_id)},
            headers={"Idempotency-Key": str(uuid.uuid4())},
        )
    assert answers[0].json() == answers[1].json()
    assert flat.status_code == 201
    assert quantities(await world.case(agreement)) == [Decimal(4)]
