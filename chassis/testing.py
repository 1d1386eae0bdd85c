"""For tests: a service on a database of its own and topics of its own, in this process.

Not imported by any service.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg
import httpx
from fastapi import FastAPI
from pydantic import SecretStr

from chassis.auth.actor import Actor
from chassis.auth.tokens import SESSION_COOKIE
from chassis.database.migrations import Migration, migrate, migrations_of
from chassis.database.roles import ensure_roles
from chassis.service import Service
from chassis.settings import SERVICES, Settings
from chassis.topics import ensure_topics

T = TypeVar("T")
PASSWORD = "test"  # noqa: S105
PUBLIC_URL = "http://sportello.test"
_TOPIC_PARTITIONS = 3


def dsn_for(admin_dsn: str, role: str, database: str) -> str:
    """``admin_dsn`` with another role and database."""
    parts = urlsplit(admin_dsn)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(role)}:{PASSWORD}@{host}", path=f"/{database}"))


@dataclass(frozen=True)
class Database:
    """A database with every service's schema, migrated, and roles that start with ``prefix``."""

    admin_dsn: str
    name: str
    prefix: str

    def dsn(self, service: str, *, owner: bool = False) -> str:
        return dsn_for(self.admin_dsn, f"{self.prefix}{service}{'_owner' if owner else ''}", self.name)


def _passwords(services: tuple[str, ...]) -> dict[str, str]:
    return {role: PASSWORD for service in services for role in (service, f"{service}_owner")}


async def make_template(
    admin_dsn: str,
    prefix: str,
    services: tuple[str, ...] = SERVICES,
    migrations: Callable[[str], list[Migration]] = migrations_of,
) -> Database:
    """A migrated database that :func:`clone` copies; make it once per run."""
    database = Database(admin_dsn, f"{prefix}_template", f"{prefix}_")
    await ensure_roles(
        admin_dsn, _passwords(services), database=database.name, services=services, prefix=database.prefix
    )
    for service in services:
        await migrate(service, database.dsn(service, owner=True), migrations=migrations(service))
    return database


async def clone(template: Database, services: tuple[str, ...] = SERVICES) -> Database:
    """A fresh copy of ``template`` for one test module."""
    copy = Database(template.admin_dsn, f"{template.prefix}{secrets.token_hex(4)}", template.prefix)
    admin = await asyncpg.connect(template.admin_dsn)
    try:
        # Copying fails while anybody is connected to the template; one copy at a time.
        await admin.execute("SELECT pg_advisory_lock(hashtext('sportello.test.clone'))")
        await admin.execute(f'CREATE DATABASE "{copy.name}" TEMPLATE "{template.name}"')
    finally:
        await admin.close()
    await ensure_roles(
        template.admin_dsn, _passwords(services), database=copy.name, services=services, prefix=template.prefix
    )
    return copy


def test_settings(kind: type[Settings], database: Database, service: str, kafka: str, prefix: str, **more: Any) -> Any:
    """Settings of ``service`` on ``database`` and on topics that start with ``prefix``."""
    values: dict[str, Any] = {
        "environment": "test",
        "service": service,
        "public_url": PUBLIC_URL,
        "database_url": SecretStr(database.dsn(service)),
        "migration_database_url": SecretStr(database.dsn(service, owner=True)),
        "kafka_bootstrap": kafka,
        "topic_prefix": prefix,
        "topic_partitions": _TOPIC_PARTITIONS,
        "session_secret": SecretStr("session-secret-of-a-test-run-0123456789"),
        "service_token": SecretStr("service-token-of-a-test-run"),
        "fetch_max_wait_ms": 50,
    }
    return kind(**(values | more))


test_settings.__test__ = False  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Running:
    """A service that runs in this process; its background work included."""

    app: FastAPI
    settings: Settings

    def client(self, actor: Actor | None = None, **headers: str) -> httpx.AsyncClient:
        """An HTTP client, logged in as ``actor`` by a real session cookie."""
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url=PUBLIC_URL,
            headers={"Origin": PUBLIC_URL, "Accept-Language": "en", **headers},
            timeout=30,
        )
        if actor is not None:
            client.cookies.set(SESSION_COOKIE, self.app.state.identity.sessions.issue(actor))
        return client


@asynccontextmanager
async def running(service: Service[Any], **arguments: Any) -> AsyncIterator[Running]:
    """Runs ``service`` until the block is left; its topics are made first."""
    await ensure_topics(service.settings)
    app = service.app(**arguments)
    async with app.router.lifespan_context(app):
        bus = app.state.bus

        async def joined() -> bool:
            return bus is None or bus.assigned > 0

        await eventually(joined, within=30)
        yield Running(app, service.settings)


async def eventually(probe: Callable[[], Awaitable[T]], *, within: float = 45.0) -> T:
    """The first truthy result of ``probe``; fails with its last result when ``within`` seconds have passed.

    An ``AssertionError`` from the probe counts as not yet. The time is for what never comes: nobody waits for it in a
    run that passes, however slow the machine.
    """
    deadline = time.monotonic() + within
    last: T | AssertionError | None = None
    while True:
        try:
            found = await probe()
            if found:
                return found
            last = found
        except AssertionError as error:
            last = error
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s; last: {last!r}")
        await asyncio.sleep(0.02)
