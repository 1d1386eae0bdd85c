"""Dead letters and other events kept aside, in the table ``dead_letter``.

``parked`` cannot be applied; ``behind`` follows one kept aside on the same key; ``waiting`` needs another aggregate
that has not arrived. Nothing of a key is applied while something of it is kept aside, so nothing is applied out of
order. A reader of the state takes the rows FOR SHARE and a replay FOR UPDATE, so that an event arriving during a replay
either joins the queue before it is emptied or finds it empty.
"""

from __future__ import annotations

import base64
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

from chassis.database.pool import Connection
from chassis.delivery import Record
from contracts.envelope import Envelope

Status = Literal["parked", "behind", "waiting"]


@dataclass(frozen=True)
class Aside:
    """Why an event is kept aside; ``awaits_*`` only when it waits."""

    status: Status
    reason: str
    awaits_topic: str | None = None
    awaits_key: str | None = None


@dataclass(frozen=True)
class Letter:
    """A row of the table, with the record as it came."""

    letter_id: int
    status: str
    reason: str
    attempts: int
    event_type: str | None
    event_id: str
    source: str
    record: Record


def _identity(record: Record, envelope: Envelope | None) -> tuple[str, str]:
    if envelope is not None:
        return envelope.source, envelope.id
    return f"kafka:{record.topic}", f"{record.partition}:{record.offset}"


def _storable(text: str) -> str:
    """``text`` without what no column takes: NUL and half surrogates."""
    return text.replace("\x00", "\ufffd").encode(errors="replace").decode()


async def keep(
    connection: Connection, consumer: str, record: Record, envelope: Envelope | None, aside: Aside, default_city: str
) -> None:
    """Keeps ``record`` aside; a second time is a no-op. ``default_city`` when its envelope cannot be read."""
    source, event_id = _identity(record, envelope)
    headers = [
        [_storable(name), base64.b64encode(value).decode() if value is not None else None]
        for name, value in record.headers
    ]
    await connection.execute(
        'INSERT INTO dead_letter (consumer, source, event_id, event_type, city, topic, partition, "offset", key,'
        " payload, headers, status, reason, awaits_topic, awaits_key, retry_at, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,"
        " CASE WHEN $12 = 'waiting' THEN now() + interval '1 second' END, $16)"
        " ON CONFLICT (city, consumer, source, event_id) DO NOTHING",
        consumer,
        source,
        event_id,
        envelope.type if envelope else None,
        envelope.city if envelope else default_city,
        record.topic,
        record.partition,
        record.offset,
        record.key,
        record.value,
        headers,
        aside.status,
        _storable(aside.reason[:4000]),
        aside.awaits_topic,
        aside.awaits_key,
        record.received_at,
    )


_CONCERNED = """
WITH asked AS (SELECT * FROM unnest($2::text[], $3::text[]) AS row (topic, key)),
held AS (SELECT topic, key FROM dead_letter
    WHERE consumer = $1 AND status IN ('parked', 'behind', 'waiting') AND (topic, key) IN (SELECT * FROM asked)
    FOR SHARE)
SELECT topic, key, NULL AS awaits_topic, NULL AS awaits_key FROM held
UNION
SELECT topic, key, awaits_topic, awaits_key FROM dead_letter
WHERE consumer = $1 AND status = 'waiting' AND (awaits_topic, awaits_key) IN (SELECT * FROM asked)
"""

Key = tuple[str, str]


async def concerned(
    connection: Connection, consumer: str, keys: Collection[Key]
) -> tuple[set[Key], dict[Key, set[Key]]]:
    """Those of ``keys`` (topic, key) that have an event kept aside, and the keys whose events wait for one of ``keys``.

    An event that another instance keeps waiting after this look is found by the sweep.
    """
    if not keys:
        return set(), {}
    rows = await connection.fetch(_CONCERNED, consumer, [topic for topic, _ in keys], [key for _, key in keys])
    held, awaiting = set(), dict[Key, set[Key]]()
    for row in rows:
        key = (row["topic"], row["key"])
        if row["awaits_key"] is None:
            held.add(key)
        else:
            awaiting.setdefault(key, set()).add((row["awaits_topic"], row["awaits_key"]))
    return held, awaiting


async def due(connection: Connection, consumer: str, limit: int = 100) -> list[tuple[str, str]]:
    """Keys with a waiting event whose next try is due."""
    rows = await connection.fetch(
        "SELECT topic, key FROM dead_letter WHERE consumer = $1 AND status = 'waiting' AND retry_at <= now()"
        " ORDER BY retry_at LIMIT $2",
        consumer,
        limit,
    )
    return [(row["topic"], row["key"]) for row in rows]


async def open_of_key(connection: Connection, consumer: str, topic: str, key: str) -> list[Letter]:
    """The events of one key kept aside, oldest first, locked until the transaction ends."""
    lock = (
        "SELECT 1 FROM dead_letter WHERE consumer = $1 AND topic = $2 AND key = $3"
        " AND status IN ('parked', 'behind', 'waiting') ORDER BY letter_id FOR UPDATE"
    )
    await connection.execute(lock, consumer, topic, key)
    rows = await connection.fetch(
        "SELECT * FROM dead_letter WHERE consumer = $1 AND topic = $2 AND key = $3"
        " AND status IN ('parked', 'behind', 'waiting') ORDER BY letter_id",
        consumer,
        topic,
        key,
    )
    return [_letter(row) for row in rows]


async def settle(connection: Connection, letter_id: int, status: Literal["applied", "discarded"], by: str) -> bool:
    """Closes one letter; False when somebody did meanwhile."""
    closed = await connection.fetchval(
        "UPDATE dead_letter SET status = $2, awaits_topic = NULL, awaits_key = NULL, retry_at = NULL,"
        " settled_at = now(), settled_by = $3"
        " WHERE letter_id = $1 AND status IN ('parked', 'behind', 'waiting') RETURNING true",
        letter_id,
        status,
        by,
    )
    return bool(closed)


async def put_back(connection: Connection, letter_id: int, aside: Aside) -> None:
    """Notes another failed try; a waiting letter is tried again ever more rarely."""
    await connection.execute(
        "UPDATE dead_letter SET status = $2, reason = $3, awaits_topic = $4, awaits_key = $5, attempts = attempts + 1,"
        " retry_at = CASE WHEN $2 = 'waiting' THEN now() + least(power(2, attempts), 300) * interval '1 second' END"
        " WHERE letter_id = $1",
        letter_id,
        aside.status,
        _storable(aside.reason[:4000]),
        aside.awaits_topic,
        aside.awaits_key,
    )


async def find(
    connection: Connection, *, status: str | None = None, letter_id: int | None = None, limit: int = 100
) -> list[Letter]:
    """Letters for a person to look at: by number, by status, or all that are open; oldest first."""
    rows = await connection.fetch(
        "SELECT * FROM dead_letter WHERE ($1::bigint IS NULL OR letter_id = $1)"
        " AND (status = $2 OR ($2 IS NULL AND ($1 IS NOT NULL OR status IN ('parked', 'behind', 'waiting'))))"
        " ORDER BY letter_id LIMIT $3",
        letter_id,
        status,
        limit,
    )
    return [_letter(row) for row in rows]


async def open_keys(connection: Connection, consumer: str) -> list[tuple[str, str]]:
    """The keys (topic, key) that have anything kept aside, the one that has waited longest first."""
    rows = await connection.fetch(
        "SELECT topic, key FROM dead_letter WHERE consumer = $1 AND status IN ('parked', 'behind', 'waiting')"
        " GROUP BY topic, key ORDER BY min(letter_id)",
        consumer,
    )
    return [(row["topic"], row["key"]) for row in rows]


async def counts(connection: Connection) -> dict[str, int]:
    """How many are open, by status."""
    rows = await connection.fetch(
        "SELECT status, count(*) AS n FROM dead_letter WHERE status IN ('parked', 'behind', 'waiting') GROUP BY status"
    )
    return {"parked": 0, "behind": 0, "waiting": 0} | {row["status"]: row["n"] for row in rows}


def _letter(row: Any) -> Letter:
    headers = tuple((name, base64.b64decode(value) if value is not None else None) for name, value in row["headers"])
    record = Record(
        row["topic"], row["partition"], row["offset"], row["key"], row["payload"], headers, row["created_at"]
    )
    return Letter(
        row["letter_id"],
        row["status"],
        row["reason"],
        row["attempts"],
        row["event_type"],
        row["event_id"],
        row["source"],
        record,
    )
