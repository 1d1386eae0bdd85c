"""The smallest migration runner that keeps its promises.

Plain SQL files ``NNNN_before_<name>.sql`` and ``NNNN_after_<name>.sql``: the first run before the new code rolls out
(they only add), the second after the old code is gone (they may remove). A file named ``LATEST`` holds the number of
the newest one, so that two changes that both add one collide in git. Each file runs once, in its own transaction, under
an advisory lock; a file that was changed after it ran is refused.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Literal

import stamina

from chassis import log
from chassis.database.pool import CONFLICTS, Connection, connect

Phase = Literal["before", "after"]
_NAME = re.compile(r"^(\d{4})_(before|after)_[a-z0-9_]+\.sql$")
_logger = log.get("migrations")
_LONGEST_SECONDS = 3600.0
"""For one file: it may fill a column of each row of a large city, and wait for whoever works on the table."""


class MigrationError(Exception):
    """The migration files or the database are not as they must be; the text says which and why."""


@dataclass(frozen=True)
class Migration:
    """One file: ``origin`` is ``chassis`` or the service."""

    origin: str
    name: str
    number: int
    phase: Phase
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def load(origin: str, folder: Traversable) -> list[Migration]:
    """The migrations in ``folder``, in order. Raises :class:`MigrationError` on a gap, a double or a stale LATEST."""
    found = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        match = _NAME.match(entry.name)
        if match:
            phase: Phase = "before" if match[2] == "before" else "after"
            found.append(Migration(origin, entry.name, int(match[1]), phase, entry.read_text(encoding="utf-8")))
        elif entry.name.endswith(".sql"):
            raise MigrationError(f"{origin}/{entry.name}: not named NNNN_before_x.sql or NNNN_after_x.sql")
    numbers = [migration.number for migration in found]
    if numbers != list(range(1, len(numbers) + 1)):
        raise MigrationError(f"{origin}: migrations are not numbered 0001, 0002 … without gap or double: {numbers}")
    latest = folder.joinpath("LATEST").read_text(encoding="utf-8").strip()
    if latest != f"{len(numbers):04d}":
        raise MigrationError(f"{origin}: LATEST says {latest}, the newest file is {len(numbers):04d}")
    return found


def migrations_of(service: str) -> list[Migration]:
    """What a service's schema is made of: the chassis' tables first, then its own."""
    own = load(service, files(f"services.{service}") / "migrations")
    return load("chassis", files("chassis.database") / "sql") + own


async def migrate(
    service: str, owner_dsn: str, *, phase: Phase | None = None, migrations: list[Migration] | None = None
) -> list[str]:
    """Brings the schema up to date and returns the names of the files that ran.

    ``phase`` = ``before`` stops at the first file meant for after the rollout that has not run; None runs all.
    ``migrations`` are the service's own unless given.
    Raises :class:`MigrationError` when a file that has run was changed since.
    """
    wanted = migrations_of(service) if migrations is None else migrations
    connection = await connect(owner_dsn, f"{service}-migrate")
    try:
        await connection.execute("SELECT pg_advisory_lock(hashtext($1))", f"{service}.migrations")
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_migration (origin text NOT NULL, name text NOT NULL,"
            " checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (origin, name))"
        )
        rows = await connection.fetch("SELECT origin, name, checksum FROM schema_migration")
        done = {(row["origin"], row["name"]): row["checksum"] for row in rows}
        ran = []
        for migration in wanted:
            checksum = done.get((migration.origin, migration.name))
            if checksum == migration.checksum:
                continue
            if checksum is not None:
                raise MigrationError(f"{migration.origin}/{migration.name} was changed after it ran; add a new file")
            if phase == "before" and migration.phase == "after":
                break
            # Instances of the version before go on writing: their locks and these may come crosswise.
            async for attempt in stamina.retry_context(on=CONFLICTS, attempts=20, timeout=None):
                with attempt:
                    await _apply(connection, migration)
            _logger.info("migration.applied", service=service, origin=migration.origin, name=migration.name)
            ran.append(f"{migration.origin}/{migration.name}")
        return ran
    finally:
        await connection.close()


async def _apply(connection: Connection, migration: Migration) -> None:
    async with connection.transaction():
        await connection.execute(migration.sql, timeout=_LONGEST_SECONDS)
        await connection.execute(
            "INSERT INTO schema_migration (origin, name, checksum) VALUES ($1, $2, $3)",
            migration.origin,
            migration.name,
            migration.checksum,
        )
