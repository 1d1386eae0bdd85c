"""Many at once: the ledger never gives away more than there is, whoever is faster."""

from __future__ import annotations

import asyncio
from collections import Counter
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from services.matching.tests.world import World, goods, service

pytestmark = pytest.mark.integration
API = "/matching/api/v1/matches"


async def accept(world: World, match: dict[str, Any], party_id: str) -> int:
    async with world.manager() as client:
        answer = await client.post(
            f"{API}/{match['match_id']}/accept",
            json={"party_id": party_id, "channel": "telephone", "note": "called on Monday"},
        )
        return answer.status_code


async def conserved(world: World) -> None:
    """Every balance is the sum of its postings, and no line gives more than it has."""
    async with world.running.app.state.units.pool.acquire() as connection:
        wrong = await connection.fetch(
            """
            SELECT line.subject_id, line.line FROM ledger_line AS line
            LEFT JOIN LATERAL (SELECT coalesce(sum(free), 0) AS free, coalesce(sum(reserved), 0) AS reserved,
                coalesce(sum(committed), 0) AS committed, coalesce(sum(delivered), 0) AS delivered,
                coalesce(sum(total), 0) AS total
                FROM posting WHERE posting.city = line.city AND posting.subject_id = line.subject_id
                    AND posting.line = line.line) AS posted ON true
            WHERE line.city = $1 AND ((posted.free, posted.reserved, posted.committed, posted.delivered, posted.total)
                <> (line.free, line.reserved, line.committed, line.delivered, line.total)
                OR line.total + line.shortfall <> line.free + line.reserved + line.committed + line.delivered)
            """,
            world.city,
        )
        held = await connection.fetch(
            "SELECT offer_id, offer_line, sum(reserved + committed + delivered) AS held FROM match_allocation"
            " WHERE city = $1 GROUP BY offer_id, offer_line",
            world.city,
        )
        lines = await connection.fetch(
            "SELECT subject_id, line, reserved + committed + delivered AS held FROM ledger_line"
            " WHERE city = $1 AND line_of = 'offer'",
            world.city,
        )
    assert wrong == []
    booked = {(row["subject_id"], row["line"]): row["held"] for row in lines}
    assert all(booked[row["offer_id"], row["offer_line"]] == row["held"] for row in held)


async def test_one_offer_wanted_by_many_is_never_given_away_twice(world: World) -> None:
    giver = await world.stakeholder("Intesa Sanpaolo")
    # Needs first and the offer last: every proposal is made while everything is still free.
    needs = [await world.need(f"Laptop per la scuola {number}", goods("30")) for number in range(8)]
    await world.settled()
    offer = await world.offer("Laptop", giver, goods("100"))
    matches = [(await world.proposals(need))[0] for need in needs]
    parties = [party["party_id"] for party in matches[0]["parties"]]
    statuses = Counter(
        await asyncio.gather(*(accept(world, match, party) for match in matches for party in parties for _ in range(2)))
    )
    assert set(statuses) <= {200, 409}, statuses
    await world.settled()
    balance = await world.balance(offer)
    assert balance["reserved"] == 90, "three of the eight fit, whoever came first"
    assert balance["free"] == 10
    accepted = await world.matches(offer=offer, state="accepted")
    assert len(accepted) == 3
    await conserved(world)


async def test_sets_that_share_lines_crosswise_neither_deadlock_nor_overdraw(world: World) -> None:
    givers = [await world.stakeholder(name) for name in ("Intesa Sanpaolo", "Sodalitas")]
    needs = [
        await world.need(f"Laptop rigenerati {number}", goods("40"), requires=["refurbishing"]) for number in range(6)
    ]
    await world.settled()
    offers = [
        await world.offer("Laptop", givers[0], goods("130")),
        await world.offer("Rigenerazione", givers[1], service("refurbishing", "90")),
    ]
    matches = [(await world.proposals(need))[0] for need in needs]
    everyone = [(match, party["party_id"]) for match in matches for party in match["parties"]]
    statuses = Counter(await asyncio.gather(*(accept(world, match, party) for match, party in everyone)))
    assert set(statuses) <= {200, 409}, statuses
    await world.settled()
    for offer in offers:
        balance = await world.balance(offer)
        assert Decimal(0) <= balance["free"]
        assert balance["reserved"] >= 80
    await conserved(world)


async def test_the_database_itself_refuses(world: World) -> None:
    giver = await world.stakeholder("Enel")
    offer = await world.offer("Sedie", giver, goods("10"))
    await world.settled()
    post = (
        "INSERT INTO posting (city, subject_id, line, entry, total, free, reserved, committed, delivered, shortfall,"
        " match_id, allocation, posted_at) VALUES ($1, $2, 0, $3, 0, $4, $5, 0, 0, $6, gen_random_uuid(), 0, now())"
    )
    refused: list[tuple[str, tuple[Any, ...]]] = [
        (post, ("reserve", Decimal(-11), Decimal(11), Decimal(0))),
        (post, ("reserve", Decimal(-5), Decimal(6), Decimal(0))),
        (post, ("reserve", Decimal(-10), Decimal(11), Decimal(1))),
        ("UPDATE ledger_line SET free = free + 1 WHERE city = $1 AND subject_id = $2", ()),
        ("UPDATE posting SET free = 99 WHERE city = $1 AND subject_id = $2", ()),
        ("DELETE FROM posting WHERE city = $1 AND subject_id = $2", ()),
    ]
    async with world.running.app.state.units.pool.acquire() as connection:
        for statement, values in refused:
            with pytest.raises(asyncpg.CheckViolationError):
                await connection.execute(statement, world.city, UUID(str(offer)), *values)
    assert (await world.balance(offer))["free"] == 10
