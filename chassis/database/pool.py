"""Connections as every service uses them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import orjson

from chassis.settings import Settings

if TYPE_CHECKING:  # asyncpg's classes are generic in the type checker's eyes only
    from asyncpg.pool import PoolConnectionProxy

    Connection = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]
else:
    Connection, Pool = asyncpg.Connection, asyncpg.Pool


CONFLICTS = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
"""A transaction lost against another one; from its beginning it may go through."""
AWAY: tuple[type[Exception], ...] = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    # In the instant between the server's last word and the end of the connection. A fault of asyncpg's own is told in
    # the same way: then commands are refused and consumers stand, nothing is lost, and the log has its text.
    asyncpg.InternalClientError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
)
"""What asyncpg raises when a session or the server is gone, or not there yet: of the surroundings, not of the work."""


def _dumps(value: object) -> str:
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS, default=str).decode()
    except TypeError as error:  # no type is unknown here: half a character, or an integer beyond 64 bits
        raise ValueError(str(error)) from error


async def set_codecs(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """JSON columns go in and out as Python values."""
    for name in ("json", "jsonb"):
        await connection.set_type_codec(name, encoder=_dumps, decoder=orjson.loads, schema="pg_catalog")


async def _as_it_is(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Nobody changes a pooled session (settings, listeners, cursors; whoever takes a session lock gives it back), so
    asyncpg's four statements of cleaning after every use would clean nothing. It still rolls back what is left open.
    """


async def create_pool(settings: Settings) -> Pool:
    """The pool of the runtime role, whose ``search_path`` is the service's own schema."""
    return await asyncpg.create_pool(
        settings.database_url.get_secret_value(),
        min_size=2,
        max_size=settings.database_pool_size,
        init=set_codecs,
        reset=_as_it_is,
        command_timeout=60,
        server_settings={"application_name": f"sportello-{settings.service}"},
    )


async def connect(dsn: str, application: str) -> asyncpg.Connection[asyncpg.Record]:
    """One connection of its own, for session locks and for commands."""
    connection = await asyncpg.connect(
        dsn, command_timeout=60, server_settings={"application_name": f"sportello-{application}"}
    )
    await set_codecs(connection)
    return connection
