"""After the in-memory bus has forgotten everything: every event is published again, consumers drop what they know."""

from __future__ import annotations

import asyncio

import asyncpg

from deploy.local.programs import Program

DATABASE_URL = "SPORTELLO_DATABASE_URL"


def republish(programs: list[Program]) -> None:
    """Mark all outbox rows as unpublished, before the relays start."""
    urls = [program.settings[DATABASE_URL] for program in programs if DATABASE_URL in program.settings]
    asyncio.run(_republish_all(urls))


async def _republish_all(urls: list[str]) -> None:
    await asyncio.gather(*(_republish(url) for url in urls))


async def _republish(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("UPDATE outbox SET published_at = NULL WHERE published_at IS NOT NULL")
    finally:
        await connection.close()
