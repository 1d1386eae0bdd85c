"""Thirty-two people answer at random, each command sent twice: nothing is given twice, nothing is done twice."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from decimal import Decimal
from typing import Any

import httpx
import pytest

from chassis.clock import new_id
from services.matching.tests.test_concurrency import conserved
from services.matching.tests.world import World, goods, service

pytestmark = pytest.mark.integration
API = "/matching/api/v1/matches"
WORKERS, ANSWERS = 32, 5
NOTE = {"channel": "telephone", "note": "called on Monday"}


def a_command(pick: random.Random, match: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    party = {"party_id": pick.choice(match["parties"])["party_id"], **NOTE}
    what = pick.choice(["accept"] * 5 + ["counter"] * 3 + ["undo"] * 3 + ["decline"] * 2 + ["postpone"])
    if what == "counter":
        position = pick.choice(match["allocations"])["position"]
        return what, party | {"quantities": [{"position": position, "quantity": str(pick.randint(1, 40))}]}
    if what == "decline":
        return what, party | {"reason_code": "other"}
    if what == "postpone":
        return what, party | {"until": "2027-01-10"}
    return (what, {}) if what == "undo" else (what, party)


async def twice(client: httpx.AsyncClient, address: str, body: dict[str, Any]) -> list[httpx.Response]:
    key = {"Idempotency-Key": str(new_id())}
    return await asyncio.gather(*(client.post(address, json=body, headers=key) for _ in range(2)))


async def test_thirty_two_at_once(world: World) -> None:
    givers = [await world.stakeholder(f"Impresa {number}") for number in range(5)]
    needs = [
        await world.need(f"Laptop rigenerati {number}", goods("40"), requires=["refurbishing"]) for number in range(5)
    ]
    offers = [await world.offer(f"Laptop {number}", giver, goods("100")) for number, giver in enumerate(givers[:3])]
    offers += [
        await world.offer(f"Rigenerazione {number}", giver, service("refurbishing", "150"))
        for number, giver in enumerate(givers[3:])
    ]
    for need in needs:
        await world.proposals(need)
    await world.settled()
    answers: list[tuple[str, list[httpx.Response]]] = []

    async def somebody(seed: int) -> None:
        pick = random.Random(seed)
        async with world.manager() as client:
            for _ in range(ANSWERS):
                state = {} if pick.random() < 0.1 else {"state": "proposed"}
                found = (await client.get(API, params={"limit": 12} | state)).json()["items"]
                if not found:
                    continue
                match = pick.choice(found)
                what, body = a_command(pick, match)
                answers.append((what, await twice(client, f"{API}/{match['match_id']}/{what}", body)))

    await asyncio.gather(*(somebody(seed) for seed in range(WORKERS)))
    await world.settled()

    done = Counter((what, one.status_code) for what, each in answers for one in each)
    assert {status for _, status in done} <= {200, 409, 422}, done
    for what in ("accept", "counter", "decline"):
        assert done[what, 200], f"nobody's {what} got through: {done}"
    for _, (first, second) in answers:
        if first.status_code == second.status_code == 200:
            assert first.json() == second.json(), "the same key, the same answer"
    await conserved(world)
    for offer in offers:
        balance = await world.balance(offer)
        assert Decimal(0) <= balance["free"] <= balance["total"]
        assert balance["shortfall"] == 0
    await told_once_and_in_order(world)


async def told_once_and_in_order(world: World) -> None:
    """Each version of each match is told once; what is reserved is what some open match says it holds."""
    async with world.running.app.state.units.pool.acquire() as connection:
        rows = await connection.fetch(
            "SELECT aggregate_id, aggregate_version FROM outbox WHERE city = $1 AND topic LIKE '%matching.match.v1'"
            " ORDER BY seq",
            world.city,
        )
        wrong = await connection.fetch(
            """
            SELECT match.match_id, match.state FROM match
            JOIN match_allocation AS part USING (city, match_id)
            WHERE match.city = $1 AND part.reserved <> CASE
                WHEN match.state = 'accepted' OR (match.state = 'proposed' AND EXISTS (
                    SELECT FROM match_party AS party WHERE party.city = match.city
                        AND party.match_id = match.match_id AND party.consent = 'given')) THEN part.quantity
                ELSE 0 END
            """,
            world.city,
        )
    assert wrong == []
    newest: dict[str, int] = {}
    for row in rows:
        assert row["aggregate_version"] > newest.get(row["aggregate_id"], 0)
        newest[row["aggregate_id"]] = row["aggregate_version"]
