"""The embedded PostgreSQL: passwords for everyone, and nothing committed is ever lost."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from deploy.local.postgres import SOCKET_PATH_LIMIT, PostgresServer

pytestmark = pytest.mark.integration


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that the server's account can enter; pytest's own are closed to it when we are root."""
    with tempfile.TemporaryDirectory(prefix="sportello-test-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def server(place: Path) -> Iterator[PostgresServer]:
    server = PostgresServer(place / "postgres", fsync=False, max_connections=20)
    server.start()
    yield server
    server.kill()


async def count(server: PostgresServer) -> int:
    connection = await asyncpg.connect(server.admin_dsn)
    try:
        return int(await connection.fetchval("SELECT count(*) FROM kept"))
    finally:
        await connection.close()


async def keep_a_row(server: PostgresServer) -> None:
    connection = await asyncpg.connect(server.admin_dsn)
    try:
        await connection.execute("CREATE TABLE kept (id int); INSERT INTO kept VALUES (1)")
    finally:
        await connection.close()


async def test_what_was_committed_survives_a_crash(server: PostgresServer) -> None:
    await keep_a_row(server)
    server.kill()
    assert not server.is_running
    server.start()
    assert await count(server) == 1


async def test_what_was_committed_survives_a_stop(server: PostgresServer) -> None:
    await keep_a_row(server)
    server.stop()
    assert not server.is_running
    server.start()
    assert await count(server) == 1


async def test_starting_twice_changes_nothing(server: PostgresServer) -> None:
    await keep_a_row(server)
    server.start()
    assert await count(server) == 1


@pytest.mark.parametrize("password", ["", "wrong"])
async def test_nobody_gets_in_without_the_password(server: PostgresServer, password: str) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(server.dsn("postgres", password, "postgres"))


async def test_no_tcp_port_unless_asked(server: PostgresServer) -> None:
    connection = await asyncpg.connect(server.admin_dsn)
    try:
        assert await connection.fetchval("SHOW listen_addresses") == ""
        assert await connection.fetchval("SHOW max_connections") == "20"
    finally:
        await connection.close()


def test_the_superusers_password_is_for_its_owner_only(server: PostgresServer) -> None:
    assert (server.directory / "superuser.password").stat().st_mode & 0o777 == 0o600
    assert server.data.stat().st_mode & 0o777 == 0o700


async def test_a_long_path_gets_a_short_socket(place: Path) -> None:
    deep = place / ("d" * 60) / ("e" * 60)
    server = PostgresServer(deep, fsync=False)
    server.start()
    try:
        assert len(os.fsencode(server.socket_directory)) < SOCKET_PATH_LIMIT
        await (await asyncpg.connect(server.admin_dsn)).close()
    finally:
        elsewhere = server.socket_directory
        server.remove()
    assert not elsewhere.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands its server to another account")
async def test_root_puts_the_data_where_the_servers_account_can_reach(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    server = PostgresServer(closed / "postgres", fsync=False)
    server.start()
    try:
        assert server.is_relocated
        await keep_a_row(server)
        again = PostgresServer(closed / "postgres", fsync=False)
        assert again.is_running
        assert await count(again) == 1
    finally:
        elsewhere = server.data
        server.remove()
    assert not elsewhere.exists()
