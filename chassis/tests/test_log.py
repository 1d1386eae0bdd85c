"""What the person on call reads."""

from __future__ import annotations

import json
import logging

import asyncpg
import pytest
import structlog
from pydantic import BaseModel, ValidationError

from chassis import log
from chassis.log import OncePerWhile
from tests.servers import Servers


def record(logger: str, message: str, at: float) -> logging.LogRecord:
    made = logging.LogRecord(logger, logging.ERROR, "", 0, message, (), None)
    made.created = at
    return made


@pytest.mark.unit
def test_a_library_that_repeats_itself_is_heard_once_in_a_while_with_a_count() -> None:
    once = OncePerWhile(seconds=10)
    heard = [
        one.getMessage()
        for second in range(25)
        if once.filter(one := record("aiokafka.conn", "Unable to connect", float(1000 + second)))
    ]
    assert heard == [
        "Unable to connect",
        "Unable to connect (and 9 more like it)",
        "Unable to connect (and 9 more like it)",
    ]


@pytest.mark.unit
def test_our_own_lines_are_never_held_back() -> None:
    once = OncePerWhile()
    assert all(once.filter(record("sportello.inbox", "inbox.parked", 1000.0)) for _ in range(5))


class Contact(BaseModel):
    phone: int


def _pydantic() -> Exception:
    with pytest.raises(ValidationError) as failure:
        Contact.model_validate({"phone": "+39 02 Giulia Ferri, input_type=x"})
    return failure.value


@pytest.mark.integration
async def test_an_exception_is_logged_without_the_data_it_was_about(
    servers: Servers,
) -> None:
    connection = await asyncpg.connect(servers.postgres_admin_dsn())
    failures: list[Exception] = [_pydantic()]
    try:
        await connection.execute("CREATE TEMP TABLE contact (name text UNIQUE, phone text CHECK (phone <> ''))")
        await connection.execute("INSERT INTO contact VALUES ('Giulia Ferri', '1')")
        for statement, *arguments in (
            ("INSERT INTO contact VALUES ('Giulia Ferri', '2')",),
            ("INSERT INTO contact VALUES ('Giulia Ferri 2', '')",),
            ("SELECT $1::uuid", "Giulia Ferri"),
            ("SELECT 'Giulia Ferri'::text::uuid",),
            ("SELECT $1::int", "Giulia Ferri"),
        ):
            with pytest.raises((asyncpg.PostgresError, asyncpg.DataError)) as failure:
                await connection.execute(statement, *arguments)
            failures.append(failure.value)
    finally:
        await connection.close()
    rendered = structlog.processors.ExceptionRenderer(log._Tracebacks())
    for failure in failures:
        line = json.dumps(rendered(None, "error", {"exc_info": failure}))
        assert type(failure).__name__ in line
        assert "Giulia" not in line, line
        assert "Giulia" not in log.without_values(f"{type(failure).__name__}: {failure}")
