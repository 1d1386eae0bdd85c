"""Who may say yes or no for whom, and what is told to whoever may not."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx
import pytest

from contracts.events.matching import MatchAccepted, MatchDeclined, MatchReleased
from services.matching.tests.world import World, goods, money

pytestmark = pytest.mark.integration
API = "/matching/api/v1/matches"


async def proposed(world: World, quantity: str | None = "100") -> tuple[dict[str, Any], UUID, UUID, UUID]:
    giver = await world.stakeholder("Aviva")
    need = await world.need("Fondo di Mutuo Soccorso", money(quantity))
    offer = await world.offer("Donazioni dei dipendenti", giver, money("200"))
    [match] = await world.proposals(need)
    return match, need, offer, giver


async def accept(client: httpx.AsyncClient, match: dict[str, Any], **body: Any) -> httpx.Response:
    return await client.post(f"{API}/{match['match_id']}/accept", json=body)


async def test_nobody_speaks_for_another_party(world: World) -> None:
    match, _, _, giver = await proposed(world)
    async with world.partner(giver) as client:
        answer = await accept(client, match, party_id="department:education")
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    async with world.officer("environment") as client:
        assert (await accept(client, match)).status_code == 404
    async with world.running.client() as client:
        assert (await accept(client, match)).status_code == 401


async def test_account_manager_says_how_they_know(world: World) -> None:
    match, _, _, giver = await proposed(world)
    party = f"stakeholder:{giver}"
    async with world.manager() as client:
        answer = await accept(client, match)
        assert answer.json()["errors"][0]["code"] == "party-required"
        answer = await accept(client, match, party_id=party, note="called on Monday")
        assert answer.json()["errors"][0]["code"] == "channel-required"
        answer = await accept(client, match, party_id=party, channel="telephone")
        assert answer.json()["errors"][0]["pointer"] == "/note"
        answer = await accept(client, match, party_id=party, channel="letter", note="letter of 12 May")
        assert answer.status_code == 200, answer.text
        assert answer.json()["parties"][1]["note"] == "letter of 12 May"
    async with world.partner(giver) as client:
        seen = (await client.get(f"{API}/{match['match_id']}")).json()
        assert seen["parties"][1]["note"] is None
        assert seen["parties"][1]["channel"] == "letter"


async def test_note_never_leaves_the_service(world: World) -> None:
    match, _, _, giver = await proposed(world)
    await world.consent(match, f"stakeholder:{giver}", note="Signora Rossi, 02 1234567")
    async with world.running.app.state.units.pool.acquire() as connection:
        found = await connection.fetchval(
            "SELECT count(*) FROM outbox WHERE city = $1 AND convert_from(payload, 'UTF8') LIKE '%Rossi%'", world.city
        )
    assert found == 0


async def test_saying_yes_twice_changes_nothing(world: World) -> None:
    match, _, offer, giver = await proposed(world)
    async with world.partner(giver) as client:
        first = (await accept(client, match)).json()
        again = (await accept(client, match, party_id=f"stakeholder:{giver}")).json()
    assert first["version"] == again["version"] == 2
    assert (await world.balance(offer))["reserved"] == 100


async def test_same_idempotency_key_gives_the_same_answer(world: World) -> None:
    match, _, _, giver = await proposed(world)
    async with world.partner(giver) as client:
        answers = [
            await client.post(f"{API}/{match['match_id']}/accept", headers={"Idempotency-Key": "k-1"}) for _ in range(2)
        ]
    assert answers[0].content == answers[1].content
    assert answers[1].headers["idempotent-replayed"] == "true"


async def test_stale_version_is_refused_and_nothing_happens(world: World) -> None:
    match, _, offer, giver = await proposed(world)
    async with world.partner(giver) as client:
        answer = await client.post(f"{API}/{match['match_id']}/accept", headers={"If-Match": '"7"'})
    assert (answer.status_code, answer.json()["code"]) == (412, "stale")
    assert (await world.balance(offer))["reserved"] == 0


async def test_consents_come_in_any_order(world: World) -> None:
    match, _, _, giver = await proposed(world)
    async with world.officer() as client:
        assert (await accept(client, match)).json()["awaited"] == [f"stakeholder:{giver}"]
    async with world.partner(giver) as client:
        assert (await accept(client, match)).json()["state"] == "accepted"
    assert len(await world.published(MatchAccepted, match["match_id"])) == 1


async def test_decline_frees_everything_and_names_the_reason(world: World) -> None:
    match, need, offer, giver = await proposed(world)
    async with world.officer() as client:
        await accept(client, match)
    async with world.partner(giver) as client:
        answer = await client.post(f"{API}/{match['match_id']}/decline", json={"reason_code": "not_available"})
    assert answer.json()["state"] == "declined"
    assert (await world.balance(offer))["free"] == 200
    assert (await world.balance(need))["free"] == 100
    [event] = await world.published(MatchDeclined)
    assert (event["party_id"], event["reason_code"]) == (f"stakeholder:{giver}", "not_available")
    await world.settled()
    assert await world.matches(need=need, state="proposed") == []


async def test_a_refused_offer_gets_a_new_chance_when_it_changes(world: World) -> None:
    match, need, offer, giver = await proposed(world)
    async with world.partner(giver) as client:
        await client.post(f"{API}/{match['match_id']}/decline", json={"reason_code": "too_late"})
    await world.offer("Donazioni dei dipendenti", giver, money("150"), offer_id=offer)
    [again] = await world.proposals(need)
    assert again["match_id"] != match["match_id"]


async def test_decline_needs_a_known_reason(world: World) -> None:
    match, *_ = await proposed(world)
    async with world.officer() as client:
        answer = await client.post(f"{API}/{match['match_id']}/decline", json={"reason_code": "mood"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/reason_code"


async def test_deciding_on_a_closed_match_is_a_conflict(world: World) -> None:
    match, _, _, giver = await proposed(world)
    async with world.partner(giver) as client:
        await client.post(f"{API}/{match['match_id']}/decline", json={"reason_code": "too_late"})
    async with world.officer() as client:
        answer = await accept(client, match)
        assert (answer.status_code, answer.json()["code"]) == (409, "match-declined")


async def test_manager_releases_what_is_not_signed(world: World) -> None:
    match, _, offer, _ = await proposed(world)
    async with world.manager() as client:
        answer = await client.post(f"{API}/{match['match_id']}/release")
        assert (answer.status_code, answer.json()["code"]) == (409, "match-proposed")
        await world.accepted_by_all(match)
        answer = await client.post(f"{API}/{match['match_id']}/release")
        assert (answer.json()["state"], answer.json()["asked"]["reason"]) == ("accepted", "released_by_manager")
        assert (await client.post(f"{API}/{match['match_id']}/release")).json() == answer.json(), "asked once"
    assert (await world.balance(offer))["free"] == 100, "nothing is free before the file is closed"
    await world.closed_as_asked(match)
    assert (await world.balance(offer))["free"] == 200
    assert [one["reason_code"] for one in await world.published(MatchReleased)] == ["released_by_manager"]
    async with world.officer() as client:
        assert (await client.post(f"{API}/{match['match_id']}/release")).status_code == 403


async def test_a_signed_match_is_ended_by_its_agreement_only(world: World) -> None:
    match, _, offer, _ = await proposed(world)
    accepted = await world.accepted_by_all(match)
    await world.signed(accepted)
    await world.balance_with(offer, committed="100")
    async with world.manager() as client:
        answer = await client.post(f"{API}/{match['match_id']}/release")
    assert (answer.status_code, answer.json()["code"]) == (409, "agreement-signed")


async def test_open_need_takes_all_that_is_offered(world: World) -> None:
    match, need, _, _ = await proposed(world, None)
    assert match["allocations"][0]["quantity"] == "200"
    await world.accepted_by_all(match)
    balance = await world.balance(need)
    assert (balance["total"], balance["reserved"], balance["free"]) == (200, 200, 0)


async def test_quantity_open_on_both_sides_is_fixed_by_whoever_says_yes_first(world: World) -> None:
    giver = await world.stakeholder("Retake Milano", "association")
    need = await world.need("Secchi", goods(None))
    offer = await world.offer("Secchi", giver, goods(None, unit_value_cents=250))
    [match] = await world.proposals(need)
    assert match["allocations"][0]["quantity"] is None
    async with world.officer() as client:
        answer = await accept(client, match)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "quantity-required")
        answer = await accept(client, match, quantities=[{"position": 0, "quantity": "40"}])
        assert answer.json()["allocations"][0]["value_cents"] == 10_000
    async with world.partner(giver) as client:
        answer = await accept(client, match, quantities=[{"position": 0, "quantity": "50"}])
        assert answer.json()["errors"][0]["code"] == "quantity-fixed"
        answer = await accept(client, match)
        assert answer.json()["state"] == "accepted"
    assert (await world.accepted(match["match_id"])).allocations[0].quantity == 40
    for subject in (need, offer):
        assert (await world.balance(subject))["total"] == 40


async def test_nobody_agrees_to_an_offer_that_was_closed_a_moment_ago(world: World) -> None:
    match, _, offer, giver = await proposed(world)
    async with world.running.app.state.units.pool.acquire() as connection:
        # The news is in, the second look at this proposal is not.
        await connection.execute("UPDATE offer SET state = 'expired' WHERE city = $1", world.city)
    async with world.partner(giver) as client:
        answer = await accept(client, match)
    assert (answer.status_code, answer.json()["code"]) == (409, "no-longer-available")
    assert (await world.match(match["match_id"]))["state"] == "expired"
    assert (await world.balance(offer))["reserved"] == 0


async def test_why_not_names_every_obstacle(world: World) -> None:
    _, need, _, _ = await proposed(world)
    other = await world.stakeholder("Accenture", vetted=False)
    offer = await world.offer("Portatili", other, goods("5"))
    await world.settled()
    async with world.manager() as client:
        found = (await client.get(f"/matching/api/v1/needs/{need}/why-not", params={"offer": str(offer)})).json()
    assert {one["code"] for one in found["obstacles"]} == {"not_vetted", "other_kind"}


async def test_list_is_paged_and_filtered(world: World) -> None:
    giver = await world.stakeholder("Enel")
    needs = [await world.need(f"Bisogno {number}", goods("1")) for number in range(5)]
    offer = await world.offer("Offerta", giver, goods("100"))
    for need in needs:
        await world.proposals(need)
    async with world.partner(giver) as client:
        seen, after = [], None
        while True:
            query = {"offer": str(offer), "limit": 2} | ({"after": after} if after else {})
            found = (await client.get(API, params=query)).json()
            seen += [one["need_id"] for one in found["items"]]
            after = found["next"]
            if after is None:
                break
    assert sorted(seen) == sorted(map(str, needs))


async def test_a_misspelt_field_is_no_yes(world: World) -> None:
    giver = await world.stakeholder("Intesa Sanpaolo")
    need = await world.need("Laptop per le scuole", goods("40"))
    await world.offer("Laptop", giver, goods("40"))
    [match] = await world.proposals(need)
    async with world.officer() as client:
        refused = await client.post(f"{API}/{match['match_id']}/accept", json={"quantites": [{"position": 0}]})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/quantites"
    assert (await world.match(match["match_id"]))["awaited"] == match["awaited"]
