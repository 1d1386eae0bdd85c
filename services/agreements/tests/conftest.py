"""The service on real Postgres and Kafka, a fresh database and fresh topics for each module."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

import pytest

from chassis.testing import Database, Running, clone, make_template, running, test_settings
from chassis.web.static import static_router
from chassis.web.tests.serving import address, listening, served
from services.agreements.app import service
from services.agreements.settings import AgreementsSettings
from services.agreements.tests.story import Story
from tests.servers import Servers

NAME = "agreements"


@pytest.fixture(scope="session")
def agreements_template(servers: Servers) -> Database:
    def build() -> dict[str, Any]:
        dsn = servers.postgres_admin_dsn()
        return asdict(asyncio.run(make_template(dsn, f"{servers.prefix}agr", (NAME,))))

    return Database(**servers.once("agreements-template", build))


@pytest.fixture(scope="module")
async def settings(agreements_template: Database, servers: Servers) -> AgreementsSettings:
    database = await clone(agreements_template, (NAME,))
    prefix = f"{servers.prefix}.{secrets.token_hex(4)}."
    made: AgreementsSettings = test_settings(
        AgreementsSettings, database, NAME, servers.kafka_bootstrap(), prefix, consume_retry_seconds=2.0
    )
    return made


@pytest.fixture(scope="module")
async def desk(settings: AgreementsSettings) -> AsyncIterator[Running]:
    async with running(service(settings)) as app:
        yield app


@pytest.fixture(scope="module")
async def story(desk: Running) -> AsyncIterator[Story]:
    async with Story.told(desk) as one:
        yield one


@pytest.fixture(scope="module")
async def site(story: Story) -> AsyncIterator[str]:
    """Where the running service is for a browser, with the shell's style sheet, which intake serves otherwise."""
    taker = listening()
    story.desk.app.include_router(static_router())
    async with served(story.desk.app, taker):
        yield address(taker)
