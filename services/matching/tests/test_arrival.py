"""Events come twice, and in any order across topics; what they mean stays the same."""

from __future__ import annotations

import pytest

from chassis.clock import new_id
from chassis.replay import replay
from contracts.events import intake
from contracts.events.matching import MatchProposed
from services.matching.app import service
from services.matching.tests.partnerships import load_partnerships, play
from services.matching.tests.world import World, goods, money

pytestmark = pytest.mark.integration
TABLES = (
    "need",
    "offer",
    "stakeholder",
    "ledger_line",
    "posting",
    "match",
    "match_party",
    "match_allocation",
    "outbox",
    "need_requirement",
    "need_receiver",
)


APART = ("published_at", "direction", "sketch")
"""When an event went out; and what a text's direction is to the last bit, which depends on what it was encoded with."""


async def everything(world: World) -> dict[str, list[str]]:
    """Every row of the city, as text."""
    async with world.running.app.state.units.pool.acquire() as connection:
        return {
            table: sorted(
                str({name: value for name, value in row.items() if name not in APART})
                for row in await connection.fetch(f"SELECT * FROM {table} WHERE city = $1", world.city)
            )
            for table in TABLES
        }


async def test_every_event_again_changes_nothing(world: World) -> None:
    sample = load_partnerships()
    known = {one["ref"]: await world.stakeholder(one["name"], one["type"]) for one in sample["stakeholders"]}
    case = next(case for case in sample["partnerships"] if case["ref"] == "devices")
    need, offers = await play(world, case, known)
    [match] = await world.proposals(need)
    accepted = await world.accepted_by_all(match)
    await world.signed(accepted)
    await world.settled()
    delivery = await world.delivered(accepted, "40")
    await world.settled()
    await world.corrected(accepted, delivery, "40", "41")
    await world.balance_with(offers["devices-goods"], delivered="41")
    await world.settled()
    before = await everything(world)
    await world.say_all_again()
    await world.settled()
    assert await everything(world) == before
    assert await world.kept_aside() == []


async def test_offer_before_its_giver_and_before_its_need(world: World) -> None:
    giver = new_id()
    offer = await world.offer("Donazione liberale", giver, money("3000"))
    need = await world.need("Settimana dei Diritti", money("3000"))
    await world.settled()
    assert await world.matches(need=need) == []
    await world.vetted_later(giver, "Fondazione Bracco")
    [match] = await world.proposals(need)
    assert match["allocations"][0]["offer_id"] == str(offer)
    assert match["parties"][1]["name"] == "Fondazione Bracco"
    assert len(await world.published(MatchProposed)) == 1


async def test_need_that_names_a_receiver_nobody_knows_yet(world: World) -> None:
    giver = await world.stakeholder("Intesa Sanpaolo")
    receiver = new_id()
    need = await world.need("Laptop per Arimo", goods("5"), receivers=[receiver])
    await world.offer("Laptop", giver, goods("5"))
    await world.settled()
    assert await world.matches(need=need) == []
    event = intake.StakeholderRegistered(
        stakeholder_id=receiver, version=1, name="Arimo", stakeholder_type="association"
    )
    await world.say(event, receiver)
    [match] = await world.proposals(need)
    assert [one["role"] for one in match["parties"]] == ["department", "giver", "receiver"]


async def test_delivery_heard_before_the_signature_waits_for_it(world: World) -> None:
    giver = await world.stakeholder("Aviva")
    need = await world.need("Fondo", money("100"))
    offer = await world.offer("Donazione", giver, money("100"))
    [match] = await world.proposals(need)
    accepted = await world.accepted_by_all(match)
    await world.delivered(accepted, "60")
    await world.settled()
    assert (await world.balance(offer))["reserved"] == 100
    await world.signed(accepted)
    balance = await world.balance_with(offer, delivered="60", committed="40")
    assert balance["reserved"] == 0
    assert await world.kept_aside() == []


async def test_older_news_does_not_undo_newer(world: World) -> None:
    giver = await world.stakeholder("Enel")
    need = await world.need("Sedie", goods("5"))
    offer = await world.offer("Sedie", giver, goods("8"))
    await world.offer("Sedie", giver, goods("7"), offer_id=offer)
    await world.settled()
    late = intake.OfferChanged(offer_id=offer, version=1, stakeholder_id=giver, title="Sedie", lines=[goods("90")])
    await world.say(late, offer)
    await world.settled()
    assert (await world.balance(offer))["total"] == 7
    assert (await world.proposals(need))[0]["allocations"][0]["quantity"] == "5"


async def test_an_offer_in_answer_to_a_need_goes_to_that_need_first(world: World) -> None:
    giver = await world.stakeholder("Enel")
    asked = await world.need("Tavoli", goods("5"))
    other = await world.need("Tavoli anche noi", goods("5"))
    offer = await world.offer("Tavoli", giver, goods("8"), answers=asked)
    [match] = await world.proposals(asked)
    assert match["answers"]
    assert {one["code"] for one in match["reasons"]} >= {"answers_this_need"}
    await world.settled()
    assert await world.matches(need=other) == []
    async with world.manager() as client:
        query = {"offer": str(offer)}
        found = (await client.get(f"/matching/api/v1/needs/{other}/why-not", params=query)).json()
    assert [one["code"] for one in found["obstacles"]] == ["promised_elsewhere"]
    await world.withdraw_need(asked)
    [instead] = await world.proposals(other)
    assert instead["allocations"][0]["offer_id"] == str(offer)


async def test_steering_raises_what_the_focus_group_wants(world: World) -> None:
    giver = await world.stakeholder("Enel")
    plain = await world.need("Sedie", goods("5"), policy_area="food_poverty")
    await world.offer("Altro", giver, goods("8"))
    [before] = await world.proposals(plain)
    priorities = new_id()
    event = intake.PrioritiesSet(
        priorities_id=priorities,
        version=1,
        valid_from="2020-01-01",
        valid_to="2040-12-31",
        weights={"food_poverty": 0.9},
    )
    await world.say(event, priorities)
    indicators = new_id()
    loaded = intake.NeighbourhoodIndicatorsLoaded(
        indicators_id=indicators, version=1, name="hardship", source="survey", values={33: 0.8}
    )
    await world.say(loaded, indicators)
    await world.settled()
    steered = await world.need(
        "Sedie", goods("5"), policy_area="food_poverty", place={"label": "Ponte Lambro", "nil": 33}
    )
    [after] = await world.proposals(steered)
    assert after["score"] > before["score"]
    assert {one["code"] for one in after["reasons"]} >= {"priority", "hardship"}


async def test_read_models_are_rebuilt_from_the_log_and_nothing_is_decided_again(world: World) -> None:
    giver = await world.stakeholder("Enel")
    receiver = await world.stakeholder("Arimo", "association")
    need = await world.need("Sedie", goods("5"), requires=["delivery"], receivers=[receiver])
    await world.need("Sedie e tavoli", goods("6"), need_id=need, requires=["storage"], receivers=[receiver])
    closed = await world.need("Libri", goods("5"))
    offer = await world.offer("Sedie", giver, goods("8"))
    await world.withdraw_need(closed)
    await world.withdraw_offer(offer)
    await world.settled()
    before = await everything(world)
    made = service(world.running.settings)
    for name, projection in made.projections.items():
        async with world.running.app.state.units.pool.acquire() as connection:
            for table in projection.tables:
                await connection.execute(f"DELETE FROM {table} WHERE city = $1", world.city)
        assert (await replay(made, name)).kept_aside == 0
    assert await everything(world) == before
