"""What intake does by itself, and who guides whom."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from chassis.scope import Scope
from chassis.unit import Units
from contracts.events.intake import (
    AccountManagerAssigned,
    NeedChanged,
    NeedExpired,
    NeighbourhoodIndicatorsLoaded,
    OfferExpired,
    PrioritiesSet,
)
from contracts.events.matching import LineBalanceChanged
from services.intake import background
from services.intake.handlers import account_managers
from services.intake.store import Store
from services.intake.tests.city import API, a_need, an_offer

pytestmark = pytest.mark.integration


def later(city, **delta) -> Units:
    """The service's units of work, at a later time."""
    units = city.running.app.state.units
    return Units("intake", units.pool, Store, clock=lambda: datetime.now(UTC) + timedelta(**delta))


async def held(city) -> dict[str, int]:
    async with city.manager() as client:
        items = (await client.get(f"{API}/account-managers")).json()["items"]
    return {item["id"]: item["load"] for item in items}


async def counted(city) -> dict[str, int]:
    rows = await city.running.app.state.units.pool.fetch(
        "SELECT account_manager_id AS id, count(*) FROM (SELECT account_manager_id FROM need WHERE city = $1"
        " AND state = 'open' UNION ALL SELECT account_manager_id FROM stakeholder WHERE city = $1) AS work"
        " WHERE account_manager_id IS NOT NULL GROUP BY 1",
        city.code,
    )
    return {row["id"]: row["count"] for row in rows}


async def test_needs_and_offers_end_when_their_time_has_passed(open_city):
    one = await open_city.stakeholder()
    soon = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
    need = await open_city.need(valid_until=soon)
    lasting = await open_city.need()
    used = await open_city.need(valid_until=soon)
    async with open_city.partner() as client:
        offer = (await client.post(f"{API}/offers", json=an_offer(one["id"], valid_until=soon))).json()
    units = later(open_city, minutes=10)
    async with units.begin(Scope(open_city.code)) as unit:
        amounts = {"total": 271, "free": 0, "reserved": 271, "committed": 0, "delivered": 0, "shortfall": 0}
        event = {"line_of": "need", "subject_id": used["id"], "line": 0, "version": 1, "unit": "C62"} | amounts
        await unit.store.balances.project(unit.scope, [LineBalanceChanged(**event, open_ended=False)])
    done = await background.once(units)
    assert (done["needs_expired"], done["offers_expired"]) == (1, 1)
    assert [str(event.need_id) for event in await open_city.events(NeedExpired)] == [need["id"]]
    assert [str(event.offer_id) for event in await open_city.events(OfferExpired)] == [offer["id"]]
    states = {item["id"]: item["state"] for item in await open_city.find_needs()}
    # What somebody has reserved something for is not unanswered.
    assert states == {need["id"]: "expired", lasting["id"]: "open", used["id"]: "open"}
    again = await background.once(units)
    assert (again["needs_expired"], again["offers_expired"]) == (0, 0)


async def test_work_goes_to_who_carries_least_and_waits_while_nobody_is_there(city):
    async with city.coordinator() as client:
        await client.put(f"{API}/departments/education", json={"name": "Educazione"})
    need, one = await city.need(), await city.stakeholder()
    assert (need["account_manager_id"], one["account_manager_id"]) == (None, None)
    async with city.manager("m-1") as client:
        await client.put(f"{API}/account-managers/me", json={})
    [assigned] = await city.events(AccountManagerAssigned)
    [changed] = await city.events(NeedChanged)
    assert (assigned.account_manager_id, changed.account_manager_id) == ("m-1", "m-1")
    async with city.manager("m-2") as client:
        await client.put(f"{API}/account-managers/me", json={"policy_areas": ["food_poverty"]})
    got = [(await city.need(policy_area=area))["account_manager_id"] for area in ("food_poverty", "food_poverty", "x")]
    assert got == ["m-2", "m-2", "m-1"]
    assert await held(city) == await counted(city) == {"m-1": 3, "m-2": 2}


async def test_cover_during_an_absence_and_hand_over_at_the_end(open_city):
    one, need = await open_city.stakeholder(), await open_city.need()
    async with open_city.manager("manager-2") as client:
        await client.put(f"{API}/account-managers/me", json={})
    until = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    async with open_city.manager("manager-1") as client:
        absence = {"until": until, "covered_by": "nobody"}
        wrong = await client.put(f"{API}/account-managers/me", json={"absence": absence})
        away = await client.put(f"{API}/account-managers/me", json={"absence": absence | {"covered_by": "manager-2"}})
    assert [error["pointer"] for error in wrong.json()["errors"]] == ["/absence/covered_by"]
    assert away.json()["absence"]["covered_by"] == "manager-2"
    assert (await open_city.need())["account_manager_id"] == "manager-2"
    await background.once(later(open_city, days=3))
    events = [(event.account_manager_id, event.covered_by) for event in await open_city.events(AccountManagerAssigned)]
    assert events == [("manager-1", None), ("manager-1", "manager-2"), ("manager-1", None)]
    async with open_city.manager("manager-1") as client:
        await client.put(f"{API}/account-managers/me", json={"active": False})
        read = await client.get(f"{API}/stakeholders/{one['id']}")
    assert read.json()["account_manager_id"] == "manager-2"
    [moved] = [item for item in await open_city.find_needs() if item["id"] == need["id"]]
    assert moved["account_manager_id"] == "manager-2"
    assert await held(open_city) == {"manager-1": 0} | await counted(open_city)


async def test_the_load_adds_up_whatever_happens_to_needs(open_city):
    ids = [(await open_city.need(title=f"N {n}"))["id"] for n in range(4)]
    async with open_city.department() as client:
        await client.post(f"{API}/needs/{ids[0]}/withdraw")
        await client.post(f"{API}/needs/{ids[0]}/withdraw")
        await client.patch(f"{API}/needs/{ids[1]}", json={"title": "Altro"}, headers={"If-Match": "*"})
        answers = await asyncio.gather(
            *(client.post(f"{API}/needs", json=a_need(external_ref="SAME")) for _ in range(8)),
            *(client.post(f"{API}/needs", json=a_need(external_ref=f"R{n}")) for n in range(8)),
        )
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201] * 9
    assert len({answer.json()["id"] for answer in answers}) == 9
    assert await held(open_city) == await counted(open_city) == {"manager-1": 12}


async def test_one_organisation_per_reference_even_when_many_register_it_at_once(open_city):
    body = {"name": "Enel", "type": "company", "external_ref": "enel"}
    async with open_city.partner() as client:
        answers = await asyncio.gather(*(client.post(f"{API}/stakeholders", json=body) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1


async def test_unassigned_work_is_found_in_small_batches(open_city):
    pool = open_city.running.app.state.units.pool
    ids = [(await open_city.need())["id"] for _ in range(3)]
    await pool.execute("UPDATE need SET account_manager_id = NULL WHERE city = $1", open_city.code)
    units = open_city.running.app.state.units
    done = [
        await units.run(Scope(open_city.code), lambda unit: account_managers.assign_waiting(unit, 2)) for _ in range(3)
    ]
    assert done == [2, 1, 0]
    assert {str(event.need_id) for event in await open_city.events(NeedChanged)} == set(ids)


async def test_the_focus_group_steers(open_city):
    priorities = {"valid_from": "2026-01-01", "valid_to": "2026-12-31", "weights": {"digital_poverty": 0.9}}
    indicators = {"name": "Povertà", "source": "open data", "values": {"1": 0.2, "88": 1}}
    async with open_city.coordinator() as client:
        first = await client.post(f"{API}/priorities", json=priorities)
        turned = await client.post(f"{API}/priorities", json=priorities | {"valid_to": "2025-01-01"})
        loaded = await client.post(f"{API}/neighbourhood-indicators", json=indicators)
        outside = await client.post(f"{API}/neighbourhood-indicators", json=indicators | {"values": {"89": 1}})
        listed = await client.get(f"{API}/priorities")
    assert [one.status_code for one in (first, turned, loaded, outside)] == [201, 422, 201, 422]
    assert listed.json()[0]["weights"] == {"digital_poverty": 0.9}
    [event] = await open_city.events(PrioritiesSet)
    assert event.weights == {"digital_poverty": 0.9}
    [event] = await open_city.events(NeighbourhoodIndicatorsLoaded)
    assert event.values == {1: 0.2, 88: 1.0}
    async with open_city.manager() as client:
        assert (await client.post(f"{API}/priorities", json=priorities)).status_code == 403


async def test_cities_do_not_see_each_other(open_city, intake):
    need = await open_city.need()
    async with intake.client() as anonymous:
        assert (await anonymous.get(f"{API}/needs/{need['id']}")).status_code == 404
        listed = await anonymous.get(f"{API}/needs")
    assert need["id"] not in {item["id"] for item in listed.json()["items"]}
