"""How far a consumer has come, in the database that holds what it did."""

from __future__ import annotations

from collections.abc import Sequence

from chassis.database.pool import Connection
from chassis.delivery import Record

_UPSERT = """
INSERT INTO bus_position (consumer, topic, partition, next_offset)
SELECT $1, topic, partition, next_offset
FROM unnest($2::text[], $3::int[], $4::bigint[]) AS row (topic, partition, next_offset){more}
ORDER BY topic, partition
ON CONFLICT (consumer, topic, partition)
    DO UPDATE SET next_offset = greatest(bus_position.next_offset, excluded.next_offset)
"""
_ADVANCE = _UPSERT.format(more="")
_PASS_OVER = _UPSERT.format(more=", set_config('synchronous_commit', 'off', true)")


async def advance(connection: Connection, consumer: str, records: Sequence[Record]) -> None:
    """Notes that ``records`` have their effect."""
    await connection.execute(_ADVANCE, consumer, *_ends(records))


async def pass_over(connection: Connection, consumer: str, records: Sequence[Record]) -> None:
    """Notes that ``records`` have no effect here, in a transaction of its own that does not wait for the disk.

    After a crash of the database the position may be older: it then stands before records that do nothing.
    """
    await connection.execute(_PASS_OVER, consumer, *_ends(records))


async def of(connection: Connection, consumer: str) -> dict[tuple[str, int], int]:
    """The next offset to apply, by topic and partition."""
    rows = await connection.fetch(
        "SELECT topic, partition, next_offset FROM bus_position WHERE consumer = $1", consumer
    )
    return {(row["topic"], row["partition"]): row["next_offset"] for row in rows}


def _ends(records: Sequence[Record]) -> tuple[list[str], list[int], list[int]]:
    """Topics, partitions and the offset after the last record of each."""
    ends: dict[tuple[str, int], int] = {}
    for record in records:
        place = (record.topic, record.partition)
        ends[place] = max(ends.get(place, 0), record.offset + 1)
    return [topic for topic, _ in ends], [partition for _, partition in ends], list(ends.values())
