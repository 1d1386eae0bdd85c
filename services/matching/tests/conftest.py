"""Matching on real Postgres and Kafka; one process per module, one city per test."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from chassis.testing import Database, Running, clone, make_template, running, test_settings
from services.matching.app import service
from services.matching.settings import MatchingSettings
from services.matching.tests.world import World
from services.matching.text import profiles_off_loop
from tests.servers import Servers

NAME = "matching"


@pytest.fixture(scope="session")
def matching_template(servers: Servers) -> Database:
    def build() -> dict[str, Any]:
        dsn = servers.postgres_admin_dsn()
        return asdict(asyncio.run(make_template(dsn, f"{servers.prefix}matching", (NAME,))))

    return Database(**servers.once("matching-template", build))


@pytest.fixture(scope="module")
async def matching(matching_template: Database, servers: Servers) -> AsyncIterator[Running]:
    # The dictionaries and the encoder are loaded once per process: no test waits for that.
    await profiles_off_loop(["tutto pronto"])
    database = await clone(matching_template, (NAME,))
    settings = test_settings(
        MatchingSettings,
        database,
        NAME,
        servers.kafka_bootstrap(),
        f"{servers.prefix}.{secrets.token_hex(4)}.",
        consume_retry_seconds=5.0,
        job_poll_seconds=0.02,
    )
    async with running(service(settings)) as found:
        yield found


@pytest.fixture(scope="module")
async def producer(servers: Servers) -> AsyncIterator[AIOKafkaProducer]:
    made = AIOKafkaProducer(bootstrap_servers=servers.kafka_bootstrap(), acks="all")
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def world(matching: Running, producer: AIOKafkaProducer) -> World:
    return World(matching, producer)
