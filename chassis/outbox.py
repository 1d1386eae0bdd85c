"""Events leave a service through its outbox: rows written in the transaction that changed the aggregate.

The aggregate's row is locked (or its version checked) first and the outbox rows are written last. Because the sequence
number is drawn while that lock is held, numbers follow the commit order of each aggregate; no order exists between
aggregates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from chassis.database.pool import Connection
from contracts.envelope import Envelope
from contracts.event import Event

MAX_PAYLOAD_BYTES = 900_000
"""Kafka takes records up to 1 MiB by default; a larger event is refused while its author can still be told."""


class EventTooLarge(ValueError):
    """The event would not fit into a Kafka record."""


@dataclass(frozen=True)
class Outgoing:
    """An event ready to be written to the outbox."""

    envelope: Envelope
    topic: str
    aggregate_id: str
    version: int
    payload: bytes

    @classmethod
    def of(cls, event: Event, envelope: Envelope, aggregate_id: str, version: int) -> Outgoing:
        payload = event.to_bytes()
        if len(payload) > MAX_PAYLOAD_BYTES:
            raise EventTooLarge(f"{event.type}: {len(payload)} bytes, at most {MAX_PAYLOAD_BYTES}")
        return cls(envelope, event.topic, aggregate_id, version, payload)


_INSERT = """
INSERT INTO outbox (city, event_id, event_type, topic, aggregate_id, aggregate_version, payload, headers)
SELECT city, event_id, event_type, topic, aggregate_id, aggregate_version, payload, headers
FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::int[], $7::bytea[], $8::jsonb[])
    WITH ORDINALITY
    AS row (city, event_id, event_type, topic, aggregate_id, aggregate_version, payload, headers, position)
ORDER BY position
"""


async def write(connection: Connection, events: Sequence[Outgoing]) -> None:
    """Writes the rows in the order given, in one statement."""
    if not events:
        return
    await connection.execute(
        _INSERT,
        [event.envelope.city for event in events],
        [UUID(event.envelope.id) for event in events],
        [event.envelope.type for event in events],
        [event.topic for event in events],
        [event.aggregate_id for event in events],
        [event.version for event in events],
        [event.payload for event in events],
        [{name: value.decode() for name, value in event.envelope.to_headers()} for event in events],
    )
