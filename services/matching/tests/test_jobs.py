"""The queue of second looks survives a request that cannot be worked off; a full batch of looks is no time to rest."""

from __future__ import annotations

from uuid import uuid4

import asyncpg
import pytest

from chassis.scope import Scope
from chassis.testing import Database, clone, eventually, running, test_settings
from services.matching.app import service
from services.matching.domain.policy import Policy
from services.matching.handlers import revising
from services.matching.settings import MatchingSettings
from services.matching.tests.world import World, goods
from tests.servers import Servers

pytestmark = pytest.mark.integration


async def test_a_request_that_fails_lets_the_others_pass(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    giver = await world.stakeholder("Enel")
    need = await world.need("Sedie", goods("5"))
    offer = await world.offer("Sedie", giver, goods("8"))
    [match] = await world.proposals(need)
    broken = uuid4()
    original = revising._revise

    async def failing(unit: object, needs: frozenset, *more: object) -> set:
        if broken in needs:
            raise ValueError("cannot be worked off")
        return await original(unit, needs, *more)

    monkeypatch.setattr(revising, "_revise", failing)
    units = world.running.app.state.units
    async with units.begin(Scope(world.city)) as unit:
        await unit.store.revisions.ask(unit.scope, unit.now, needs=[broken])
    await world.withdraw_offer(offer)
    try:
        await world.balance_with(offer, reserved="0")
        await _ended(world, match["match_id"])
    finally:
        monkeypatch.setattr(revising, "_revise", original)
    await world.settled()


async def _ended(world: World, match_id: str) -> None:
    async def expired() -> bool:
        return (await world.match(match_id))["state"] == "expired"

    await eventually(expired)


async def test_more_looks_than_one_batch_are_compared_without_a_rest(
    matching_template: Database, servers: Servers
) -> None:
    database = await clone(matching_template, ("matching",))
    settings = test_settings(
        MatchingSettings,
        database,
        "matching",
        servers.kafka_bootstrap(),
        f"{database.name}.",
        job_poll_seconds=3600.0,
    )
    connection = await asyncpg.connect(database.dsn("matching"))
    try:
        await connection.execute(
            "INSERT INTO look (city, subject, ids) SELECT 'c_f205', 'need', ARRAY[gen_random_uuid()]"
            " FROM generate_series(1, 450)"
        )

        async def compared() -> bool:
            return not await connection.fetchval("SELECT count(*) FROM look WHERE settles_at IS NULL")

        async with running(service(settings)):
            await eventually(compared)
    finally:
        await connection.close()


def test_defaults_are_those_of_the_settings() -> None:
    assert MatchingSettings().policy() == Policy()
