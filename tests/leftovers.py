"""Removes what a test run left on servers that it did not start."""

from __future__ import annotations

import asyncio

import asyncpg
from confluent_kafka.admin import AdminClient


def drop_databases(admin_dsn: str, prefix: str) -> None:
    asyncio.run(_drop_databases(admin_dsn, prefix))


async def _drop_databases(admin_dsn: str, prefix: str) -> None:
    connection = await asyncpg.connect(admin_dsn)
    try:
        names = await connection.fetch("SELECT datname FROM pg_database WHERE starts_with(datname, $1)", prefix)
        for record in names:
            await connection.execute(f'DROP DATABASE IF EXISTS "{record["datname"]}" WITH (FORCE)')
    finally:
        await connection.close()


def drop_topics(bootstrap: str, prefix: str) -> None:
    client = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    topics = [topic for topic in client.list_topics(timeout=10).topics if topic.startswith(prefix)]
    if topics:
        for deleted in client.delete_topics(topics).values():
            deleted.exception(timeout=30)
