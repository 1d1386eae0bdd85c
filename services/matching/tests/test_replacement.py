"""Parties fall out, needs and offers change or close, time passes: what holds is kept, what is lost is replaced."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from chassis.testing import eventually
from contracts.events.matching import LineBalanceChanged, MatchExpired, MatchReleased
from services.matching.tests.world import World, goods, money, service

pytestmark = pytest.mark.integration


async def devices(world: World) -> tuple[UUID, dict[str, UUID], dict[str, UUID]]:
    """A need for refurbished laptops, with two who could refurbish."""
    givers = {name: await world.stakeholder(name) for name in ("Intesa Sanpaolo", "Sodalitas", "Rigenera", "Logistica")}
    need = await world.need("Laptop per le scuole", goods("271"), requires=["refurbishing", "storage", "delivery"])
    offers = {
        "goods": await world.offer("Laptop dismessi", givers["Intesa Sanpaolo"], goods("271")),
        "refurbishing": await world.offer("Rigenerazione", givers["Sodalitas"], service("refurbishing", "271")),
        "other": await world.offer("Rigenerazione anche qui", givers["Rigenera"], service("refurbishing", "300")),
        "logistics": await world.offer(
            "Deposito e consegna",
            givers["Logistica"],
            service("storage", "271", kind="space"),
            service("delivery", "271"),
        ),
    }
    return need, offers, givers


def made_of(match: dict[str, Any]) -> set[str]:
    return {part["offer_id"] for part in match["allocations"]}


async def test_nothing_is_proposed_until_every_capability_can_be_had(world: World) -> None:
    giver = await world.stakeholder("Intesa Sanpaolo")
    helper = await world.stakeholder("Sodalitas")
    need = await world.need("Laptop", goods("10"), requires=["refurbishing", "storage"])
    await world.offer("Laptop", giver, goods("10"))
    await world.offer("Rigenerazione", helper, service("refurbishing", "10"))
    await world.settled()
    assert await world.matches(need=need) == []
    await world.offer("Deposito", helper, service("storage", "10", kind="space"))
    [match] = await world.proposals(need)
    assert len(match["parties"]) == 3, "the department, the giver, and the helper once for both its offers"


async def test_alternatives_differ_in_the_provider(world: World) -> None:
    need, offers, _ = await devices(world)
    found = await world.proposals(need, at_least=2)
    sets = {frozenset(made_of(one)) for one in found}
    always = {str(offers["goods"]), str(offers["logistics"])}
    assert sets == {frozenset(always | {str(offers["refurbishing"])}), frozenset(always | {str(offers["other"])})}


async def test_a_withdrawn_offer_is_replaced_and_the_yes_of_the_others_stands(world: World) -> None:
    need, offers, givers = await devices(world)
    found = await world.proposals(need, at_least=2)
    match = next(one for one in found if str(offers["refurbishing"]) in made_of(one))
    await world.consent(match, f"stakeholder:{givers['Intesa Sanpaolo']}")
    assert (await world.balance(offers["goods"]))["reserved"] == 271
    await world.settled()
    await world.withdraw_offer(offers["refurbishing"])
    await world.balance_with(offers["other"], reserved="271", free="29")
    assert (await world.balance(offers["goods"]))["reserved"] == 271
    [event] = await world.published(MatchExpired, match["match_id"])
    assert event["reason_code"] == "offer_closed"

    async def replaced() -> list[dict[str, Any]]:
        again = await world.matches(need=need, state="proposed")
        return [one for one in again if made_of(one) == {str(offers[name]) for name in ("goods", "other", "logistics")}]

    [again] = await eventually(replaced)
    accepted = await world.accepted_by_all(again)
    assert accepted["state"] == "accepted"


async def test_a_refused_stakeholder_falls_out(world: World) -> None:
    need, offers, givers = await devices(world)
    await world.proposals(need, at_least=2)
    await world.vetted(givers["Sodalitas"], "refused")

    async def gone() -> bool:
        left = await world.matches(need=need, state="proposed")
        return bool(left) and all(str(offers["refurbishing"]) not in made_of(one) for one in left)

    await eventually(gone)


async def test_a_taken_offer_makes_rival_proposals_smaller(world: World) -> None:
    giver = await world.stakeholder("Enel")
    first = await world.need("Coperte a Baggio", goods("60"))
    second = await world.need("Coperte a Quarto Oggiaro", goods("80"))
    offer = await world.offer("Coperte", giver, goods("100"))
    [one], [rival] = await world.proposals(first), await world.proposals(second)
    assert rival["allocations"][0]["quantity"] == "80"
    await world.accepted_by_all(one)

    async def resized() -> bool:
        found = await world.matches(need=second, state="proposed")
        return [part["allocations"][0]["quantity"] for part in found] == ["40"]

    await eventually(resized)
    [event] = await world.published(MatchExpired, rival["match_id"])
    assert event["reason_code"] == "superseded"
    assert (await world.balance(offer))["free"] == 40


async def test_a_cut_below_what_is_reserved_is_a_visible_shortfall(world: World) -> None:
    giver = await world.stakeholder("Lexmark")
    need = await world.need("Giornate", goods("22"))
    offer = await world.offer("Tempo", giver, goods("22"))
    [match] = await world.proposals(need)
    await world.accepted_by_all(match)
    await world.offer("Tempo", giver, goods("10"), offer_id=offer)
    balance = await world.balance_with(offer, total="10", reserved="22", shortfall="12")
    assert balance["free"] == 0
    told = await world.published(LineBalanceChanged, f"{offer}/0")
    assert (told[-1]["shortfall"], told[-1]["total"]) == ("12", "10")
    async with world.manager() as client:
        await client.post(f"/matching/api/v1/matches/{match['match_id']}/release")
    await world.closed_as_asked(match)
    balance = await world.balance(offer)
    assert (balance["free"], balance["shortfall"]) == (10, 0)


async def test_a_changed_need_is_proposed_anew_in_its_new_size(world: World) -> None:
    giver = await world.stakeholder("Enel")
    need = await world.need("Sedie", goods("5"))
    await world.offer("Sedie", giver, goods("100"))
    await world.proposals(need)
    await world.need("Sedie", goods("9"), need_id=need)

    async def resized() -> bool:
        found = await world.matches(need=need, state="proposed")
        return [one["allocations"][0]["quantity"] for one in found] == ["9"]

    await eventually(resized)


async def test_a_withdrawn_need_ends_its_proposals_and_what_is_not_signed(world: World) -> None:
    giver = await world.stakeholder("Enel")
    needs = [await world.need(f"Sedie {number}", goods("5")) for number in range(2)]
    offer = await world.offer("Sedie", giver, goods("100"))
    found = [(await world.proposals(need))[0] for need in needs]
    await world.accepted_by_all(found[0])
    for need in needs:
        await world.withdraw_need(need)
    await world.settled()
    await world.closed_as_asked(found[0])
    await world.balance_with(offer, free="100")
    await world.settled()
    assert [one["reason_code"] for one in await world.published(MatchReleased)] == ["party_withdrew"]
    ended = await world.published(MatchExpired, found[1]["match_id"])
    assert [one["reason_code"] for one in ended] == ["need_closed"]
    assert [one for one in await world.matches() if one["state"] in ("proposed", "accepted")] == []


async def test_a_rejected_agreement_frees_everything(world: World) -> None:
    giver = await world.stakeholder("Aviva")
    need = await world.need("Fondo", money("100"))
    offer = await world.offer("Donazione", giver, money("100"))
    [match] = await world.proposals(need)
    await world.rejected(await world.accepted_by_all(match))
    await world.balance_with(offer, free="100")
    assert (await world.balance(need))["free"] == 100
    [event] = await world.published(MatchReleased)
    assert event["reason_code"] == "agreement_rejected"


async def test_a_terminated_agreement_frees_what_was_not_delivered(world: World) -> None:
    giver = await world.stakeholder("Intesa Sanpaolo")
    need = await world.need("Laptop", goods("100"))
    offer = await world.offer("Laptop", giver, goods("100"))
    [match] = await world.proposals(need)
    accepted = await world.accepted_by_all(match)
    await world.signed(accepted)
    delivery = await world.delivered(accepted, "40")
    await world.balance_with(offer, delivered="40", committed="60")
    await world.terminated(accepted)
    balance = await world.balance_with(need, free="60", delivered="40")
    assert balance["committed"] == 0
    await world.corrected(accepted, delivery, "40", "30")
    await world.balance_with(offer, free="70", delivered="30")


async def test_more_than_promised_is_not_posted(world: World) -> None:
    giver = await world.stakeholder("Intesa Sanpaolo")
    need = await world.need("Laptop", goods("10"))
    offer = await world.offer("Laptop", giver, goods("10"))
    [match] = await world.proposals(need)
    accepted = await world.accepted_by_all(match)
    await world.signed(accepted)
    delivery = await world.delivered(accepted, "12")
    await world.balance_with(offer, delivered="10", committed="0")
    await world.corrected(accepted, delivery, "12", "11")
    await world.settled()
    assert (await world.balance(offer))["delivered"] == 10
    await world.corrected(accepted, delivery, "11", "4")
    await world.balance_with(need, delivered="4", committed="6")


async def test_a_reservation_nobody_completes_expires_and_is_not_proposed_again(world: World) -> None:
    giver = await world.stakeholder("Aviva")
    need = await world.need("Fondo", money("100"))
    offer = await world.offer("Donazione", giver, money("100"))
    [match] = await world.proposals(need)
    await world.consent(match, f"stakeholder:{giver}")
    assert (await world.match(match["match_id"]))["expires_at"] > datetime.now(UTC).isoformat()
    async with world.running.app.state.units.pool.acquire() as connection:
        await connection.execute(
            "UPDATE match SET expires_at = $3 WHERE city = $1 AND match_id = $2",
            world.city,
            UUID(match["match_id"]),
            datetime.now(UTC) - timedelta(minutes=1),
        )
    await world.balance_with(offer, free="100", reserved="0")
    [event] = await world.published(MatchExpired)
    assert event["reason_code"] == "timeout"
    await world.settled()
    assert await world.matches(need=need, state="proposed") == []
