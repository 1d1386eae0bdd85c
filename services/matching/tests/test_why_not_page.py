"""Why not? As a page: both are chosen by words or id, and the answer stands beside the best that is proposed."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest

from services.matching.tests.test_pages import page
from services.matching.tests.world import World, goods, money

pytestmark = pytest.mark.integration
WHY = "/matching/why-not"


async def test_both_are_found_by_words_and_the_obstacle_is_said(world: World) -> None:
    need = await world.need("Sedie per la scuola", goods("10"))
    offer = await world.offer("Poltrone 100%", await world.stakeholder("Enel", vetted=False), goods("10"))
    await world.settled()
    async with world.manager() as client:
        found = await page(client, WHY, params={"need_q": "SCUOLA sedie"})
        assert f"{WHY}?need={need}" in found
        assert "Nothing found" in await page(client, WHY, params={"need_q": "sed_e"}), "no wildcards of the database"
        found = await page(client, WHY, params={"need": str(need), "offer_q": "enel 100%"})
        assert f"{WHY}?offer={offer}&amp;need={need}" in found
        shown = await page(client, WHY, params={"need": str(need), "offer": str(offer)})
        assert "One thing stands in the way:" in shown
        assert "Signals side by side" not in shown
        by_id = await page(client, WHY, params={"need_q": str(need), "offer": str(offer), "lang": "it"})
        assert "Una cosa lo impedisce:" in by_id


async def test_words_are_looked_for_as_in_the_list(world: World) -> None:
    giver = await world.stakeholder("Società Elettrica S.p.A.")
    need = await world.need("Caffè per la Città", goods("10"))
    offer = await world.offer("Caffè macinato", giver, goods("10"))
    await world.offer("Caffè in grani", await world.stakeholder("Aviva"), goods("10"))
    await world.settled()
    async with world.manager() as client:
        assert f"{WHY}?need={need}" in await page(client, WHY, params={"need_q": "CITTA' caffe"})
        assert "Nothing found" in await page(client, WHY, params={"need_q": "ffe"}), "words begin like what is typed"
        assert "Nothing found" in await page(client, WHY, params={"need_q": "'); -- & | !"})
        for words in ("societa caffe", "elettrica S.p.A.", "maci"):
            found = await page(client, WHY, params={"offer_q": words})
            assert re.findall(r'href="/matching/why-not\?offer=([0-9a-f-]{36})"', found) == [str(offer)], words


async def test_whatever_a_title_says_it_is_taken_and_found(world: World) -> None:
    need = await world.need("\\ ':* & <-> " + "㍿" * 280, goods("10"))
    await world.settled()
    async with world.manager() as client:
        assert f"{WHY}?need={need}" in await page(client, WHY, params={"need_q": "株式会社"})


async def test_open_ones_are_found_first_then_the_newest(world: World) -> None:
    closed, older, newer = [await world.need(f"Sedie {at}", goods("10")) for at in range(3)]
    await world.withdraw_need(closed)
    last = await world.need("Sedie 3", goods("10"))
    await world.withdraw_need(last)
    await world.settled()
    async with world.manager() as client:
        found = await page(client, WHY, params={"need_q": "sedie"})
    assert re.findall(r'href="/matching/why-not\?need=([0-9a-f-]{36})"', found) == [
        str(one) for one in (newer, older, last, closed)
    ]


async def test_what_passes_the_filters_stands_beside_the_best(world: World) -> None:
    need = await world.need("Portatili per la scuola", goods("10"))
    giver, late = await world.stakeholder("Enel"), await world.stakeholder("Aviva")
    await world.offer("Portatili per la scuola", giver, goods("10"), answers=need)
    offer = await world.offer("Computer", late, goods("3"))
    await world.settled()
    [*_, match] = await world.proposals(need)
    async with world.manager() as client:
        shown = await page(client, WHY, params={"need": str(need), "offer": str(offer)})
        assert "Signals side by side" in shown
        assert "Best proposal, Enel" in shown
        found = (await client.get(f"/matching/api/v1/needs/{need}/why-not", params={"offer": str(offer)})).json()
        assert found["best"]["givers"] == ["Enel"]
        assert 0 < found["score"] < found["best"]["score"]
        assert {one["code"] for one in found["reasons"]}
        assert f"{WHY}?need={need}" in await page(client, f"/matching/proposals/{match['match_id']}")


async def test_what_does_not_exist_or_is_others_business_is_not_shown(world: World) -> None:
    need = await world.need("Fondo", money("10"), department="culture")
    offer = await world.offer("Donazione", await world.stakeholder("Enel"), money("10"))
    await world.settled()
    async with world.officer("education") as client:
        assert "Fondo" not in await page(client, WHY, params={"need_q": "fondo"})
        hidden = await client.get(WHY, params={"need": str(need), "offer": str(offer)}, headers={"Accept": "text/html"})
        assert hidden.status_code == 404
        assert "Fondo" not in hidden.text
        assert "Donazione" not in hidden.text
    async with world.manager() as client:
        odd = await client.get(WHY, params={"need": str(uuid4()), "offer": str(offer)}, headers={"Accept": "text/html"})
        assert odd.status_code == 404
        assert "No such need or offer." in odd.text
    async with world.partner(uuid4()) as client:
        assert (await client.get(WHY, headers={"Accept": "text/html"})).status_code == 403
