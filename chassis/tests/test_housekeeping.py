"""What is purged after its time, and what an installation keeps."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from chassis.housekeeping import kept, purge
from chassis.settings import Settings
from chassis.testing import running
from chassis.tests.toy import Toy
from contracts.events.intake import StakeholderRegistered

pytestmark = pytest.mark.integration


async def grown_old(app: Any) -> None:
    """One row of each table, written long ago, and one outbox row that was never published."""
    async with app.state.units.pool.acquire() as connection:
        for published in ("now() - interval '15 days'", "NULL"):
            await connection.execute(
                "INSERT INTO outbox (city, event_id, event_type, topic, aggregate_id, aggregate_version, payload,"
                f" headers, published_at) VALUES ('c', $1, $2, $3, $4, 1, '', '{{}}', {published})",
                uuid4(),
                StakeholderRegistered.type,
                "nobody.reads.this",
                str(uuid4()),
            )
        await connection.execute(
            "INSERT INTO inbox (city, consumer, source, event_id, received_at)"
            " VALUES ('c', 'toy', '/x', 'old', now() - interval '31 days'), ('c', 'toy', '/x', 'new', now())"
        )
        await connection.execute(
            "INSERT INTO idempotency_key (city, actor, key, fingerprint, created_at)"
            " VALUES ('c', 'a', 'old', '', now() - interval '8 days'), ('c', 'a', 'new', '', now())"
        )


async def test_what_is_past_its_time_goes_and_what_was_not_published_stays(toy: Toy, settings: Settings) -> None:
    async with running(toy.service(settings)) as service:
        await grown_old(service.app)
        assert await purge(service.app.state.units) == {"outbox": 1, "inbox": 1, "idempotency_key": 1}


async def test_one_machine_keeps_its_outboxes_an_in_memory_broker_is_refilled_from_them(
    toy: Toy, settings: Settings
) -> None:
    async with running(toy.service(settings)) as service:
        await grown_old(service.app)
        local = settings.model_copy(update={"environment": "local"})
        assert "outbox" not in await purge(service.app.state.units, keep=kept(local))
        assert kept(settings) == frozenset()
