"""Removes what a test run left on servers that it did not start."""

from __future__ import annotations

import asyncio

import asyncpg
from confluent_kafka.admin import AdminClient


def drop_databases(admin_dsn: str, prefix: str) -> None:
    """Databases and roles whose names start with ``prefix``."""
    asyncio.run(_drop_databases_and_roles(admin_dsn, prefix))


async def _drop_databases_and_roles(admin_dsn: str, prefix: str) -> None:
    connection = await asyncpg.connect(admin_dsn)
    try:
        names = await connection.fetch("SELECT datname FROM pg_database WHERE starts_with(datname, $1)", prefix)
        for record in names:
            await connection.execute(f'DROP DATABASE IF EXISTS "{record["datname"]}" WITH (FORCE)')
        roles = await connection.fetch("SELECT rolname FROM pg_roles WHERE starts_with(rolname, $1)", prefix)
        for record in roles:
            await connection.execute(f'DROP ROLE IF EXISTS "{record["rolname"]}"')
    finally:
        await connection.close()


def drop_topics(bootstrap: str, prefix: str) -> None:
    client = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    topics = [topic for topic in client.list_topics(timeout=10).topics if topic.startswith(prefix)]
    if topics:
        for deleted in client.delete_topics(topics).values():
            deleted.exception(timeout=30)
