"""What intake said, as read models. Every write is guarded by the aggregate's version: older news changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from chassis.database.pool import Connection
from chassis.scope import Scope
from contracts.events import intake
from services.matching.domain.ranking import AS_WRITTEN, Ranking
from services.matching.domain.rules import RULES_VERSION
from services.matching.domain.subjects import Steering
from services.matching.store import described
from services.matching.store.instruments import FINGERPRINT, InstrumentStore
from services.matching.store.rows import rows
from services.matching.text.words import searched

_INDEX_NEEDS = """
WITH gone AS (
    DELETE FROM need_requirement AS old WHERE old.city = $1 AND old.need_id = ANY($3::uuid[])
        AND NOT EXISTS (SELECT FROM jsonb_to_recordset($2::jsonb->'rows') AS row (need_id uuid, requires text[])
            WHERE row.need_id = old.need_id AND old.capability = ANY(row.requires))
), gone_too AS (
    DELETE FROM need_receiver AS old WHERE old.city = $1 AND old.need_id = ANY($3::uuid[])
        AND NOT EXISTS (SELECT FROM jsonb_to_recordset($2::jsonb->'rows') AS row (need_id uuid, receivers uuid[])
            WHERE row.need_id = old.need_id AND old.stakeholder_id = ANY(row.receivers))
), required AS (
    INSERT INTO need_requirement (city, capability, need_id)
    SELECT $1, unnest(requires), need_id
    FROM jsonb_to_recordset($2::jsonb->'rows') AS row (need_id uuid, requires text[])
    ON CONFLICT DO NOTHING
)
INSERT INTO need_receiver (city, stakeholder_id, need_id)
SELECT $1, unnest(receivers), need_id
FROM jsonb_to_recordset($2::jsonb->'rows') AS row (need_id uuid, receivers uuid[])
ON CONFLICT DO NOTHING
"""
_NAME_STAKEHOLDERS = """
INSERT INTO stakeholder (city, stakeholder_id, version, name, said, stakeholder_type)
SELECT $1, stakeholder_id, version, name, said, stakeholder_type
FROM jsonb_to_recordset($2::jsonb->'rows')
    AS row (stakeholder_id uuid, version int, name text, said tsvector, stakeholder_type text)
ON CONFLICT (city, stakeholder_id) DO UPDATE SET version = excluded.version, name = excluded.name, said = excluded.said,
    stakeholder_type = excluded.stakeholder_type
WHERE stakeholder.version < excluded.version
RETURNING stakeholder_id
"""
_VET_STAKEHOLDERS = """
INSERT INTO stakeholder (city, stakeholder_id, version, vetting, vetted_until)
SELECT $1, stakeholder_id, version, vetting, vetted_until
FROM jsonb_to_recordset($2::jsonb->'rows')
    AS row (stakeholder_id uuid, version int, vetting text, vetted_until timestamptz)
ON CONFLICT (city, stakeholder_id) DO UPDATE SET version = excluded.version, vetting = excluded.vetting,
    vetted_until = excluded.vetted_until
WHERE stakeholder.version < excluded.version
RETURNING stakeholder_id
"""
_ASSIGN_MANAGERS = """
INSERT INTO stakeholder (city, stakeholder_id, version, account_manager_id, covered_by)
SELECT $1, stakeholder_id, version, account_manager_id, covered_by
FROM jsonb_to_recordset($2::jsonb->'rows')
    AS row (stakeholder_id uuid, version int, account_manager_id text, covered_by text)
ON CONFLICT (city, stakeholder_id) DO UPDATE SET version = excluded.version,
    account_manager_id = excluded.account_manager_id, covered_by = excluded.covered_by
WHERE stakeholder.version < excluded.version
RETURNING stakeholder_id
"""
_SAVE_PRIORITIES = """
INSERT INTO priorities (city, priorities_id, version, valid_from, valid_to, weights)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (city, priorities_id) DO UPDATE SET version = excluded.version, valid_from = excluded.valid_from,
    valid_to = excluded.valid_to, weights = excluded.weights
WHERE priorities.version < excluded.version
"""
_SAVE_INDICATORS = """
INSERT INTO neighbourhood_indicator (city, indicators_id, version, name, readings, loaded_at)
VALUES ($1, $2, $3, $4, $5, now())
ON CONFLICT (city, indicators_id) DO UPDATE SET version = excluded.version, name = excluded.name,
    readings = excluded.readings, loaded_at = excluded.loaded_at
WHERE neighbourhood_indicator.version < excluded.version
"""
_STEERING = f"""
SELECT
    ({FINGERPRINT}) AS instruments,
    (SELECT weights FROM priorities WHERE city = $1 AND $2 BETWEEN valid_from AND valid_to
        ORDER BY valid_from DESC, priorities_id DESC LIMIT 1) AS weights,
    (SELECT jsonb_build_object('number', number, 'weights', learned.weights) FROM learned_ranking AS learned
        WHERE city = $1 AND rules_version = $3 AND number =
            (SELECT number FROM ranking_use WHERE city = $1 ORDER BY use_id DESC LIMIT 1)) AS ranking,
    (SELECT jsonb_object_agg(nil, share) FROM (
        SELECT reading.key AS nil, avg(reading.value::text::float) AS share
        FROM (SELECT DISTINCT ON (name) readings FROM neighbourhood_indicator WHERE city = $1
            ORDER BY name, loaded_at DESC) AS newest
        CROSS JOIN LATERAL jsonb_each(newest.readings) AS reading
        GROUP BY reading.key) AS averaged) AS hardship
"""
_OFFERS_BESIDE = """
SELECT DISTINCT offer.offer_id
FROM jsonb_array_elements($2::jsonb -> 'rows') AS named (partner)
JOIN offer ON offer.city = $1 AND offer.state = 'open' AND offer.snapshot -> 'partners' <> '[]'
    AND offer.snapshot -> 'partners' @> named.partner
"""


class ProjectionStore:
    """Writes of the read models, and the steering of today."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def save_needs(self, scope: Scope, needs: Sequence[dict[str, Any]]) -> set[UUID]:
        """Notes needs (see ``handlers/describing.py``) and what they are found by; returns which were news."""
        found = await self._connection.fetch(described.SAVE_NEEDS, scope.city, rows(needs))
        new = {row["need_id"] for row in found}
        # A need that names neither has nothing to look up and, when it is new, nothing to forget.
        indexed = [need for need in needs if need["need_id"] in new and _is_indexed(need)]
        if indexed:
            ids = [need["need_id"] for need in indexed]
            records = [{name: need[name] for name in ("need_id", "requires", "receivers")} for need in indexed]
            await self._connection.execute(_INDEX_NEEDS, scope.city, rows(records), ids)
        return new

    async def close_need(self, scope: Scope, need_id: UUID, version: int, state: str) -> bool:
        """Notes that a need is not open any more; False when that is no news."""
        return await self._close(described.CLOSE_NEED, scope, need_id, version, state)

    async def save_offers(self, scope: Scope, offers: Sequence[dict[str, Any]]) -> set[UUID]:
        """Notes offers (see ``handlers/describing.py``) and what they are found by; returns which were news."""
        found = await self._connection.fetch(described.SAVE_OFFERS, scope.city, rows(offers))
        return {row["offer_id"] for row in found}

    async def close_offer(self, scope: Scope, offer_id: UUID, version: int, state: str) -> bool:
        """Notes that an offer is not open any more; False when that is no news."""
        return await self._close(described.CLOSE_OFFER, scope, offer_id, version, state)

    async def name_stakeholders(
        self, scope: Scope, found: Sequence[intake.StakeholderRegistered | intake.StakeholderChanged]
    ) -> set[UUID]:
        """Notes names and types; returns which were news."""
        fields = {"stakeholder_id", "version", "name", "stakeholder_type"}
        records = [one.model_dump(include=fields) | {"said": " ".join(searched(one.name))} for one in found]
        return await self._stakeholders(_NAME_STAKEHOLDERS, scope, records)

    async def vet_stakeholders(self, scope: Scope, found: Sequence[intake.StakeholderVetted]) -> set[UUID]:
        """Notes the outcome of checks; returns which were news."""
        records = [
            {
                "stakeholder_id": one.stakeholder_id,
                "version": one.version,
                "vetting": one.outcome,
                "vetted_until": one.valid_until,
            }
            for one in found
        ]
        return await self._stakeholders(_VET_STAKEHOLDERS, scope, records)

    async def assign_managers(self, scope: Scope, found: Sequence[intake.AccountManagerAssigned]) -> set[UUID]:
        """Notes who guides whom; returns which were news."""
        return await self._stakeholders(_ASSIGN_MANAGERS, scope, [one.model_dump() for one in found])

    async def save_priorities(self, scope: Scope, event: intake.PrioritiesSet) -> None:
        await self._connection.execute(
            _SAVE_PRIORITIES,
            scope.city,
            event.priorities_id,
            event.version,
            event.valid_from,
            event.valid_to,
            event.weights,
        )

    async def save_indicators(self, scope: Scope, event: intake.NeighbourhoodIndicatorsLoaded) -> None:
        readings = {str(nil): value for nil, value in event.values.items()}
        await self._connection.execute(
            _SAVE_INDICATORS, scope.city, event.indicators_id, event.version, event.name, readings
        )

    async def steering(self, scope: Scope, today: date) -> Steering:
        """The priorities in force ``today``, the newest indicators on average, the ranking in use, the instruments."""
        row = await self._connection.fetchrow(_STEERING, scope.city, today, RULES_VERSION)
        assert row is not None
        hardship = {int(nil): float(share) for nil, share in (row["hardship"] or {}).items()}
        learned = row["ranking"]
        ranking = Ranking(learned["weights"], learned["number"]) if learned else AS_WRITTEN
        toolkit = await InstrumentStore(self._connection).toolkit(scope, row["instruments"])
        return Steering(row["weights"] or {}, hardship, ranking, toolkit)

    async def offers_of(self, scope: Scope, stakeholders: Collection[UUID]) -> list[UUID]:
        """Open offers of these givers, newest first."""
        found = await self._connection.fetch(
            "SELECT offer_id FROM offer WHERE city = $1 AND stakeholder_id = ANY($2::uuid[]) AND state = 'open'"
            " ORDER BY offer_id DESC",
            scope.city,
            list(stakeholders),
        )
        return [row["offer_id"] for row in found]

    async def offers_with(self, scope: Scope, stakeholders: Collection[UUID]) -> list[UUID]:
        """Open offers of these givers, and those that they are partners of."""
        found = await self._connection.fetch(
            _OFFERS_BESIDE, scope.city, {"rows": [[{"stakeholder_id": str(one)}] for one in stakeholders]}
        )
        return [*await self.offers_of(scope, stakeholders), *(row["offer_id"] for row in found)]

    async def offers_answering(self, scope: Scope, needs: Collection[UUID]) -> list[UUID]:
        """Open offers made in answer to these needs."""
        found = await self._connection.fetch(
            "SELECT offer_id FROM offer WHERE city = $1 AND answers_need_id = ANY($2::uuid[]) AND state = 'open'",
            scope.city,
            list(needs),
        )
        return [row["offer_id"] for row in found]

    async def open_needs(self, scope: Scope) -> list[UUID]:
        """Every need that is open."""
        found = await self._connection.fetch("SELECT need_id FROM need WHERE city = $1 AND state = 'open'", scope.city)
        return [row["need_id"] for row in found]

    async def needs_naming(self, scope: Scope, stakeholders: Collection[UUID]) -> list[UUID]:
        """Needs that name one of these organisations as a receiver."""
        found = await self._connection.fetch(
            "SELECT DISTINCT need_id FROM need_receiver WHERE city = $1 AND stakeholder_id = ANY($2::uuid[])",
            scope.city,
            list(stakeholders),
        )
        return [row["need_id"] for row in found]

    async def _stakeholders(self, statement: str, scope: Scope, records: Sequence[dict[str, Any]]) -> set[UUID]:
        newest = {one["stakeholder_id"]: one for one in sorted(records, key=lambda one: one["version"])}
        found = await self._connection.fetch(statement, scope.city, rows(newest.values()))
        return {row["stakeholder_id"] for row in found}

    async def _close(self, statement: str, scope: Scope, subject_id: UUID, version: int, state: str) -> bool:
        return bool(await self._connection.fetchval(statement, scope.city, subject_id, version, state))


def _is_indexed(need: dict[str, Any]) -> bool:
    return bool(need["requires"] or need["receivers"] or need["version"] > 1)
