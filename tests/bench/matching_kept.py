"""A filled database that stays for later runs: ``--keep DIR`` once, ``--reuse DIR`` as often as one likes.

Filling takes minutes and is the same every time. What is kept is the directory of a stopped PostgreSQL server; every
run measures on a copy of the filled database, so that all begin with the same one.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from chassis.database.migrations import migrate, migrations_of
from chassis.testing import Database, clone
from tests.bench.matching_ground import CITY, NAME, Ground, grounded

_NOTE = "kept.json"


def note(directory: Path, database: Database) -> None:
    """Writes down which database was filled."""
    found = {"database": database.name, "prefix": database.prefix}
    (directory / _NOTE).write_text(json.dumps(found), encoding="utf-8")


def noted(directory: Path) -> dict[str, str]:
    """What :func:`note` wrote. Raises FileNotFoundError."""
    found: dict[str, str] = json.loads((directory / _NOTE).read_text(encoding="utf-8"))
    return found


@asynccontextmanager
async def kept_ground(admin_dsn: str, bootstrap: str, directory: Path) -> AsyncIterator[Ground]:
    """A copy of the filled database of ``directory``, with empty topics; both gone at the end."""
    facts = noted(directory)
    filled = Database(admin_dsn, facts["database"], facts["prefix"])
    await asyncio.to_thread(_drop_copies, admin_dsn, filled)
    copy = await clone(filled, (NAME,))
    await migrate(NAME, copy.dsn(NAME, owner=True), migrations=migrations_of(NAME))
    try:
        async with grounded(copy, bootstrap, f"{copy.name}.", directory) as place:
            connection = await place.connect()
            try:
                # Positions on topics that are no more.
                await connection.execute("DELETE FROM bus_position")
            finally:
                await connection.close()
            await place.tidy()
            yield place
    finally:
        await asyncio.to_thread(_drop_copies, admin_dsn, filled)


async def ids(connection: Any) -> tuple[list[UUID], list[UUID], list[UUID]]:
    """Givers, needs without required capabilities, and offers of a filled database."""
    found = []
    for statement in (
        "SELECT stakeholder_id FROM stakeholder WHERE city = $1 ORDER BY stakeholder_id",
        "SELECT need_id FROM need_trait WHERE city = $1 AND requires = '{}' ORDER BY need_id",
        "SELECT offer_id FROM offer_trait WHERE city = $1 ORDER BY offer_id",
    ):
        found.append([row[0] for row in await connection.fetch(statement, CITY)])
    givers, needs, offers = found
    return givers, needs, offers


def _drop_copies(admin_dsn: str, filled: Database) -> None:
    asyncio.run(_drop(admin_dsn, filled))


async def _drop(admin_dsn: str, filled: Database) -> None:
    connection = await asyncpg.connect(admin_dsn)
    try:
        names = await connection.fetch(
            "SELECT datname FROM pg_database WHERE starts_with(datname, $1) AND datname <> $2",
            filled.prefix,
            filled.name,
        )
        for record in names:
            await connection.execute(f'DROP DATABASE IF EXISTS "{record["datname"]}" WITH (FORCE)')
    finally:
        await connection.close()
