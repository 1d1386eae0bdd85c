"""Why was this offer not proposed for that need? There is always an answer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from services.matching.handlers import explaining
from services.matching.store.projections import ProjectionStore
from services.matching.tests.world import World, goods, service

pytestmark = pytest.mark.integration
API = "/matching/api/v1"


async def answer(world: World, need: UUID, offer: UUID) -> dict[str, Any]:
    await world.settled()
    async with world.manager() as client:
        found = await client.get(f"{API}/needs/{need}/why-not", params={"offer": str(offer)})
        assert found.status_code == 200, found.text
        said: dict[str, Any] = found.json()
        return said


async def test_a_filter_is_the_whole_answer(world: World) -> None:
    need = await world.need("Sedie per la scuola", goods("10"))
    offer = await world.offer("Sedie", await world.stakeholder("Enel", vetted=False), goods("10"))
    said = await answer(world, need, offer)
    assert [one["code"] for one in said["obstacles"]] == ["not_vetted"]
    assert (said["possible"], said["because"]) == (False, None)


async def test_it_is_proposed_or_was_declined(world: World) -> None:
    giver = await world.stakeholder("Enel")
    need = await world.need("Sedie per la scuola", goods("10"))
    offer = await world.offer("Sedie", giver, goods("10"))
    [match] = await world.proposals(need)
    said = await answer(world, need, offer)
    assert (said["because"]["code"], said["match_id"]) == ("proposed", match["match_id"])

    async with world.partner(giver) as client:
        no = await client.post(f"{API}/matches/{match['match_id']}/decline", json={"reason_code": "not_available"})
        assert no.status_code == 200, no.text
    said = await answer(world, need, offer)
    assert (said["possible"], said["because"]["code"], said["match_id"]) == (True, "declined_before", None)


async def test_the_department_said_no(world: World) -> None:
    need = await world.need("Sedie per la scuola", goods("10"))
    offer = await world.offer("Sedie", await world.stakeholder("Enel"), goods("10"))
    [match] = await world.proposals(need)
    async with world.officer() as client:
        no = await client.post(f"{API}/matches/{match['match_id']}/decline", json={"reason_code": "not_suitable"})
        assert no.status_code == 200, no.text
    assert (await answer(world, need, offer))["because"]["code"] == "settled_before"


async def test_something_else_is_required(world: World) -> None:
    need = await world.need("Laptop rigenerati", goods("10"), requires=["refurbishing"])
    offer = await world.offer("Laptop", await world.stakeholder("Enel"), goods("10"))
    assert (await answer(world, need, offer))["because"]["code"] == "not_alone"
    await world.offer("Rigenerazione", await world.stakeholder("Arimo"), service("refurbishing", "50"))
    await world.proposals(need)
    assert (await answer(world, need, offer))["because"]["code"] == "proposed"


async def test_others_fit_better(world: World) -> None:
    giver = await world.stakeholder("Enel")
    offers = [await world.offer(f"Sedie da ufficio {at}", giver, goods("10")) for at in range(6)]
    offers.append(await world.offer("Toner per stampanti", giver, goods("1")))
    await world.settled()
    need = await world.need("Sedie da ufficio", goods("10"))
    await world.proposals(need, at_least=5)
    said = await answer(world, need, offers[-1])
    assert said["because"]["code"] == "others_first"
    assert "Proposte aperte per questo bisogno: 5" in said["because"]["text_it"]
    assert "Open proposals for this need: 5" in said["because"]["text_en"]


async def test_what_steers_is_read_once_and_the_two_are_ranked_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    need = await world.need("Sedie per la scuola", goods("10"))
    offer = await world.offer("Sedie", await world.stakeholder("Enel"), goods("10"))
    await world.proposals(need)
    await world.settled()
    done: list[str] = []

    def noted(owner: Any, name: str) -> None:
        original = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *given: (done.append(name), original(*given))[1])

    noted(ProjectionStore, "steering")
    noted(explaining, "likeness_of")
    said = await answer(world, need, offer)
    assert (said["because"]["code"], said["score"] is None) == ("proposed", False)
    assert done == ["steering", "likeness_of"]


async def test_a_department_is_not_told_that_it_was_excluded(world: World) -> None:
    giver = await world.stakeholder("Enel")
    need = await world.need("Sedie per la scuola", goods("10"))
    limits = {"excluded_departments": ["education"], "excluded_policy_areas": ["digital_poverty"]}
    offer = await world.offer("Sedie", giver, goods("10"), **limits)
    assert [one["code"] for one in (await answer(world, need, offer))["obstacles"]] == ["excluded", "excluded"]
    async with world.officer() as client:
        said = (await client.get(f"{API}/needs/{need}/why-not", params={"offer": str(offer)})).json()
        shown = await client.get("/matching/why-not", params={"need": str(need), "offer": str(offer), "lang": "it"})
    assert [one["code"] for one in said["obstacles"]] == ["not_available"]
    assert "escluso" not in shown.text
    assert "non è disponibile per questo bisogno" in shown.text


async def test_a_department_reads_scores_of_offers_it_has_met(world: World) -> None:
    giver = await world.stakeholder("Enel")
    offers = [await world.offer(f"Sedie da ufficio {at}", giver, goods("10")) for at in range(6)]
    unknown = await world.offer("Toner per stampanti", giver, goods("1"))
    await world.settled()
    need = await world.need("Sedie da ufficio", goods("10"))
    [first, *_] = await world.proposals(need, at_least=5)
    known = first["allocations"][0]["offer_id"]
    assert known in map(str, offers)
    async with world.officer() as client:
        said = [
            (await client.get(f"{API}/needs/{need}/why-not", params={"offer": str(one)})).json()
            for one in (unknown, known)
        ]
    assert [one["because"]["code"] for one in said] == ["others_first", "proposed"]
    assert [one["score"] is None for one in said] == [True, False]
    assert "%" not in said[0]["because"]["text_it"]
