"""Needs over HTTP."""

import pytest

from contracts.events.intake import NeedChanged, NeedRegistered, NeedWithdrawn
from services.intake.tests.city import API, LINE, a_need

pytestmark = pytest.mark.integration


async def test_a_department_registers_a_need_and_everybody_can_read_it(open_city):
    need = await open_city.need(description="per doposcuola")
    assert need["state"] == "open"
    assert need["department"] == "education"
    assert need["account_manager_id"] == "manager-1"
    [event] = await open_city.events(NeedRegistered)
    assert str(event.need_id) == need["id"]
    assert event.account_manager_id == "manager-1"
    async with open_city.department() as client:
        read = await client.get(f"{API}/needs/{need['id']}")
    assert read.headers["etag"] == '"1"'
    assert read.json()["lines"][0]["quantity"] == "271"


async def test_the_same_reference_again_answers_with_the_need_of_then(open_city):
    async with open_city.department() as client:
        first = await client.post(f"{API}/needs", json=a_need(external_ref="R/1"))
        again = await client.post(f"{API}/needs", json=a_need(external_ref="R/1"))
        other = await client.post(f"{API}/needs", json=a_need(external_ref="R/1", title="Altro"))
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 200)
    assert first.json()["id"] == again.json()["id"] == other.json()["id"]
    assert again.json()["warnings"] == []
    assert other.json()["title"] == "Laptop per studenti"
    assert [one["code"] for one in other.json()["warnings"]] == ["already-known"]
    assert len(await open_city.events(NeedRegistered)) == 1


async def test_an_idempotency_key_gives_the_first_answer_again(open_city):
    async with open_city.department() as client:
        headers = {"Idempotency-Key": "k-1"}
        first = await client.post(f"{API}/needs", json=a_need(), headers=headers)
        again = await client.post(f"{API}/needs", json=a_need(), headers=headers)
        other = await client.post(f"{API}/needs", json=a_need(title="Altro"), headers=headers)
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert other.status_code == 422
    assert len(await open_city.events(NeedRegistered)) == 1


async def test_wrong_fields_are_all_named(open_city):
    async with open_city.department() as client:
        answer = await client.post(
            f"{API}/needs",
            json=a_need(
                with_departments=["nobody"],
                receivers=["00000000-0000-7000-8000-000000000000"],
                lines=[LINE | {"unit": "XYZ"}],
                valid_until="2001-01-01T00:00:00Z",
            ),
        )
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("application/problem+json")
    found = {(one["pointer"], one["code"]) for one in answer.json()["errors"]}
    assert found == {
        ("/with_departments/0", "unknown-department"),
        ("/receivers/0", "unknown-receiver"),
        ("/lines/0/unit", "unknown-unit"),
        ("/valid_until", "in-the-past"),
    }
    assert await open_city.events(NeedRegistered) == []


async def test_only_its_own_department_and_account_managers_may_touch_a_need(open_city):
    need = await open_city.need()
    address = f"{API}/needs/{need['id']}"
    async with open_city.department("environment") as client:
        assert (await client.post(f"{API}/needs", json=a_need(department="education"))).status_code == 403
        assert (await client.patch(address, json={"title": "x"}, headers={"If-Match": "*"})).status_code == 403
        assert (await client.post(f"{address}/withdraw")).status_code == 403
    async with open_city.partner() as client:
        assert (await client.post(f"{API}/needs", json=a_need(department="education"))).status_code == 403
    async with open_city.running.client() as client:
        assert (await client.post(f"{API}/needs", json=a_need())).status_code == 401
    async with open_city.manager() as client:
        changed = await client.patch(address, json={"title": "Nuovo"}, headers={"If-Match": "*"})
    assert changed.status_code == 200


async def test_a_change_needs_the_version_that_was_read(open_city):
    need = await open_city.need()
    address = f"{API}/needs/{need['id']}"
    async with open_city.department() as client:
        blind = await client.patch(address, json={"title": "Nuovo"})
        first = await client.patch(address, json={"title": "Nuovo"}, headers={"If-Match": '"1"'})
        late = await client.patch(address, json={"title": "Altro"}, headers={"If-Match": '"1"'})
        same = await client.patch(address, json={"title": "Nuovo"}, headers={"If-Match": '"2"'})
        required = await client.patch(address, json={"title": None}, headers={"If-Match": '"2"'})
    assert [one.status_code for one in (blind, first, late, same, required)] == [428, 200, 412, 200, 422]
    assert first.headers["etag"] == same.headers["etag"] == '"2"'
    [event] = await open_city.events(NeedChanged)
    assert (event.title, event.version) == ("Nuovo", 2)


async def test_a_withdrawn_need_stays_withdrawn(open_city):
    need = await open_city.need()
    address = f"{API}/needs/{need['id']}"
    async with open_city.department() as client:
        first = await client.post(f"{address}/withdraw", json={"reason": "già risolto"})
        again = await client.post(f"{address}/withdraw")
        change = await client.patch(address, json={"title": "x"}, headers={"If-Match": "*"})
    assert first.json()["state"] == again.json()["state"] == "withdrawn"
    assert change.status_code == 409
    [event] = await open_city.events(NeedWithdrawn)
    assert event.reason is None, "the words stay here"


async def test_lists_are_filtered_and_paged(open_city):
    ids = [(await open_city.need(title=f"Laptop {n}"))["id"] for n in range(5)]
    food = await open_city.need(title="Cibo fresco", policy_area="food_poverty", lines=[LINE | {"unit": "KGM"}])
    await open_city.need(title="Giornate", lines=[{"kind": "expertise", "unit": "DAY", "quantity": "3"}])
    assert [one["id"] for one in await open_city.find_needs(policy_area="food_poverty")] == [food["id"]]
    assert [one["title"] for one in await open_city.find_needs(kind="expertise")] == ["Giornate"]
    assert [one["id"] for one in await open_city.find_needs(q="cibi freschi")] == [food["id"]]
    seen, after = [], None
    async with open_city.department() as client:
        while True:
            params = {"q": "laptop", "limit": 2} | ({"after": after} if after else {})
            page = (await client.get(f"{API}/needs", params=params)).json()
            seen += [one["id"] for one in page["items"]]
            after = page["next"]
            if after is None:
                break
    assert seen == ids[::-1]
