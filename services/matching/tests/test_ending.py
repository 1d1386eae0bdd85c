"""An accepted match is ended by its agreements: asked, and answered by what is heard of them."""

from __future__ import annotations

from typing import Any

import pytest

from chassis.testing import eventually
from contracts.events.matching import MatchEndAsked, MatchEndRefused, MatchReleased
from services.matching.tests.test_pages import page, submit
from services.matching.tests.world import World, goods

pytestmark = pytest.mark.integration
API = "/matching/api/v1/matches"


async def agreed(world: World) -> tuple[dict[str, Any], object, object]:
    giver = await world.stakeholder("Fondazione Bracco", "foundation")
    need = await world.need("Laptop per la scuola", goods("40"))
    offer = await world.offer("Laptop", giver, goods("40"))
    [match] = await world.proposals(need)
    return await world.accepted_by_all(match), offer, need


async def test_what_is_known_to_be_under_way_is_not_undone(world: World) -> None:
    match, *_ = await agreed(world)
    await world.submitted(match)
    await world.settled()
    async with world.manager() as client:
        refused = await client.post(f"{API}/{match['match_id']}/undo", headers={"Accept-Language": "it"})
        assert (refused.status_code, refused.json()["code"]) == (409, "agreement-under-way")
        assert "Ufficio Legale" in refused.json()["detail"]
        shown = await page(client, f"/matching/proposals/{match['match_id']}")
        assert "You can take your last decision back" not in shown
    assert await world.published(MatchEndAsked) == []


async def test_an_undo_that_lost_the_race_is_told_and_changes_nothing(world: World) -> None:
    match, offer, _ = await agreed(world)
    address = f"/matching/proposals/{match['match_id']}"
    async with world.manager() as client:
        done = await submit(client, f"{address}/undo", version=str(match["version"]))
        assert done.headers["location"] == address
        assert "waiting for the agreement" in await page(client, address)
        await world.submitted(match)
        await world.settled()
        shown = await page(client, address)
        assert "The yes stands" in shown
        assert "L'accordo era già" in await page(client, address, params={"lang": "it"})
    [told] = await world.published(MatchEndRefused)
    assert (told["reason_code"], told["because"], told["account_manager_id"]) == (
        "undone",
        "submitted",
        "manager-of-all",
    )
    await world.signed(match)
    await world.balance_with(offer, committed="40")
    assert (await world.match(match["match_id"]))["state"] == "accepted"
    assert await world.published(MatchReleased) == []


async def test_a_release_reaches_further_than_an_undo_and_not_as_far_as_a_signature(world: World) -> None:
    match, offer, _ = await agreed(world)
    address = f"{API}/{match['match_id']}"
    async with world.manager() as client:
        await client.post(f"{address}/undo")
        assert (await client.post(f"{address}/release")).json()["asked"]["reason"] == "released_by_manager"
        await world.submitted(match)
        await world.settled()
        assert (await world.match(match["match_id"]))["asked"]["refused"] is None
        await world.signed(match)
        await world.balance_with(offer, committed="40")
        kept = await world.match(match["match_id"])
        assert (kept["state"], kept["asked"]["refused"]) == ("accepted", "signed")
        assert (await client.post(f"{address}/release")).json()["code"] == "agreement-signed"
    assert [one["reason_code"] for one in await world.published(MatchEndAsked)] == ["undone", "released_by_manager"]
    assert [one["because"] for one in await world.published(MatchEndRefused)] == ["signed"]


async def test_a_refusal_by_the_legal_office_ends_it_as_a_refusal(world: World) -> None:
    match, offer, _ = await agreed(world)
    async with world.manager() as client:
        await client.post(f"{API}/{match['match_id']}/undo")
    await world.rejected(match)
    await world.balance_with(offer, reserved="0")
    [told] = await world.published(MatchReleased)
    assert told["reason_code"] == "agreement_rejected"


async def test_an_undo_whose_need_is_gone_meanwhile_releases_all(world: World) -> None:
    match, offer, need = await agreed(world)
    async with world.manager() as client:
        await client.post(f"{API}/{match['match_id']}/undo")
    await world.withdraw_need(need)  # type: ignore[arg-type]
    await world.settled()
    ended = await world.closed_as_asked(match)
    assert (ended["reason_code"], ended["replaced_by"]) == ("party_withdrew", None)
    await world.balance_with(offer, free="40")

    async def asked_once_more() -> bool:
        return len(await world.published(MatchEndAsked)) == 2

    assert await eventually(asked_once_more)
