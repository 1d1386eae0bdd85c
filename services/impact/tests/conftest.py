"""One migrated database is made per run and copied for each module; each module has topics of its own."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

import pytest
import pytest_asyncio

from chassis import testing
from chassis.testing import Database
from services.impact.app import service
from services.impact.settings import ImpactSettings
from services.impact.tests.world import World

ONLY = ("impact",)


@pytest.fixture(scope="session")
def template(servers: Any, postgres_admin_dsn: str) -> Database:
    def make() -> dict[str, Any]:
        return asdict(asyncio.run(testing.make_template(postgres_admin_dsn, f"{servers.prefix}_impact", ONLY)))

    return Database(**servers.once("impact-template", make))


@pytest_asyncio.fixture(scope="module")
async def world(servers: Any, template: Database, kafka_bootstrap: str) -> AsyncIterator[World]:
    """The impact service, running on real servers, and the rest of the city as far as it speaks to it."""
    database = await testing.clone(template, ONLY)
    prefix = f"{servers.prefix}.impact{secrets.token_hex(3)}."
    settings = testing.test_settings(ImpactSettings, database, "impact", kafka_bootstrap, prefix)
    async with testing.running(service(settings)) as running, World.around(running, database) as world:
        yield world
