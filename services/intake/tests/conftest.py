"""Intake on a database and topics of its own, shared by the module; a city of its own per test."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from chassis.testing import Database, clone, make_template, running, test_settings
from services.intake.app import service
from services.intake.settings import IntakeSettings
from services.intake.tests.city import City


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def intake(servers, postgres_admin_dsn, kafka_bootstrap) -> AsyncIterator:
    def template():
        made = asyncio.run(make_template(postgres_admin_dsn, f"{servers.prefix}i", ("intake",)))
        return {"name": made.name, "prefix": made.prefix}

    made = await asyncio.to_thread(servers.once, "intake-template", template)
    database = await clone(Database(postgres_admin_dsn, made["name"], made["prefix"]), ("intake",))
    prefix = f"{servers.prefix}.{secrets.token_hex(3)}."
    settings = test_settings(IntakeSettings, database, "intake", kafka_bootstrap, prefix)
    async with running(service(settings)) as run:
        yield run


@pytest.fixture
def city(intake) -> City:
    """A city that nobody else uses, with two departments."""
    return City(intake, f"t_{secrets.token_hex(4)}")


@pytest_asyncio.fixture(loop_scope="session")
async def open_city(city) -> City:
    """A city with departments and one account manager at work."""
    await city.open()
    return city
