"""The service on real Postgres and Kafka, a fresh database and fresh topics for each module."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

import pytest

from chassis.testing import Database, Running, clone, make_template, running, test_settings
from services.notifications.app import service
from services.notifications.settings import NotificationsSettings
from services.notifications.tests.wire import Wire
from tests.servers import Servers

NAME = "notifications"


@pytest.fixture(scope="session")
def notifications_template(servers: Servers) -> Database:
    def build() -> dict[str, Any]:
        dsn = servers.postgres_admin_dsn()
        return asdict(asyncio.run(make_template(dsn, f"{servers.prefix}ntf", (NAME,))))

    return Database(**servers.once("notifications-template", build))


@pytest.fixture(scope="module")
async def settings(notifications_template: Database, servers: Servers) -> NotificationsSettings:
    database = await clone(notifications_template, (NAME,))
    prefix = f"{servers.prefix}.{secrets.token_hex(4)}."
    made: NotificationsSettings = test_settings(
        NotificationsSettings,
        database,
        NAME,
        servers.kafka_bootstrap(),
        prefix,
        consume_retry_seconds=2.0,
        live_poll_seconds=0.2,
        live_heartbeat_seconds=0.3,
    )
    return made


@pytest.fixture(scope="module")
async def desk(settings: NotificationsSettings) -> AsyncIterator[Running]:
    async with running(service(settings)) as app:
        yield app


@pytest.fixture(scope="module")
async def wire(desk: Running, settings: NotificationsSettings) -> AsyncIterator[Wire]:
    async with Wire.on(settings) as one:
        yield one
