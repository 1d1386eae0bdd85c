"""Two that come in the same instant see nothing of each other; they are brought together right afterwards."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.clock import new_id, utc_now
from chassis.delivery import Delivery, Record
from chassis.scope import Scope
from chassis.testing import eventually
from contracts.envelope import Envelope
from contracts.event import Event
from contracts.events import intake
from contracts.values import Line
from services.matching.consumers import HANDLERS
from services.matching.handlers import meeting
from services.matching.tests.world import World, goods, service

pytestmark = pytest.mark.integration


def delivery(world: World, event: Event, key: UUID) -> Delivery[Any]:
    envelope = Envelope(
        id=str(uuid4()), source="/intake", type=event.type, city=world.city, time=utc_now(), subject=str(key)
    )
    return Delivery(event, envelope, Record(event.topic, 0, 0, str(key), event.to_bytes(), (), utc_now()))


@asynccontextmanager
async def in_flight(world: World, event: Event, key: UUID) -> Any:
    """The event as another instance takes it: applied, and committed when the block is left."""
    async with world.running.app.state.units.begin(Scope(world.city, "test")) as unit:
        await HANDLERS[type(event)](unit, [delivery(world, event, key)])
        yield


def a_need(title: str = "Sedie pieghevoli", *lines: Line, **more: Any) -> intake.NeedRegistered:
    return intake.NeedRegistered(
        need_id=new_id(),
        version=1,
        title=title,
        department="education",
        policy_area="school",
        lines=lines or (goods("8"),),
        **more,
    )


def an_offer(giver: UUID, title: str = "Sedie", *lines: Line) -> intake.OfferReceived:
    return intake.OfferReceived(
        offer_id=new_id(), version=1, stakeholder_id=giver, title=title, lines=lines or (goods("8"),)
    )


async def nothing_left(world: World) -> None:
    """Every look was compared with the others, and nothing waits to be looked at again."""

    async def done() -> bool:
        async with world.running.app.state.units.pool.acquire() as connection:
            left = await connection.fetchval(
                "SELECT (SELECT count(*) FROM look WHERE city = $1 AND settles_at IS NULL)"
                " + (SELECT count(*) FROM revision WHERE city = $1)",
                world.city,
            )
        return left == 0

    await eventually(done)


@pytest.mark.parametrize("need_first", [True, False])
async def test_a_need_and_its_offer_that_come_in_the_same_instant_meet(world: World, need_first: bool) -> None:
    giver = await world.stakeholder("Enel")
    await world.settled()
    need, offer = a_need(), an_offer(giver)
    taken = [(need, need.need_id), (offer, offer.offer_id)]
    async with AsyncExitStack() as both:
        for event, key in taken if need_first else reversed(taken):
            await both.enter_async_context(in_flight(world, event, key))
    found = await eventually(lambda: world.matches(need=need.need_id))
    assert [one["allocations"][0]["offer_id"] for one in found] == [str(offer.offer_id)]
    await nothing_left(world)
    assert len(await world.matches(need=need.need_id)) == 1


async def test_an_offer_and_the_check_of_its_giver_in_the_same_instant_meet(world: World) -> None:
    giver = await world.stakeholder("Enel", vetted=False)
    need = await world.need("Sedie pieghevoli", goods("8"))
    await world.settled()
    offer = an_offer(giver)
    vetted = intake.StakeholderVetted(stakeholder_id=giver, version=50, outcome="approved")
    async with in_flight(world, offer, offer.offer_id), in_flight(world, vetted, giver):
        pass
    await eventually(lambda: world.matches(need=need))


async def test_a_need_and_the_receiver_it_names_in_the_same_instant_meet(world: World) -> None:
    giver = await world.stakeholder("Enel")
    await world.offer("Sedie", giver, goods("8"))
    await world.settled()
    receiver = new_id()
    need = a_need(receivers=[receiver])
    named = intake.StakeholderRegistered(
        stakeholder_id=receiver, version=1, name="Spazio Pontano", stakeholder_type="association"
    )
    async with in_flight(world, need, need.need_id), in_flight(world, named, receiver):
        pass
    await eventually(lambda: world.matches(need=need.need_id))


async def test_two_offers_that_are_needed_together_in_the_same_instant_meet(world: World) -> None:
    giver, carrier = await world.stakeholder("Enel"), await world.stakeholder("DHL")
    need = await world.need("Sedie pieghevoli", goods("8"), requires=["transport"])
    await world.settled()
    chairs, transport = an_offer(giver), an_offer(carrier, "Trasporto sedie", service("transport", "8"))
    async with in_flight(world, chairs, chairs.offer_id), in_flight(world, transport, transport.offer_id):
        pass
    [found] = await eventually(lambda: world.matches(need=need))
    assert {one["offer_id"] for one in found["allocations"]} == {str(chairs.offer_id), str(transport.offer_id)}


async def test_a_receiver_that_is_named_and_a_giver_that_is_approved_in_the_same_instant_meet(world: World) -> None:
    giver, receiver = await world.stakeholder("Enel", vetted=False), new_id()
    need = await world.need("Sedie pieghevoli", goods("8"), receivers=[receiver])
    await world.offer("Sedie", giver, goods("8"))
    await world.settled()
    named = intake.StakeholderRegistered(
        stakeholder_id=receiver, version=1, name="Spazio Pontano", stakeholder_type="association"
    )
    vetted = intake.StakeholderVetted(stakeholder_id=giver, version=50, outcome="approved")
    async with in_flight(world, named, receiver), in_flight(world, vetted, giver):
        pass
    await eventually(lambda: world.matches(need=need))


async def test_what_cannot_be_proposed_holds_up_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_: Any, **__: Any) -> None:
        raise ValueError("this pair is odd")

    giver = await world.stakeholder("Enel")
    await world.settled()
    need, offer = a_need(), an_offer(giver)
    monkeypatch.setattr(meeting, "propose_for_pairs", fails)
    async with in_flight(world, need, need.need_id), in_flight(world, offer, offer.offer_id):
        pass
    await eventually(lambda: world.matches(need=need.need_id))
    await nothing_left(world)


async def test_what_is_too_much_for_one_transaction_goes_to_the_queue(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    giver, carrier = await world.stakeholder("Enel"), await world.stakeholder("DHL")
    moved = await world.need("Panche da portare", goods("8"), requires=["transport"])
    await world.settled()
    monkeypatch.setattr(meeting, "PROPOSED_AT_ONCE", 1)
    needs = [a_need(f"Sedie pieghevoli {number}") for number in range(3)]
    offers = [an_offer(giver, f"Sedie pieghevoli {number}") for number in range(3)]
    carrying = an_offer(carrier, "Trasporto panche", service("transport", "8"))
    async with AsyncExitStack() as together:
        for event in needs:
            await together.enter_async_context(in_flight(world, event, event.need_id))
        for event in [*offers, carrying]:
            await together.enter_async_context(in_flight(world, event, event.offer_id))
    await nothing_left(world)
    for need in needs:
        found = await world.matches(need=need.need_id)
        assert {part["offer_id"] for one in found for part in one["allocations"]} == {
            str(one.offer_id) for one in offers
        }
    assert await world.matches(need=moved)


async def test_those_who_saw_each_other_or_have_nothing_in_common_are_left_alone(world: World) -> None:
    giver = await world.stakeholder("Enel")
    await world.settled()
    need, other = a_need(), a_need("Avvocato", Line(kind="expertise", unit="HUR", quantity="8"))
    offer = an_offer(giver)
    async with in_flight(world, other, other.need_id), in_flight(world, offer, offer.offer_id):
        pass
    async with in_flight(world, need, need.need_id):
        pass
    await nothing_left(world)
    assert len(await world.matches(need=need.need_id)) == 1
    assert await world.matches(need=other.need_id) == []


async def test_looks_are_forgotten_when_nobody_can_have_missed_them(world: World) -> None:
    giver = await world.stakeholder("Enel")
    offer = an_offer(giver)
    async with in_flight(world, offer, offer.offer_id):
        pass

    async def forgotten() -> bool:
        async with world.running.app.state.units.pool.acquire() as connection:
            return not await connection.fetchval("SELECT count(*) FROM look WHERE city = $1", world.city)

    await eventually(forgotten)
