"""What everybody may read: results, open data, the indicator library."""

from __future__ import annotations

import csv
import io

import pytest

from services.impact.tests import sample
from services.impact.tests.world import COORDINATOR, MANAGER, World, actor

pytestmark = pytest.mark.integration
CITY = "c_a944"
LOCAL_MANAGER = actor("manager", "account_manager", city=CITY)
READER = actor("reader", city=CITY)
CHILDREN = {"title_it": "Bambini", "title_en": "Children", "unit": "IE"}


@pytest.fixture(scope="module")
async def two_cases(world: World) -> None:
    """Laptops given in May and July, money in June."""
    laptops = sample.signed(sample.allocation("10", value=100_000, description="=cmd()"))
    money = sample.signed(sample.allocation("3000", "EUR"), policy_area="underprivileged_schools", title="=SUM(A1)")
    for agreement in (laptops, money):
        await world.open(agreement, city=CITY)
    await world.deliver(laptops, 0, "4", LOCAL_MANAGER, delivered_on="2021-05-10")
    await world.deliver(laptops, 0, "6", LOCAL_MANAGER, delivered_on="2021-07-10")
    await world.deliver(money, 0, "3000", LOCAL_MANAGER, delivered_on="2021-06-10")


async def summary(world: World, **asked: str) -> dict[str, object]:
    async with world.client(READER) as client:
        answer = await client.get("/impact/api/v1/summary", params=asked)
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


@pytest.mark.usefixtures("two_cases")
async def test_totals_by_area_and_kind(world: World) -> None:
    everything = await summary(world)
    assert everything["totals"] == {
        "value_cents": 400_000,
        "excess_value_cents": 0,
        "cases": 2,
        "cases_with_results": 2,
        "plans": 2,
        "plans_fulfilled": 2,
        "givers": 1,
    }
    assert [(one["policy_area"], one["value_cents"]) for one in everything["policy_areas"]] == [
        ("underprivileged_schools", 300_000),
        ("digital_poverty", 100_000),
    ]
    assert [(one["kind"], one["input_class"], one["quantities"]) for one in everything["resource_kinds"]] == [
        ("money", "cash", [{"unit": "EUR", "delivered_quantity": "3000"}]),
        ("goods", "in_kind", [{"unit": "C62", "delivered_quantity": "10"}]),
    ]


@pytest.mark.usefixtures("two_cases")
async def test_a_period_counts_what_came_in_it(world: World) -> None:
    spring = await summary(world, **{"from": "2021-05-01", "to": "2021-06-30"})
    assert spring["totals"]["value_cents"] == 340_000
    schools = await summary(world, policy_area="underprivileged_schools")
    assert [case["title"] for case in schools["cases"]] == ["=SUM(A1)"]


async def test_what_comes_beyond_the_promise_is_in_no_sum(world: World) -> None:
    city = "c_beyond"
    manager = actor("manager", "account_manager", city=city)
    agreement = sample.signed(sample.allocation("30", value=30_000))
    await world.open(agreement, city=city)
    await world.deliver(agreement, 0, "20", manager, delivered_on="2021-05-10")
    await world.deliver(agreement, 0, "500", manager, delivered_on="2021-07-10")
    async with world.client(actor("reader", city=city)) as client:
        whole = (await client.get("/impact/api/v1/summary")).json()
        july = (await client.get("/impact/api/v1/summary", params={"from": "2021-07-01"})).json()
        page = await client.get("/impact/summary", headers={"Accept": "text/html"})
    assert (whole["totals"]["value_cents"], whole["totals"]["excess_value_cents"]) == (30_000, 490_000)
    assert whole["policy_areas"][0]["value_cents"] == whole["resource_kinds"][0]["value_cents"] == 30_000
    assert (july["totals"]["value_cents"], july["totals"]["excess_value_cents"]) == (10_000, 490_000)
    commitment = whole["cases"][0]["commitments"][0]
    assert (commitment["value_cents"], commitment["excess_value_cents"]) == (30_000, 490_000)
    assert "€4,900.00" in page.text


@pytest.mark.usefixtures("two_cases")
async def test_open_data_carries_header_and_licence_and_no_formula(world: World) -> None:
    async with world.client(READER) as client:
        english = await client.get("/impact/api/v1/exports/csv", params={"lang": "en"})
        italian = await client.get("/impact/api/v1/exports/csv", params={"lang": "it"})
        whole = await client.get("/impact/api/v1/exports/json")
        unknown = await client.get("/impact/api/v1/exports/xls")
    rows = list(csv.DictReader(io.StringIO(english.text.removeprefix("\ufeff"))))
    assert {row["title"] for row in rows} == {"Laptops", "'=SUM(A1)"}
    assert {row["licence"] for row in rows} == {"CC-BY-4.0"}
    assert 'rel="license"' in english.headers["link"]
    assert italian.text.removeprefix("\ufeff").startswith("bisogno,titolo,")
    assert whole.json()["totals"]["value_cents"] == 400_000
    assert unknown.status_code == 404


async def test_without_results_everything_is_zero(world: World) -> None:
    async with world.client(actor("reader", city="c_nowhere")) as client:
        empty = (await client.get("/impact/api/v1/summary")).json()
    assert (empty["totals"]["value_cents"], empty["cases"]) == (0, [])


async def test_the_coordinator_keeps_the_library(world: World) -> None:
    async with world.client(COORDINATOR) as client:
        created = await client.put("/impact/api/v1/indicators/children_taught", json=CHILDREN)
        again = await client.put("/impact/api/v1/indicators/children_taught", json=CHILDREN)
        blind = await client.put("/impact/api/v1/indicators/children_taught", json=CHILDREN | {"title_en": "Pupils"})
        headers = {"If-Match": created.headers["etag"]}
        changed = await client.put(
            "/impact/api/v1/indicators/children_taught", json=CHILDREN | {"title_en": "Pupils"}, headers=headers
        )
        stale = await client.put(
            "/impact/api/v1/indicators/children_taught", json=CHILDREN | {"title_en": "Kids"}, headers=headers
        )
    async with world.client(MANAGER) as client:
        refused = await client.put("/impact/api/v1/indicators/children_taught", json=CHILDREN)
    codes = [one.status_code for one in (created, again, blind, changed, stale, refused)]
    assert codes == [201, 200, 428, 200, 412, 403]
    async with world.client() as client:
        read = (await client.get("/impact/api/v1/indicators/children_taught")).json()
    assert (read["title_en"], read["version"]) == ("Pupils", 2)


async def test_the_library_starts_filled_and_shows_what_only_plans_name(world: World) -> None:
    agreement = sample.signed(sample.allocation("1"), indicators=(sample.indicator("trees_planted"),))
    await world.open(agreement)
    async with world.client() as client:
        first = (await client.get("/impact/api/v1/indicators", params={"limit": 5})).json()
        everything = (await client.get("/impact/api/v1/indicators")).json()
    by_code = {one["code"]: one for one in everything["items"]}
    assert by_code["families_reached"]["in_library"] is True
    assert by_code["trees_planted"]["in_library"] is False
    assert len(first["items"]) == 5
    assert first["next"]
