"""What is purged after its time, and what an installation keeps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from chassis.delivery import Record
from chassis.housekeeping import kept, purge
from chassis.settings import Settings
from chassis.testing import running
from chassis.tests.test_traps import TOPIC, headers, names, registered
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


async def test_one_machine_keeps_what_an_in_memory_broker_is_refilled_from(toy: Toy, settings: Settings) -> None:
    async with running(toy.service(settings)) as service:
        await grown_old(service.app)
        local = settings.model_copy(update={"environment": "local"})
        assert set(await purge(service.app.state.units, keep=kept(local))) == {"idempotency_key"}
        assert kept(settings) == frozenset()


async def test_what_the_inbox_has_forgotten_is_known_by_its_offset(toy: Toy, settings: Settings) -> None:
    """Kafka forgets the offsets of a group that was away for long, and the whole log comes again."""
    async with running(toy.service(settings)) as service:
        consumer, long_ago = service.app.state.consumer, datetime.now(UTC) - timedelta(days=40)
        one, two = registered("one"), registered("two")
        log = [
            Record(TOPIC, 0, offset, "k", event.to_bytes(), tuple(headers(StakeholderRegistered)), long_ago)
            for offset, event in enumerate((one, two))
        ]
        await consumer.deliver(log[:1])
        async with service.app.state.units.pool.acquire() as connection:
            await connection.execute("DELETE FROM inbox")
        await consumer.deliver(log)
        assert await names(service.app, one.stakeholder_id) == ["one"]
        assert await names(service.app, two.stakeholder_id) == ["two"], "what was never applied still is"
