"""An agreement's end and a delivery before it, heard of in either order: what was handed over is not there again."""

from __future__ import annotations

from typing import Any

import pytest

from services.matching.tests.test_concurrency import conserved
from services.matching.tests.world import World, goods

pytestmark = pytest.mark.integration


async def ended(world: World) -> tuple[dict[str, Any], Any, Any]:
    """Ten of an offer were signed for, then the agreement was terminated."""
    giver = await world.stakeholder("Intesa Sanpaolo")
    need = await world.need("Portatili", goods("10"))
    offer = await world.offer("Portatili", giver, goods("10"))
    match = await world.accepted_by_all((await world.proposals(need))[0])
    await world.signed(match)
    await world.settled()
    await world.terminated(match)
    await world.balance_with(offer, free="10")
    return match, need, offer


async def test_a_delivery_heard_of_after_the_end_counts_as_if_before(world: World) -> None:
    match, need, offer = await ended(world)
    delivery = await world.delivered(match, "4")
    for line in (offer, need):
        await world.balance_with(line, free="6", committed="0", reserved="0", delivered="4")
    await world.corrected(match, delivery, "4", "3")
    for line in (offer, need):
        await world.balance_with(line, free="7", delivered="3")
    await world.delivered(match, "20")  # no more than was once committed
    await world.balance_with(offer, free="0", delivered="10")
    await conserved(world)


async def test_what_was_given_to_another_meanwhile_stays_theirs(world: World) -> None:
    match, _, offer = await ended(world)
    other = await world.need("Portatili per un'altra scuola", goods("10"))
    [again] = await world.proposals(other)
    taken = await world.consent(again, again["parties"][0]["party_id"])
    assert taken.status_code == 200, taken.text
    await world.delivered(match, "4")
    await world.settled()
    assert await world.balance_with(offer, reserved="10", delivered="0", free="0")
    await conserved(world)


async def test_two_late_deliveries_in_one_batch_share_what_is_free(world: World) -> None:
    match, _, offer = await ended(world)
    for _ in range(3):
        await world.delivered(match, "4")
    await world.balance_with(offer, free="0", delivered="10")
    await conserved(world)
