"""A limit that matching knows holds for whoever answers before it has looked at the proposal again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from chassis.testing import eventually
from contracts.places import Place, PlaceLimit
from services.matching import jobs
from services.matching.tests.world import World, goods, service

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]
API = "/matching/api/v1"
DUOMO, NIGUARDA = Place(label="Duomo", nil=1), Place(label="Niguarda", nil=14)
NINE = PlaceLimit(municipi=(9,))


async def consumed(world: World) -> None:
    """All that was said is known; what to look at again may still wait."""

    async def known() -> bool:
        async with world.running.app.state.units.pool.acquire() as connection:
            rows = await connection.fetch("SELECT topic, partition, next_offset FROM bus_position")
        applied = {(row["topic"], row["partition"]): row["next_offset"] for row in rows}
        return all(applied.get(place, 0) > offset for place, offset in world.sent.items())

    await eventually(known, within=30)


async def nothing_looked_at(*_: Any) -> bool:
    return False


@pytest.mark.parametrize("limit", ["only_in", "excluded", "kind", "lot"])
@pytest.mark.parametrize("reserved", [False, True])
async def test_no_yes_gets_through_against_a_limit_that_is_known(
    world: World, monkeypatch: pytest.MonkeyPatch, limit: str, reserved: bool
) -> None:
    giver = await world.stakeholder("Enel")
    need = await world.need("Sedie", goods("10"), place=NIGUARDA)
    await world.offer("Sedie", giver, goods("5"), place=DUOMO)
    [match] = await world.proposals(need)
    parties = [one["party_id"] for one in match["parties"]]
    if reserved:
        assert (await world.consent(match, parties.pop())).status_code == 200
    await world.settled()
    limits: dict[str, dict[str, Any]] = {
        "only_in": {"only_in": NINE},
        "excluded": {"excluded_stakeholders": [giver]},
        "kind": {"excluded_stakeholder_types": ["company"]},
        "lot": {},
    }
    with monkeypatch.context() as paused:
        paused.setattr(jobs, "revise_one", nothing_looked_at)
        asked = goods("10", min_lot="10" if limit == "lot" else None)
        await world.need("Sedie", asked, need_id=need, place=NIGUARDA, **limits[limit])
        await consumed(world)
        answer = await world.consent(match, parties[0])
    if limit == "lot" and reserved:
        assert answer.status_code == 200, "the quantity was agreed before"
        return
    assert (answer.status_code, answer.json()["code"]) == (409, "no-longer-available"), answer.text
    await world.settled()
    assert (await world.match(match["match_id"]))["state"] == "expired"


async def test_nothing_is_taken_back_into_a_place_that_the_need_left(world: World) -> None:
    giver = await world.stakeholder("Enel")
    need = await world.need("Sedie", goods("10"), place=NIGUARDA)
    await world.offer("Sedie", giver, goods("10"), place=DUOMO)
    [match] = await world.proposals(need)
    async with world.partner(giver) as client:
        declined = await client.post(f"{API}/matches/{match['match_id']}/decline", json={"reason_code": "other"})
        assert declined.status_code == 200, declined.text
        await world.need("Sedie", goods("10"), need_id=need, place=NIGUARDA, only_in=NINE)
        await world.settled()
        undone = await client.post(f"{API}/matches/{match['match_id']}/undo")
    assert (undone.status_code, undone.json()["code"]) == (409, "gone-meanwhile")


async def test_a_counter_does_not_leave_another_below_the_lot(world: World) -> None:
    givers = [await world.stakeholder(name) for name in ("Enel", "Ikea", "DHL")]
    need = await world.need("Sedie", goods("20", min_lot="10"), requires=["transport"])
    offers = [await world.offer("Sedie", givers[at], goods(size)) for at, size in enumerate(("15", "12"))]
    await world.offer("Trasporto", givers[2], service("transport", "1"))
    match = await of_both(world, need, offers)
    at = next(at for at, one in enumerate(match["allocations"]) if one["quantity"] == "15")
    note = {"party_id": f"stakeholder:{givers[0]}", "channel": "telephone", "note": "said so"}
    async with world.manager() as client:
        answer = await client.post(
            f"{API}/matches/{match['match_id']}/counter",
            json=note | {"quantities": [{"position": at, "quantity": "10"}]},
        )
    assert answer.status_code == 422, answer.text
    [error] = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/quantities/0/quantity", "leaves-below-lot")
    assert "10 pezzi" in error["message_it"]
    assert "10 pieces" in error["message_en"]


async def of_both(world: World, need: UUID, offers: list[UUID]) -> dict[str, Any]:
    async def found() -> dict[str, Any] | None:
        sets = await world.matches(need=need, state="proposed")
        wanted = {str(one) for one in offers}
        return next((one for one in sets if wanted <= {part["offer_id"] for part in one["allocations"]}), None)

    return await eventually(found)


@pytest.mark.parametrize(
    ("limit", "lot"), [({"excluded_stakeholder_types": ["company"]}, None), ({"only_in": NINE}, None), ({}, "50")]
)
async def test_an_answer_that_its_need_will_never_take_goes_to_others(
    world: World, limit: dict[str, Any], lot: str | None
) -> None:
    giver = await world.stakeholder("Enel")
    answered = await world.need("Sedie", goods("50", min_lot=lot), **limit)
    other = await world.need("Sedie", goods("10"))
    await world.offer("Sedie", giver, goods("10"), answers=answered, place=DUOMO)
    assert len(await world.proposals(other)) == 1
    await world.need("Sedie", goods("50"), need_id=answered)
    assert len(await world.proposals(answered)) == 1, "the limit was lifted"
    await world.settled()
    assert await world.matches(need=other, state="proposed") == [], "and the promise holds again"
