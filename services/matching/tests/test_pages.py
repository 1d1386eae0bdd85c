"""Proposals as pages, in both languages, without any script."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.matching.tests.world import World, goods, money

pytestmark = pytest.mark.integration


async def page(client: httpx.AsyncClient, address: str, **more: Any) -> str:
    answer = await client.get(address, headers={"Accept": "text/html"}, **more)
    assert answer.status_code == 200, answer.text
    return answer.text


async def submit(client: httpx.AsyncClient, address: str, **fields: str) -> httpx.Response:
    return await client.post(address, data={"idempotency_key": uuid4().hex} | fields, headers={"Accept": "text/html"})


async def proposed(world: World) -> tuple[dict[str, Any], Any]:
    giver = await world.stakeholder("Fondazione Bracco", "foundation")
    need = await world.need("Laboratori nelle scuole", money("3000"))
    await world.offer("Donazione per i laboratori", giver, money("3000"))
    [match] = await world.proposals(need)
    return match, giver


async def test_the_list_shows_mine_and_says_so_when_there_is_nothing(world: World) -> None:
    match, giver = await proposed(world)
    async with world.partner(giver) as client:
        shown = await page(client, "/matching/proposals")
        assert "Laboratori nelle scuole" in shown
        assert "Your consent is awaited." in shown
    async with world.officer("environment") as client:
        assert "There is no proposal here now" in await page(client, "/matching/proposals")
        hidden = await client.get(f"/matching/proposals/{match['match_id']}", headers={"Accept": "text/html"})
        assert hidden.status_code == 404


async def test_reasons_are_shown_in_the_readers_language(world: World) -> None:
    match, giver = await proposed(world)
    async with world.partner(giver) as client:
        address = f"/matching/proposals/{match['match_id']}"
        english = await page(client, address, params={"lang": "en"})
        assert "The same is asked and offered: money" in english
        italian = await page(client, address, params={"lang": "it"})
        assert "Si chiede e si offre la stessa cosa: denaro" in italian
        assert "Chi partecipa" in italian


async def test_partner_and_department_accept_with_the_form(world: World) -> None:
    match, giver = await proposed(world)
    address = f"/matching/proposals/{match['match_id']}"
    async with world.partner(giver) as client:
        shown = await page(client, address)
        [version] = re.findall(r'name="version" value="(\d+)"', shown)[:1]
        [party] = re.findall(r'name="party_id" value="(stakeholder:[^"]+)"', shown)[:1]
        answer = await submit(client, f"{address}/accept", version=version, party_id=party)
        assert answer.status_code == 303, answer.text
    async with world.officer() as client:
        answer = await submit(client, f"{address}/accept", version="2", party_id="department:education")
        assert answer.status_code == 303, answer.text
        shown = await page(client, address)
        assert "Accepted" in shown
        assert "What follows" in shown
        assert f'href="/intake/needs/{match["need_id"]}"' in shown
        assert f'href="/notifications/cases/{match["need_id"]}"' in shown
        assert f'href="/agreements/desk?match={match["match_id"]}"' in shown
    assert (await world.match(match["match_id"]))["state"] == "accepted"


async def test_sending_a_form_twice_does_it_once(world: World) -> None:
    match, giver = await proposed(world)
    async with world.partner(giver) as client:
        for _ in range(2):
            answer = await submit(
                client,
                f"/matching/proposals/{match['match_id']}/accept",
                version="1",
                party_id=f"stakeholder:{giver}",
                idempotency_key="the-same-form",
            )
            assert answer.status_code == 303, answer.text
    assert (await world.match(match["match_id"]))["version"] == 2


async def test_whoever_comes_second_is_told_kindly_and_sees_how_it_is_now(world: World) -> None:
    match, giver = await proposed(world)
    address = f"/matching/proposals/{match['match_id']}"
    async with world.partner(giver) as client:
        await submit(client, f"{address}/decline", version="1", reason_code="too_late")
    async with world.officer() as client:
        answer = await submit(client, f"{address}/accept", version="1", party_id="department:education")
    assert answer.status_code in (409, 412)
    assert "This was not possible" in answer.text
    assert "Declined" in answer.text


async def test_manager_consents_for_a_party_only_with_a_note(world: World) -> None:
    match, giver = await proposed(world)
    address = f"/matching/proposals/{match['match_id']}/accept"
    async with world.manager() as client:
        answer = await submit(client, address, version="1", party_id=f"stakeholder:{giver}", channel="telephone")
        assert answer.status_code == 422
        assert "Who decides for others notes how they know" in answer.text
        answer = await submit(
            client, address, version="1", party_id=f"stakeholder:{giver}", channel="telephone", note="Called at noon"
        )
        assert answer.status_code == 303, answer.text
        shown = await page(client, f"/matching/proposals/{match['match_id']}")
        assert "Called at noon" in shown
    async with world.officer() as client:
        assert "Called at noon" not in await page(client, f"/matching/proposals/{match['match_id']}")


async def test_an_open_quantity_is_agreed_in_the_form(world: World) -> None:
    giver = await world.stakeholder("Quartieri Tranquilli", "association")
    need = await world.need("Coperte per l'inverno", goods(None))
    offer = await world.offer("Coperte", giver, goods(None))
    [match] = await world.proposals(need)
    address = f"/matching/proposals/{match['match_id']}"
    async with world.officer() as client:
        assert "Quantity agreed" in await page(client, address)
        answer = await submit(client, f"{address}/accept", version="1", party_id="department:education")
        assert answer.status_code == 422
        fields = {"quantities.0.position": "0", "quantities.0.quantity": "40"}
        answer = await submit(client, f"{address}/accept", version="1", party_id="department:education", **fields)
        assert answer.status_code == 303, answer.text
    assert (await world.balance(offer))["reserved"] == 40


async def test_guests_are_asked_to_log_in(world: World) -> None:
    async with world.running.client() as client:
        answer = await client.get("/matching/proposals", headers={"Accept": "text/html"})
        assert answer.status_code == 401
