"""Plans over all open needs and offers: made in the background, advice until somebody adopts them."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import psutil
import pytest
from aiokafka import AIOKafkaProducer

from chassis.auth import Actor
from chassis.clock import new_id
from chassis.scope import Scope
from chassis.testing import Database, Running, clone, eventually, running, test_settings
from contracts.events import intake
from contracts.places import Place
from services.matching.app import service
from services.matching.planning.supervising import asked_for_today
from services.matching.settings import MatchingSettings
from services.matching.tests.world import World, goods, money
from services.matching.tests.world import service as ability
from tests.servers import Servers

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
PLANS = "/matching/api/v1/allocations"
LEASE = 1.0
PATIENCE = 120
"""Seconds for what a process of its own does on a busy machine."""


@pytest.fixture(scope="module")
async def matching(matching_template: Database, servers: Servers) -> AsyncIterator[Running]:
    """With short leases, so that a test sees a plan taken up again."""
    database = await clone(matching_template, ("matching",))
    settings = test_settings(
        MatchingSettings,
        database,
        "matching",
        servers.kafka_bootstrap(),
        f"{servers.prefix}.{secrets.token_hex(4)}.",
        consume_retry_seconds=5.0,
        job_poll_seconds=0.02,
        plan_lease_seconds=LEASE,
    )
    async with running(service(settings)) as found:
        yield found


@pytest.fixture
def world(matching: Running, producer: AIOKafkaProducer) -> World:
    return World(matching, producer)


def at(nil: int) -> Place:
    return Place(label=f"NIL {nil}", nil=nil)


async def asked(world: World, **body: Any) -> str:
    async with world.manager() as client:
        answer = await client.post(PLANS, json=body)
        assert answer.status_code == 202, answer.text
        plan_id: str = answer.json()["plan_id"]
        return plan_id


async def plan_of(world: World, plan_id: str, **query: Any) -> dict[str, Any]:
    async with world.manager() as client:
        answer = await client.get(f"{PLANS}/{plan_id}", params=query)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


async def over(world: World, plan_id: str) -> dict[str, Any]:
    async def is_over() -> dict[str, Any] | None:
        found = await plan_of(world, plan_id)
        return found if found["state"] in ("done", "failed", "cancelled") else None

    return await eventually(is_over, within=PATIENCE)


async def made(world: World, **body: Any) -> dict[str, Any]:
    found = await over(world, await asked(world, **body))
    assert found["state"] == "done", found
    return found


async def posted(world: World, path: str, **body: Any) -> Any:
    async with world.manager() as client:
        answer = await client.post(f"{PLANS}/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()


async def two_schools(world: World) -> tuple[UUID, UUID, UUID]:
    """One offer of laptops that fits one need better than it fits the other, where each alone would take it all."""
    giver = await world.stakeholder("Lexmark")
    near = await world.need("Portatili per la scuola", goods("10"), place=at(20))
    far = await world.need("Portatili per la biblioteca", goods("10"), place=at(76))
    offer = await world.offer("Portatili per la scuola", giver, goods("10"), place=at(20))
    await world.settled()
    return near, far, offer


async def test_a_plan_says_what_it_would_do_what_it_is_worth_and_changes_nothing(world: World) -> None:
    near, far, offer = await two_schools(world)
    before = await world.matches()
    plan = await made(world, fairness=0.3)
    lines = plan["lines"]["items"]
    planned = [line for line in lines if line["change"] != "dropped"]
    assert sum(Decimal(line["quantity"]) for line in planned) == 10
    assert {line["offer_id"] for line in planned} == {str(offer)}
    assert {line["need_id"] for line in planned} <= {str(near), str(far)}
    assert 0 <= plan["gap"] < 0.05
    assert plan["value"] >= plan["summary"]["greedy"] - 1e-9
    assert plan["progress"] == 1
    assert all(reason["text_it"] and reason["text_en"] for line in planned for reason in line["reasons"])
    assert await world.matches() == before


async def test_adopting_makes_proposals_of_the_planned_size_once_and_they_stay(world: World) -> None:
    near, far, offer = await two_schools(world)
    plan = await made(world, fairness=1.0, smallest_share=0)
    planned = [line for line in plan["lines"]["items"] if line["change"] == "other_quantity"]
    assert len(planned) == 2, "the first help of both counts more than all of one"
    adopted = await posted(world, f"{plan['plan_id']}/propose")
    assert adopted["left_out"] == {}
    assert len(adopted["proposed"]) == 2
    again = await posted(world, f"{plan['plan_id']}/propose")
    assert again == {"proposed": {}, "left_out": {}, "more": False}
    await world.settled()
    proposals = [one for need in (near, far) for one in await world.matches(need=need, state="proposed")]
    assert {one["match_id"] for one in proposals} == set(adopted["proposed"].values())
    assert sum(Decimal(one["allocations"][0]["quantity"]) for one in proposals) == 10
    assert any(reason["code"] == "in_plan" for reason in proposals[0]["reasons"])
    await world.accepted_by_all(proposals[0])
    await world.settled()
    assert (await world.match(proposals[1]["match_id"]))["state"] == "proposed", "there is still enough for it"
    await world.accepted_by_all(proposals[1])
    assert (await world.balance(offer))["free"] == 0


async def test_only_what_is_still_free_becomes_a_proposal(world: World) -> None:
    near, far, offer = await two_schools(world)
    plan = await made(world, fairness=0)
    [other] = await world.matches(need=far, state="proposed")
    await world.accepted_by_all(other)
    await world.settled()
    adopted = await posted(world, f"{plan['plan_id']}/propose")
    assert adopted["proposed"] == {}
    assert set(adopted["left_out"].values()) <= {"nothing_free", "offer_closed", "under_way"}
    again = await posted(world, f"{plan['plan_id']}/propose")
    assert again["left_out"] == {}, "what was refused is tried again only by name"
    by_name = await posted(world, f"{plan['plan_id']}/propose", positions=[*map(int, adopted["left_out"])])
    assert by_name["left_out"] == adopted["left_out"]
    assert (await world.balance(offer))["free"] == 0
    assert await world.matches(need=near, state="proposed") == []


async def test_what_it_costs_to_insist_on_one_choice(world: World) -> None:
    near, far, offer = await two_schools(world)
    plan = await made(world, fairness=0)
    [line] = [line for line in plan["lines"]["items"] if line["change"] != "dropped"]
    loser = far if line["need_id"] == str(near) else near
    choice = {"need_id": str(loser), "offer_id": str(offer), "quantity": "4"}
    price = await posted(world, f"{plan['plan_id']}/insist", **choice)
    assert price["possible"]
    assert price["cost"] > 0
    moved = {one["need_id"]: (one["before"], one["after"]) for one in price["changes"]}
    assert moved == {line["need_id"]: ("10", "6"), str(loser): ("0", "4")}
    too_much = await posted(world, f"{plan['plan_id']}/insist", **choice | {"quantity": "11"})
    assert too_much == price | {"possible": False, "why": "too_much", "cost": 0, "fit": 0, "share": 0, "changes": []}
    kept = await made(world, fairness=0, insist=[choice])
    assert kept["summary"]["insisted"][0]["cost"] == pytest.approx(price["cost"])
    assert {one["need_id"]: one["quantity"] for one in kept["lines"]["items"]}[str(loser)] == "4"


async def test_capabilities_limit_a_plan_and_who_lacks_one_is_said(world: World) -> None:
    company = await world.stakeholder("Intesa Sanpaolo")
    workshop = await world.stakeholder("PC Officina", "association")
    need = await world.need("Portatili rigenerati", goods("40"), requires=["refurbishing"])
    other = await world.need("Portatili con deposito", goods("5"), requires=["storage"])
    await world.offer("Portatili usati", company, goods("60"))
    await world.offer("Rigenerazione", workshop, ability("refurbishing", "25"))
    await world.settled()
    plan = await made(world, fairness=0)
    [line] = [one for one in plan["lines"]["items"] if one["need_id"] == str(need) and one["change"] != "dropped"]
    assert line["quantity"] == "25"
    assert [one["capability"] for one in line["capabilities"]] == ["refurbishing"]
    [left_out] = [one for one in plan["summary"]["left_out"] if one["need_id"] == str(other)]
    assert (left_out["reason"], left_out["what"]) == ("capability_missing", "storage")
    adopted = await posted(world, f"{plan['plan_id']}/propose")
    for match_id in adopted["proposed"].values():
        match = await world.match(match_id)
        assert match["triangulation"]
        assert [part["quantity"] for part in match["allocations"]] == ["25", "25"]


async def test_fairness_moves_help_to_those_worse_off_and_says_what_that_costs(world: World) -> None:
    giver = await world.stakeholder("Fondazione")
    event = intake.NeighbourhoodIndicatorsLoaded(
        indicators_id=new_id(), version=1, name="hardship", source="test",
        values={20: 0.05, 76: 0.95},
    )  # fmt: skip
    await world.say(event, event.indicators_id)
    await world.need("Arredi per la scuola", goods("20"), place=at(20))
    await world.need("Arredi per la scuola", goods("20"), place=at(76))
    await world.offer("Arredi per la scuola", giver, goods("20"), place=at(20))
    await world.settled()
    plan = await made(world, fairness=0.5)
    rows = {one["nil"]: one for one in plan["summary"]["neighbourhoods"]}
    assert rows[20]["plain"] == 1.0
    assert rows[76]["plain"] == 0.0
    assert rows[76]["fair"] > rows[20]["fair"]
    assert plan["summary"]["fairness"]["moved"] == 2
    assert 0 < plan["summary"]["fairness"]["share"] < 0.5


async def test_only_what_was_asked_for_is_in_the_plan(world: World) -> None:
    giver = await world.stakeholder("Aviva")
    await world.need("Portatili", goods("5"))
    fund = await world.need("Fondo di mutuo soccorso", money("100"))
    await world.offer("Portatili", giver, goods("5"))
    await world.offer("Donazione", giver, money("100"))
    await world.settled()
    plan = await made(world, kinds=["money"])
    assert {line["need_id"] for line in plan["lines"]["items"]} == {str(fund)}
    assert plan["summary"]["changes"] == {"kept": 1}


async def test_plans_are_for_those_who_guide_and_coordinate(world: World) -> None:
    async with world.officer() as client:
        assert (await client.post(PLANS, json={})).status_code == 403
        assert (await client.get(PLANS)).status_code == 403
    async with world.running.client(Actor("c", world.city, roles=frozenset({"coordinator"}))) as client:
        assert (await client.get(PLANS)).json() == {"items": [], "next": None}
        assert (await client.get(f"{PLANS}/{uuid4()}")).status_code == 404
        assert (await client.post(PLANS, json={"fairness": 2})).status_code == 422


async def test_a_repeated_request_asks_once(world: World) -> None:
    async with world.manager() as client:
        first, second = [await client.post(PLANS, json={}, headers={"Idempotency-Key": "the-same"}) for _ in range(2)]
        assert first.json()["plan_id"] == second.json()["plan_id"]
        assert len((await client.get(PLANS)).json()["items"]) == 1
    await over(world, first.json()["plan_id"])


async def test_a_cancelled_plan_keeps_nothing_and_its_process_ends(world: World) -> None:
    await two_schools(world)
    plan_id = await asked(world)
    await eventually(lambda: _at_work(plan_id), within=PATIENCE)
    cancelled = await posted(world, f"{plan_id}/cancel")
    assert cancelled["state"] == "cancelled"
    await eventually(lambda: _nobody_at_work(), within=PATIENCE)
    plan = await plan_of(world, plan_id)
    assert (plan["state"], plan["lines"]["items"], plan["value"]) == ("cancelled", [], None)
    async with world.manager() as client:
        assert (await client.post(f"{PLANS}/{plan_id}/cancel")).json()["code"] == "plan-over"
        assert (await client.post(f"{PLANS}/{plan_id}/propose")).json()["code"] == "plan-not-done"


async def test_a_plan_whose_process_is_killed_is_made_again(world: World) -> None:
    await two_schools(world)
    plan_id = await asked(world)
    for process in await eventually(lambda: _at_work(plan_id), within=PATIENCE):
        process.kill()
    plan = await over(world, plan_id)
    assert (plan["state"], plan["attempts"]) == ("done", 2)


async def test_a_plan_that_kills_its_process_every_time_fails_and_says_so(world: World) -> None:
    broken = {"fairness": "not a number"}
    async with world.running.app.state.units.begin(Scope(world.city, "test")) as unit:
        plan_id = unit.new_id()
        await unit.store.plans.ask(unit.scope, plan_id, broken, unit.now)

    async def failed() -> bool:
        async with world.running.app.state.units.reading() as store:
            row = await store.plans.one(Scope(world.city), plan_id)
        return bool(row["state"] == "failed" and row["failure"] == "gave_up")

    await eventually(failed, within=PATIENCE)


async def test_a_plan_whose_instance_died_is_taken_up_when_its_lease_has_run_out(world: World) -> None:
    units, now = world.running.app.state.units, datetime.now(UTC)
    plan_id = new_id()
    async with units.begin(Scope(world.city, "test")) as unit:
        await unit.store.plans.ask(unit.scope, plan_id, {}, now)
        lost = await unit.store.plans.take(uuid4(), now, now + timedelta(seconds=LEASE))
        assert lost.plan_id == plan_id
    plan = await over(world, str(plan_id))
    assert (plan["state"], plan["attempts"]) == ("done", 2)
    async with units.begin(Scope(world.city)) as unit:
        assert not await unit.store.plans.tell(lost, "solving", 0.5, now), "the first one has lost it"


async def test_two_workers_never_get_the_same_plan(world: World) -> None:
    units, now = world.running.app.state.units, datetime.now(UTC) - timedelta(days=1)
    asked_for = {new_id() for _ in range(12)}
    async with units.begin(Scope(world.city, "test")) as unit:
        for plan_id in asked_for:
            await unit.store.plans.ask(unit.scope, plan_id, {}, now)
            # Nobody else takes it while it is ours; then all want it at once.
            await unit.store.plans.take(uuid4(), now, now + timedelta(days=2))
        await unit.connection.execute("UPDATE plan SET lease_until = $2 WHERE city = $1", world.city, now)

        async def take() -> list[UUID]:
            found = []
            async with units.begin(Scope(world.city, "test")) as other:
                while task := await other.store.plans.take(uuid4(), now + timedelta(1), now + timedelta(days=9)):
                    found.append(task.plan_id)
            return found

        assert await take() == [], "somebody else is at them"
    taken = [plan_id for found in await asyncio.gather(*(take() for _ in range(6))) for plan_id in found]
    mine = [plan_id for plan_id in taken if plan_id in asked_for]
    assert len(mine) == len(set(mine))
    async with units.begin(Scope(world.city)) as unit:
        await unit.connection.execute("DELETE FROM plan WHERE city = $1", world.city)


async def test_the_schedule_asks_once_a_day_for_each_city_with_open_needs(world: World) -> None:
    await world.need("Sedie", goods("5"))
    await world.settled()
    units = world.running.app.state.units
    settings = world.running.settings.model_copy(update={"plan_hour": 3})
    clock = units.clock
    try:
        for hour, asked_then in ((0, 0), (3, 1), (4, 1)):
            units.clock = lambda hour=hour: datetime(2026, 11, 21, hour, 30, tzinfo=UTC)
            await asked_for_today(units, settings)
            async with units.reading() as store:
                assert len(await store.plans.newest(Scope(world.city), None, 10)) == asked_then
    finally:
        units.clock = clock


async def _at_work(plan_id: str) -> list[psutil.Process]:
    return [one for one in psutil.Process().children() if "services.matching.planning" in " ".join(one.cmdline())]


async def _nobody_at_work() -> bool:
    return not await _at_work("")
