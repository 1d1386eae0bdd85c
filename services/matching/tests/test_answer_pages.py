"""Every answer from the page, two people at once, and nothing that was typed is lost."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from services.matching.tests.test_pages import page, submit
from services.matching.tests.world import World, goods

pytestmark = pytest.mark.integration


async def laptops(world: World) -> tuple[str, str]:
    giver = await world.stakeholder("Fondazione Bracco", "foundation")
    need = await world.need("Laptop per la scuola", goods("40"))
    await world.offer("Laptop", giver, goods("60"))
    [match] = await world.proposals(need)
    return f"/matching/proposals/{match['match_id']}", f"stakeholder:{giver}"


def quantity(text: str, before: str = "40") -> dict[str, str]:
    return {"quantities.0.position": "0", "quantities.0.quantity": text, "quantities.0.before": before}


async def test_other_quantities_and_back_again(world: World) -> None:
    address, party = await laptops(world)
    async with world.partner(_id(party)) as client:
        assert "Yes, but other quantities" in await page(client, address)
        answer = await submit(client, f"{address}/counter", version="1", party_id=party, **quantity("30,5"))
        assert answer.status_code == 303, answer.text
        shown = await page(client, address)
        assert "agreed to other quantities" in shown
        assert "You can take your last decision back until" in shown
        answer = await submit(client, f"{address}/undo", version="2")
        assert answer.status_code == 303, answer.text
        shown = await page(client, address)
        assert "<s>agreed to other quantities</s>" in shown
        assert "You can take your last decision back until" not in shown


async def test_too_much_is_said_at_its_field_and_what_was_typed_stays(world: World) -> None:
    address, party = await laptops(world)
    async with world.partner(_id(party)) as client:
        answer = await submit(
            client, f"{address}/counter", version="1", party_id=party, note="we found more", **quantity("55")
        )
    assert answer.status_code == 422
    assert "At most 40 pieces: the need asks for no more." in answer.text
    assert 'value="55"' in answer.text
    assert "we found more" in answer.text
    assert re.search(r'<details class="shell-panel" id="other-quantities" open', answer.text)


async def test_a_quantity_that_was_emptied_is_said_to_be_missing(world: World) -> None:
    address, party = await laptops(world)
    async with world.partner(_id(party)) as client:
        answer = await submit(client, f"{address}/counter", version="1", party_id=party, **quantity(""))
    assert answer.status_code == 422
    assert "This field is missing" in answer.text


async def test_what_is_put_off_leaves_the_list_and_comes_back(world: World) -> None:
    address, _ = await laptops(world)
    async with world.officer() as client:
        assert "Laptop per la scuola" in await page(client, "/matching/proposals")
        until = (datetime.now(UTC) + timedelta(days=9)).date().isoformat()
        party = {"party_id": "department:education"}
        answer = await submit(client, f"{address}/postpone", version="1", until=until, reason="holidays", **party)
        assert answer.status_code == 303, answer.text
        assert "Laptop per la scuola" not in await page(client, "/matching/proposals")
        assert "Laptop per la scuola" in await page(client, "/matching/proposals", params={"state": "postponed"})
        assert "Put off until" in await page(client, address)
        late = await submit(client, f"{address}/postpone", version="2", until="2030-01-01", **party)
        assert late.status_code == 422
        assert "at the latest" in late.text
        async with world.running.app.state.units.pool.acquire() as connection:
            await connection.execute("UPDATE match SET postponed_until = now() WHERE city = $1", world.city)
        assert "Laptop per la scuola" in await page(client, "/matching/proposals")


async def test_two_managers_on_one_proposal(world: World) -> None:
    address, party = await laptops(world)
    on_behalf = {"channel": "telephone", "version": "1"}
    async with world.manager() as first, world.manager() as second:
        await page(second, address)
        answer = await submit(first, f"{address}/accept", party_id=party, note="called at nine", **on_behalf)
        assert answer.status_code == 303, answer.text
        late = await submit(
            second,
            f"{address}/decline",
            party_id="department:education",
            reason_code="too_late",
            note="the head wrote to me",
            **on_behalf,
        )
        assert late.status_code == 412
        assert re.search(r"In the meantime Fondazione Bracco said yes at \d\d:\d\d\.", late.text)
        assert "Look at how it stands now and decide on that." in late.text
        assert "the head wrote to me" in late.text, "nothing typed is lost"
        assert 'name="version" value="2"' in late.text
        again = await submit(
            second,
            f"{address}/decline",
            party_id="department:education",
            reason_code="too_late",
            note="the head wrote to me",
            channel="email",
            version="2",
        )
        assert again.status_code == 303, again.text
        closed = await submit(first, f"{address}/accept", party_id="department:education", note="rang", **on_behalf)
        assert closed.status_code in (409, 412)
        assert "declined at" in closed.text
        assert "Nothing was recorded." in closed.text
        assert "What you had written" in closed.text
        shown = await page(second, address, params={"lang": "it"})
        assert "Che cosa è successo finora" in shown
        assert "Annulla" in shown


async def test_a_no_taken_back_leads_to_the_proposal_that_goes_on(world: World) -> None:
    address, party = await laptops(world)
    async with world.partner(_id(party)) as client:
        await submit(client, f"{address}/decline", version="1", party_id=party, reason_code="other")
        answer = await submit(client, f"{address}/undo", version="2")
        assert answer.status_code == 303, answer.text
        goes_on = answer.headers["location"]
        assert goes_on != address
        assert "takes the place of an earlier one" in await page(client, goes_on)
        assert "It goes on here" in await page(client, address)


def _id(party: str) -> object:
    return party.removeprefix("stakeholder:")
