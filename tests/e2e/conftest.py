"""Five services in this process, on a database and topics of their own, with their spans at hand."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from chassis import positions
from chassis.cli.loading import settings_class
from chassis.settings import SERVICES
from chassis.testing import Database, Running, clone, make_template, running, test_settings
from tests.servers import Servers


@dataclass(frozen=True)
class Five:
    """The running services by name, and what they traced."""

    services: dict[str, Running]
    spans: InMemorySpanExporter

    async def are_quiet(self) -> bool:
        """Nothing waits in an outbox and every consumer has applied all that is on its topics.

        Looked at twice: what a service publishes after its readers were looked at, the second look finds with them.
        """
        applied = [await self._all_applied() for _look in range(2)]
        return applied[0] is not None and applied[0] == applied[1]

    async def _all_applied(self) -> dict[str, dict[tuple[str, int], int]] | None:
        """How far each service has read; None where something still waits."""
        found = {}
        for name, running_service in self.services.items():
            state = running_service.app.state
            async with state.units.pool.acquire() as connection:
                if await connection.fetchval("SELECT count(*) FROM outbox WHERE published_at IS NULL"):
                    return None
                applied = found[name] = await positions.of(connection, running_service.settings.service)
            client, prefix = state.bus.kafka, running_service.settings.topic_prefix
            ends = await client.end_offsets(client.assignment())
            for place, end in ends.items():
                if applied.get((place.topic.removeprefix(prefix), place.partition), 0) < end:
                    return None
        return found


@pytest.fixture(scope="session")
def template(servers: Servers) -> Database:
    def build() -> dict[str, Any]:
        return asdict(asyncio.run(make_template(servers.postgres_admin_dsn(), f"{servers.prefix}five")))

    return Database(**servers.once("five-template", build))


@pytest.fixture
async def five(template: Database, servers: Servers) -> AsyncIterator[Five]:
    database = await clone(template)
    prefix, kafka = f"{servers.prefix}.{secrets.token_hex(4)}.", servers.kafka_bootstrap()
    spans = InMemorySpanExporter()
    async with AsyncExitStack() as stack:
        started = {}
        for name in SERVICES:
            settings = test_settings(settings_class(name), database, name, kafka, prefix)
            service = import_module(f"services.{name}.app").service(settings)
            started[name] = await stack.enter_async_context(running(service, exporter=spans))
        yield Five(started, spans)
