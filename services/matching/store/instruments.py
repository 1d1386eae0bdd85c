"""The city's legal instruments, as agreements publishes them."""

from __future__ import annotations

from pydantic import TypeAdapter

from chassis.database.pool import Connection
from chassis.scope import Scope
from contracts.events.agreements import InstrumentPublished, InstrumentRecord
from services.matching.domain.instruments import UNKNOWN, Toolkit

FINGERPRINT = "SELECT string_agg(fingerprint, '' ORDER BY code) FROM instrument WHERE city = $1"
"""What tells one city's instruments from others; NULL as long as there are none."""
_SAVE = """
INSERT INTO instrument (city, code, version, records, fingerprint)
VALUES ($1, $2::text, $3, $4::jsonb, md5($2::text || ' ' || $4::jsonb::text))
ON CONFLICT (city, code) DO UPDATE SET version = excluded.version, records = excluded.records,
    fingerprint = excluded.fingerprint
WHERE instrument.version < excluded.version OR instrument.fingerprint = 'awaited ' || instrument.code
"""
_AWAIT = """
INSERT INTO instrument (city, code, version, records, fingerprint)
SELECT $1, code, 1, '[]', 'awaited ' || code FROM unnest($2::text[]) AS code ORDER BY code
ON CONFLICT DO NOTHING
"""
_SAVED = "SELECT code, fingerprint = 'awaited ' || code FROM instrument WHERE city = $1"
_RECORDS = TypeAdapter(tuple[InstrumentRecord, ...])
_COMPILED: dict[str, Toolkit] = {}
"""By fingerprint, so by what they say: read and checked once per process, whichever the city."""
_MOST_COMPILED = 200


class InstrumentStore:
    """A projection; an older version never overwrites a newer one."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def save(self, scope: Scope, event: InstrumentPublished) -> bool:
        """True when it joins instruments that were all known, so that more is possible than before."""
        known = dict(map(tuple, await self._connection.fetch(_SAVED, scope.city)))
        # In one order, so that two instances that hear of two instruments never wait for each other.
        await self._connection.execute(_AWAIT, scope.city, sorted({event.code, *(event.toolkit or ())}))
        records = _RECORDS.dump_python(event.records, mode="json", exclude_none=True)
        await self._connection.execute(_SAVE, scope.city, event.code, event.version, records)
        return bool(known) and event.code not in known and not any(known.values())

    async def newest(self, scope: Scope) -> Toolkit:
        """What the city has now."""
        return await self.toolkit(scope, await self._connection.fetchval(FINGERPRINT, scope.city))

    async def toolkit(self, scope: Scope, fingerprint: str | None) -> Toolkit:
        """What has this fingerprint; read only when this process does not know it yet."""
        if fingerprint is None:
            return UNKNOWN
        if fingerprint not in _COMPILED:
            found, toolkit = await self._read(scope)
            if len(_COMPILED) >= _MOST_COMPILED:
                _COMPILED.clear()
            _COMPILED[found] = toolkit
            fingerprint = found
        return _COMPILED[fingerprint]

    async def _read(self, scope: Scope) -> tuple[str, Toolkit]:
        rows = await self._connection.fetch(
            "SELECT code, fingerprint, records FROM instrument WHERE city = $1 ORDER BY code", scope.city
        )
        # Instruments may have changed since the fingerprint was read: what counts is that of these rows.
        found = "".join(row["fingerprint"] for row in rows)
        awaited = any(row["fingerprint"] == f"awaited {row['code']}" for row in rows)
        return found, Toolkit({row["code"]: _RECORDS.validate_python(row["records"]) for row in rows}, awaited)
