"""One database, one schema and two roles per service: an owner that migrates, a runtime role that only uses."""

from __future__ import annotations

from collections.abc import Mapping

import asyncpg

from chassis.settings import SERVICES

DATABASE = "sportello"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


async def ensure_roles(
    admin_dsn: str,
    passwords: Mapping[str, str],
    *,
    database: str = DATABASE,
    services: tuple[str, ...] = SERVICES,
    prefix: str = "",
) -> None:
    """Creates (or repairs) the database, schemas and roles. Safe to repeat.

    ``passwords`` maps role name (``intake``, ``intake_owner`` …) to password. ``prefix`` goes before role names, so
    that several databases of one server can have roles of their own. No role may use another service's schema, and
    nobody may create anything in ``public``.
    """
    admin = await asyncpg.connect(admin_dsn)
    try:
        # Roles belong to the whole server: two runs at once must not alter the same one.
        await admin.execute("SELECT pg_advisory_lock(hashtext('sportello.roles'))")
        if not await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", database):
            await admin.execute(f"CREATE DATABASE \"{database}\" TEMPLATE template0 ENCODING 'UTF8'")
        for service in services:
            for role in (f"{service}_owner", service):
                await _ensure_role(admin, prefix + role, passwords[role])
        await admin.execute(f'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC')
    finally:
        await admin.close()
    inside = await asyncpg.connect(admin_dsn, database=database)
    try:
        await inside.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        for service in services:
            await _ensure_schema(inside, database, service, prefix)
    finally:
        await inside.close()


async def _ensure_role(admin: asyncpg.Connection[asyncpg.Record], role: str, password: str) -> None:
    exists = await admin.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role)
    verb = "ALTER" if exists else "CREATE"
    await admin.execute(f'{verb} ROLE "{role}" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {_literal(password)}')


async def _ensure_schema(
    connection: asyncpg.Connection[asyncpg.Record], database: str, service: str, prefix: str
) -> None:
    owner, runtime = prefix + service + "_owner", prefix + service
    await connection.execute(
        f"""
        GRANT CONNECT ON DATABASE "{database}" TO "{owner}", "{runtime}";
        CREATE SCHEMA IF NOT EXISTS "{service}";
        ALTER SCHEMA "{service}" OWNER TO "{owner}";
        REVOKE ALL ON SCHEMA "{service}" FROM PUBLIC;
        GRANT USAGE ON SCHEMA "{service}" TO "{runtime}";
        GRANT CREATE ON DATABASE "{database}" TO "{owner}";
        ALTER ROLE "{owner}" IN DATABASE "{database}" SET search_path = "{service}";
        ALTER ROLE "{runtime}" IN DATABASE "{database}" SET search_path = "{service}";
        ALTER ROLE "{runtime}" IN DATABASE "{database}" SET idle_in_transaction_session_timeout = '60s';
        ALTER DEFAULT PRIVILEGES FOR ROLE "{owner}" IN SCHEMA "{service}"
            GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "{runtime}";
        ALTER DEFAULT PRIVILEGES FOR ROLE "{owner}" IN SCHEMA "{service}"
            GRANT USAGE, SELECT ON SEQUENCES TO "{runtime}";
        """
    )
