"""A toy service on real Postgres and Kafka, a fresh database and fresh topics for each test."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from chassis.settings import Settings
from chassis.testing import Database, clone, make_template, test_settings
from chassis.tests.toy import NAME, Toy, toy_migrations
from tests.servers import Servers


@pytest.fixture(scope="session")
def toy_template(servers: Servers) -> Database:
    def build() -> dict[str, Any]:
        dsn = servers.postgres_admin_dsn()
        return asdict(asyncio.run(make_template(dsn, f"{servers.prefix}toy", (NAME,), toy_migrations)))

    return Database(**servers.once("toy-template", build))


@pytest.fixture
async def database(toy_template: Database) -> Database:
    return await clone(toy_template, (NAME,))


@pytest.fixture
def topic_prefix(servers: Servers) -> str:
    return f"{servers.prefix}.{secrets.token_hex(4)}."


@pytest.fixture
def settings(database: Database, servers: Servers, topic_prefix: str) -> Settings:
    made: Settings = test_settings(
        Settings, database, NAME, servers.kafka_bootstrap(), topic_prefix, consume_retry_seconds=2.0
    )
    return made


@pytest.fixture
def toy() -> Toy:
    return Toy()


@pytest.fixture
async def send(servers: Servers, topic_prefix: str) -> AsyncIterator[Callable[..., Any]]:
    """Puts raw records on a topic: ``await send(topic, value, headers, key=...)``."""
    producer = AIOKafkaProducer(bootstrap_servers=servers.kafka_bootstrap(), acks="all")
    await producer.start()

    async def put(topic: str, value: bytes | None, headers: list[tuple[str, Any]], key: str = "k") -> Any:
        return await producer.send_and_wait(topic_prefix + topic, value=value, key=key.encode(), headers=headers)

    yield put
    await producer.stop()
