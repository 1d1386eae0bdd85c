"""Plans as pages, in both languages, without any script but the one that brings progress up to date."""

from __future__ import annotations

import csv
import io
import re
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from chassis.testing import eventually
from services.matching.tests.test_pages import page, submit
from services.matching.tests.test_plans import PATIENCE
from services.matching.tests.world import World, goods

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
PLANS = "/matching/plans"


async def chairs(world: World) -> tuple[UUID, UUID]:
    """Twelve chairs asked, five offered here and nine there."""
    need = await world.need("Sedie per la biblioteca", goods("12"))
    near = await world.stakeholder("Enel")
    await world.offer("Sedie per la biblioteca", near, goods("5"))
    await world.offer("Sedie", await world.stakeholder("=Aviva"), goods("9"))
    await world.settled()
    return need, near


async def asked(world: World, client: httpx.AsyncClient, **fields: Any) -> str:
    """The address of a plan that is over, asked for with the form."""
    wanted = {"fairness": "0.3", "most_givers": "5", "smallest_share": "0.0"} | fields
    answer = await submit(client, PLANS, **wanted)
    assert answer.status_code == 303, answer.text
    address: str = answer.headers["location"]

    async def is_over() -> bool:
        return (await client.get(f"{address}/progress")).headers.get("HX-Refresh") == "true"

    await eventually(is_over, within=PATIENCE)
    return address


async def test_an_empty_plan_says_so_instead_of_figures_about_nothing(world: World) -> None:
    await world.need("Sedie per la biblioteca", goods("12"))
    await world.settled()
    async with world.manager() as client:
        shown = await page(client, await asked(world, client))
    assert "There is nothing to match" in shown
    assert "from the best plan there is" not in shown
    assert "By fit alone" not in shown
    assert "/matching/why-not?need=" in shown, "why, need by need"


async def test_a_plan_is_asked_for_read_and_used(world: World) -> None:
    need, _near = await chairs(world)
    async with world.manager() as client:
        assert "There is no plan yet" in await page(client, PLANS)
        address = await asked(world, client)
        shown = await page(client, address)
        assert "Sedie per la biblioteca" in shown
        assert "What the plan would do" in shown
        assert "Fairness: what it moves and what it costs" in shown
        ticks = re.findall(r'name="positions\[\]" value="(\d+)"', shown)
        assert ticks, "one of the two offers has another quantity than today"
        answer = await submit(client, f"{address}/propose")
        assert answer.status_code == 422
        assert "Tick at least one line" in answer.text
        answer = await submit(client, f"{address}/propose", **{"positions[]": ticks[0]})
        assert answer.status_code == 303
        shown = await page(client, address)
        assert "1 proposal was made." in shown
        assert "Proposed</a>" in shown
    assert any(reason["code"] == "in_plan" for one in await world.matches(need=need) for reason in one["reasons"])


async def test_pages_speak_italian(world: World) -> None:
    async with world.manager() as client:
        assert "Calcola un piano" in await page(client, PLANS, params={"lang": "it"})


async def test_what_insisting_costs_is_shown_and_a_wrong_quantity_is_said_at_its_field(world: World) -> None:
    need, _near = await chairs(world)
    async with world.manager() as client:
        address = await asked(world, client)
        shown = await page(client, address)
        [wanted] = set(re.findall(rf'value="({need}/0)"', shown))
        offer = re.findall(r'value="([0-9a-f-]{36}/0)"[^>]*>Sedie \(', shown)[0]
        fields = {"need": wanted, "offer": offer, "quantity": "9"}
        answer = await submit(client, f"{address}/insist", **fields)
        assert answer.status_code == 200
        assert "It costs" in answer.text
        answer = await submit(client, f"{address}/insist", **fields | {"quantity": "many"})
        assert answer.status_code == 422
        assert 'value="many"' in answer.text
        assert 'id="field-quantity-error"' in answer.text


async def test_a_plan_that_is_over_cannot_be_cancelled_and_the_page_says_so(world: World) -> None:
    async with world.manager() as client:
        address = await asked(world, client)
        assert "There is nothing to match" in await page(client, address)
        answer = await submit(client, f"{address}/cancel")
        assert answer.status_code == 409
        assert "The plan is over already" in answer.text


async def test_a_wrong_form_keeps_what_was_typed(world: World) -> None:
    async with world.manager() as client:
        answer = await submit(client, PLANS, fairness="0.6", most_givers="0", smallest_share="0.25")
        assert answer.status_code == 422
        assert re.search(r'<option value="0.25" selected>', answer.text)
        assert 'id="field-most_givers-error"' in answer.text


async def test_all_lines_as_a_table_that_no_spreadsheet_takes_for_formulas(world: World) -> None:
    await chairs(world)
    async with world.manager() as client:
        address = await asked(world, client)
        answer = await client.get(f"{address}/lines.csv")
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert {row["giver"] for row in rows} == {"Enel", "'=Aviva"}
    assert sum(float(row["quantity"]) for row in rows) == 12


async def test_plans_are_not_for_everybody(world: World) -> None:
    async with world.officer() as client:
        assert (await client.get(PLANS, headers={"Accept": "text/html"})).status_code == 403
        assert "/matching/plans" not in await page(client, "/matching/proposals")
    async with world.manager() as client:
        assert 'href="/matching/plans"' in await page(client, "/matching/proposals")
        assert (await client.get(f"{PLANS}/{uuid4()}", headers={"Accept": "text/html"})).status_code == 404
