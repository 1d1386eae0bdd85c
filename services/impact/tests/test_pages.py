"""The pages, as a browser without JavaScript uses them."""

from __future__ import annotations

import re

import httpx
import pytest

from services.impact.tests import sample
from services.impact.tests.world import COORDINATOR, DEPARTMENT, MANAGER, World, actor, quantities

pytestmark = pytest.mark.integration
BROWSER = {"Accept": "text/html"}


async def send(
    client: httpx.AsyncClient, path: str, page: httpx.Response | None = None, **fields: str
) -> httpx.Response:
    """Submits the form at ``path``, with the hidden key of the page it was on, and follows where it leads."""
    if page is not None:
        form = page.text[page.text.index(f'action="{path}"') :]
        key = re.search(r'name="idempotency_key" value="([^"]+)"', form)
        assert key
        fields["idempotency_key"] = key[1]
    return await client.post(path, data=fields, follow_redirects=True)


async def test_a_department_records_and_corrects_a_delivery(world: World) -> None:
    agreement = sample.devices(title="Laptops for schools")
    path = f"/impact/plans/{await world.open(agreement)}"
    async with world.client(DEPARTMENT, **BROWSER) as client:
        mine = await client.get("/impact/plans")
        assert f'href="{path}"' in mine.text
        page = await client.get(path)
        assert "Nothing has been recorded yet." in page.text

        done = await send(client, f"{path}/deliveries", page, commitment="0", quantity="271", note="By van")
        twice = await send(client, f"{path}/deliveries", page, commitment="0", quantity="271", note="By van")

        assert "The delivery is recorded." in done.text
        assert "271 pieces of 271 pieces" in done.text
        assert twice.status_code == 200
        assert quantities(await world.case(agreement))[0] == 271
        [link, *_others] = re.findall(rf'href="({path}/deliveries/[^"]+/correct)"', done.text)
        ask = await client.get(link)
        refused = await send(client, link, ask, quantity="231", reason="")
        assert refused.status_code == 422
        assert "There is 1 thing to correct" in refused.text
        corrected = await send(client, link, ask, quantity="231", reason="Counted twice")
    assert "Counted twice" in corrected.text
    assert quantities(await world.case(agreement))[0] == 231


async def test_a_wrong_field_is_said_next_to_it(world: World) -> None:
    agreement = sample.food()
    path = f"/impact/plans/{await world.open(agreement)}"
    async with world.client(MANAGER, **BROWSER) as client:
        nothing = await send(client, f"{path}/deliveries", commitment="0", quantity="-1", note="kept as typed")
        future = await send(
            client, f"{path}/measurements", indicator="families_reached", value="3", measured_on="2999-01-01"
        )
        italian = await client.post(f"{path}/deliveries?lang=it", data={"commitment": "0", "quantity": "-1"})
        early = await send(client, f"{path}/deliveries", commitment="0", quantity="1", delivered_on="2021-02-28")
    assert early.status_code == 422
    assert "prima della firma" in early.text
    assert nothing.status_code == future.status_code == 422
    assert 'id="field-quantity-error"' in nothing.text
    assert "kept as typed" in nothing.text
    assert "Is in the future" in future.text
    assert "Una quantità è maggiore di zero" in italian.text


async def test_a_measurement_and_a_figure_far_beyond(world: World) -> None:
    agreement = sample.signed(sample.allocation("10"), indicators=(sample.indicator("children", target="300"),))
    path = f"/impact/plans/{await world.open(agreement)}"
    async with world.client(MANAGER, **BROWSER) as client:
        page = await client.get(path)
        await send(client, f"{path}/measurements", page, indicator="children", value="300")
        page = await client.get(path)
        asked = await send(client, f"{path}/deliveries", page, commitment="0", quantity="100")
        assert asked.status_code == 422
        assert "Yes, it is right" in asked.text
        slip = await send(client, f"{path}/deliveries", asked, commitment="0", quantity="100", confirmed="true")
    assert "check that it is not a typing error" in slip.text
    assert "(people)" in page.text
    assert "90 pieces beyond what was agreed" in slip.text


async def test_a_reader_without_part_in_it_sees_no_forms(world: World) -> None:
    agreement = sample.devices()
    path = f"/impact/plans/{await world.open(agreement)}"
    async with world.client(actor("legal", "legal"), **BROWSER) as client:
        page = await client.get(path)
    assert page.status_code == 200
    assert "Record a delivery" not in page.text
    async with world.client(**BROWSER) as client:
        assert (await client.get(path)).status_code == 401
    async with world.client(actor("x", "department", department="environment"), **BROWSER) as client:
        assert (await client.get(path)).status_code == 404


async def test_the_results_are_for_everybody_and_in_both_languages(world: World) -> None:
    agreement = sample.devices(title="Laptops <b>for</b> schools")
    await world.open(agreement)
    await world.deliver(agreement, 0, "271")
    async with world.client(**BROWSER) as client:
        english = await client.get("/impact/summary?lang=en")
        none = await client.get("/impact/summary", params={"from": "2999-01-01", "need": str(sample.BANK)})
        wrong = await client.get("/impact/summary", params={"from": "yesterday"})
        italian = await client.get("/impact/summary?lang=it")
    assert "Laptops &lt;b&gt;for&lt;/b&gt; schools" in english.text
    assert "€54,200.00" in english.text
    assert "54.200,00" in italian.text
    assert "Povertà digitale" in italian.text
    assert "<svg" in english.text
    assert "There are no results for this filter." in none.text
    assert wrong.status_code == 422


async def test_an_empty_city_says_what_to_do(world: World) -> None:
    async with world.client(actor("reader", city="c_empty"), **BROWSER) as client:
        page = await client.get("/impact/summary")
        plans = await client.get("/impact/plans")
    assert "There are no results yet." in page.text
    assert "No plan concerns you yet." in plans.text


async def test_the_coordinator_keeps_the_library_by_hand(world: World) -> None:
    fields = {"code": "trees", "title_it": "Alberi piantati", "title_en": "Trees planted", "unit": "C62"}
    async with world.client(COORDINATOR, **BROWSER) as client:
        page = await client.get("/impact/indicators")
        saved = await send(client, "/impact/indicators", page, **fields)
        wrong = await send(client, "/impact/indicators", **(fields | {"code": "Not a code"}))
    async with world.client(**BROWSER) as client:
        public = await client.get("/impact/indicators")
    assert "The indicator is in the library." in saved.text
    assert wrong.status_code == 422
    assert "Trees planted" in public.text
    assert "Add or change an indicator" not in public.text
