"""``sportello dlq``: look at events kept aside, apply them again, or give them up with a reason."""

from __future__ import annotations

import asyncio
import getpass
from typing import Annotated, Any

import orjson
import typer

from chassis import letters
from chassis.cli.loading import installed, opened
from chassis.cli.output import Json, ServiceName, as_json, fail, table
from chassis.letters import Letter

app = typer.Typer(help="Events kept aside because they could not be applied.", no_args_is_help=True)
Number = Annotated[int, typer.Argument(help="The letter's number, as listed.")]


def register(root: typer.Typer) -> None:
    """Adds the commands."""
    root.add_typer(app, name="dlq")


def _row(service: str, letter: Letter) -> dict[str, Any]:
    return {
        "service": service,
        "letter": letter.letter_id,
        "status": letter.status,
        "type": letter.event_type,
        "topic": letter.record.topic,
        "key": letter.record.key,
        "attempts": letter.attempts,
        "since": letter.record.received_at.isoformat(timespec="seconds"),
        "reason": letter.reason,
    }


@app.command("list")
def list_letters(
    service: Annotated[str | None, typer.Option("--service", "-s", help="One service; all when not given.")] = None,
    status: Annotated[str | None, typer.Option(help="parked | behind | waiting | applied | discarded")] = None,
    limit: int = 100,
    json: Json = False,
) -> None:
    """List what is kept aside, oldest first."""

    async def collect() -> list[dict[str, Any]]:
        rows = []
        for name in [service] if service else installed():
            async with opened(name) as (_, consumer), consumer.units.pool.acquire() as connection:
                found = await letters.find(connection, status=status, limit=limit)
                rows += [_row(name, letter) for letter in found]
        return rows

    rows = asyncio.run(collect())
    if json:
        as_json(rows)
        return
    columns = ("service", "letter", "status", "type", "key", "attempts", "since", "reason")
    table(columns, [[row[column] for column in columns] for row in rows], empty="Nothing is kept aside.")


@app.command("show")
def show(number: Number, service: ServiceName, json: Json = False) -> None:
    """Show one letter whole: headers, data, reason."""

    async def load() -> Letter:
        async with opened(service) as (_, consumer), consumer.units.pool.acquire() as connection:
            return await _one(connection, number, service)

    letter = asyncio.run(load())
    record = letter.record
    whole = _row(service, letter) | {
        "partition": record.partition,
        "offset": record.offset,
        "headers": {name: (value or b"").decode(errors="replace") for name, value in record.headers},
        "data": _data(record.value),
    }
    as_json(whole) if json else table(("field", "value"), [(k, _text(v)) for k, v in whole.items()], empty="")


def _data(value: bytes | None) -> Any:
    try:
        return orjson.loads(value or b"null")
    except orjson.JSONDecodeError:
        return (value or b"").decode(errors="replace")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value, default=str).decode()


async def _one(connection: Any, number: int, service: str) -> Letter:
    found = await letters.find(connection, letter_id=number)
    if not found:
        fail(f"{service} has no letter {number}; 'sportello dlq list' shows what there is.")
    return found[0]


@app.command("replay")
def replay(
    service: ServiceName,
    number: Annotated[int | None, typer.Argument(help="The letter's number; with --all, none.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every key that has something kept aside.")] = False,
    json: Json = False,
) -> None:
    """Apply a letter again, with everything that waits behind it on the same key, oldest first."""
    if (number is None) != every:
        fail("Name one letter's number, or say --all.")
    applied, left = asyncio.run(_replay(service, number))
    if json:
        as_json({"applied": applied, "left": [_row(service, letter) for letter in left]})
    else:
        typer.echo(f"Applied {applied}.")
        if left:
            more = " or more" if len(left) == 100 else ""
            typer.echo(f"Still kept aside: {len(left)}{more}. The next is letter {left[0].letter_id}: {left[0].reason}")
    if left:
        raise typer.Exit(1)


async def _replay(service: str, number: int | None) -> tuple[int, list[Letter]]:
    """Replays one letter's key or all keys; returns how many were applied and, of what is left, the oldest hundred."""
    by = f"replay:{getpass.getuser()}"
    async with opened(service) as (_, consumer):
        pool = consumer.units.pool
        if number is None:
            async with pool.acquire() as connection:
                keys = await letters.open_keys(connection, consumer.name)
            applied = sum([await consumer.replay(topic, key, by=by) for topic, key in keys])
            async with pool.acquire() as connection:
                return applied, await letters.find(connection)
        async with pool.acquire() as connection:
            record = (await _one(connection, number, service)).record
        applied = await consumer.replay(record.topic, record.key, by=by)
        async with pool.acquire() as connection:
            left = await letters.open_of_key(connection, consumer.name, record.topic, record.key)
    return applied, left[:100]


@app.command("discard")
def discard(
    number: Number,
    service: ServiceName,
    reason: Annotated[str, typer.Option(help="Why it is given up; kept with the letter.")],
    json: Json = False,
) -> None:
    """Give one letter up for good; what waits behind it can then be replayed."""

    async def run() -> Letter:
        async with opened(service) as (_, consumer), consumer.units.pool.acquire() as connection:
            letter = await _one(connection, number, service)
            if not await letters.settle(connection, number, "discarded", f"{getpass.getuser()}: {reason}"[:500]):
                fail(f"Letter {number} is closed already; 'sportello dlq show {number}' says how.")
            return letter

    letter = asyncio.run(run())
    if json:
        as_json({"discarded": letter.letter_id})
    else:
        typer.echo(f"Letter {letter.letter_id} is given up. If others wait behind it, replay the next one.")
