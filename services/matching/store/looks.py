"""Who looked for whom and could not see it yet: transactions that were at work in the same instant."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from chassis.database.pool import Connection
from chassis.scope import Scope

Looking = Literal["need", "offer", "stakeholder"]

# One statement, so that all of it sees the same: a look goes only when whoever could have missed it is compared by now.
_MISSED = """
WITH fresh AS (
    UPDATE look SET settles_at = pg_snapshot_xmax(pg_current_snapshot())
    WHERE (city, look_id) IN (
        SELECT city, look_id FROM look WHERE settles_at IS NULL ORDER BY look_id LIMIT $1 FOR UPDATE SKIP LOCKED)
    RETURNING city, look_id, subject, ids, written_in, seen
), gone AS (
    DELETE FROM look WHERE settles_at <= pg_snapshot_xmin(pg_current_snapshot())
        AND (SELECT count(*) FROM look WHERE settles_at IS NULL) = (SELECT count(*) FROM fresh)
), unseen AS (
    SELECT one.city, one.subject, one.ids, other.subject AS other, other.ids AS others
    FROM fresh AS one JOIN look AS other ON other.city = one.city
        AND (other.subject <> one.subject OR one.subject <> 'need')
    WHERE other.written_in <> one.written_in AND NOT pg_visible_in_snapshot(other.written_in, one.seen)
        AND NOT pg_visible_in_snapshot(one.written_in, other.seen)
), both_ways AS (
    SELECT city, subject, ids, other, others FROM unseen
    UNION ALL SELECT city, other, others, subject, ids FROM unseen
), found AS (
    SELECT missed.city, need.need_id, offer.offer_id, NULL::uuid AS beside
    FROM both_ways AS missed CROSS JOIN LATERAL (
        SELECT trait.need_id, trait.keys FROM need_trait AS trait
        WHERE trait.city = missed.city AND trait.need_id = ANY(missed.ids) OFFSET 0) AS need
    CROSS JOIN LATERAL (
        SELECT trait.offer_id, trait.keys FROM offer_trait AS trait
        WHERE trait.city = missed.city AND trait.offer_id = ANY(missed.others) OFFSET 0) AS offer
    WHERE missed.subject = 'need' AND missed.other = 'offer' AND need.keys && offer.keys
    UNION
    SELECT missed.city, NULL, offer.offer_id, NULL
    FROM both_ways AS missed CROSS JOIN LATERAL (
        SELECT offer.* FROM offer WHERE offer.city = missed.city AND offer.offer_id = ANY(missed.ids) OFFSET 0) AS offer
    WHERE missed.subject = 'offer' AND missed.other = 'stakeholder' AND (
        offer.stakeholder_id = ANY(missed.others) OR EXISTS (
            SELECT FROM jsonb_array_elements(offer.snapshot -> 'partners') AS partner
            WHERE (partner ->> 'stakeholder_id')::uuid = ANY(missed.others)))
    UNION
    SELECT missed.city, receiver.need_id, NULL, NULL
    FROM both_ways AS missed CROSS JOIN LATERAL (
        SELECT receiver.* FROM need_receiver AS receiver
        WHERE receiver.city = missed.city AND receiver.need_id = ANY(missed.ids) OFFSET 0) AS receiver
    WHERE missed.subject = 'need' AND missed.other = 'stakeholder' AND receiver.stakeholder_id = ANY(missed.others)
    UNION
    SELECT missed.city, receiver.need_id, NULL, NULL
    FROM both_ways AS missed CROSS JOIN LATERAL (
        SELECT receiver.need_id FROM need_receiver AS receiver
        WHERE receiver.city = missed.city AND receiver.stakeholder_id = ANY(missed.ids) OFFSET 0) AS receiver
    WHERE missed.subject = 'stakeholder' AND missed.other = 'stakeholder'
    UNION
    SELECT missed.city, NULL, NULL, bringing.offer_id
    FROM both_ways AS missed CROSS JOIN LATERAL (
        SELECT line.subject_id AS offer_id FROM ledger_line AS line
        WHERE line.city = missed.city AND line.subject_id = ANY(missed.ids) AND line.matchable AND EXISTS (
            SELECT FROM need_requirement AS required
            WHERE required.city = line.city AND required.capability = line.capability) OFFSET 0) AS bringing
    WHERE missed.subject = 'offer' AND missed.other = 'offer'
)
SELECT batch.is_full, found.city, found.need_id, found.offer_id, found.beside
FROM (SELECT count(*) = $1 AS is_full FROM fresh) AS batch LEFT JOIN found ON true
"""


@dataclass(frozen=True, slots=True)
class Missed:
    """Of one city: ``needs_of`` are by offer the needs that may suit it; ``needs`` and ``offers`` missed somebody they
    depend on, a receiver or their giver (or who depends on the same need); ``beside`` are offers of a capability that
    is asked for, which missed other offers: together they may do what neither does alone."""

    scope: Scope
    needs_of: dict[UUID, set[UUID]] = field(default_factory=dict)
    needs: set[UUID] = field(default_factory=set)
    offers: set[UUID] = field(default_factory=set)
    beside: set[UUID] = field(default_factory=set)


class LookStore:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def note(self, scope: Scope, looking: Looking, ids: Collection[UUID]) -> None:
        """Notes that this transaction writes and looks for these, and what it sees. Before it reads about others."""
        if ids:
            await self._connection.execute(
                "INSERT INTO look (city, subject, ids) VALUES ($1, $2, $3)", scope.city, looking, list(ids)
            )

    async def missed(self, limit: int) -> tuple[list[Missed], bool]:
        """What up to ``limit`` of the newest looks and others missed of each other, by city; all are committed.

        And whether there were as many as that: more may be waiting.
        """
        rows = await self._connection.fetch(_MISSED, limit)
        found: dict[str, Missed] = {}
        for _, city, need_id, offer_id, beside in (row for row in rows if row["city"] is not None):
            one = found.setdefault(city, Missed(Scope(city, "meeting")))
            if beside is not None:
                one.beside.add(beside)
            elif need_id is None:
                one.offers.add(offer_id)
            elif offer_id is None:
                one.needs.add(need_id)
            else:
                one.needs_of.setdefault(offer_id, set()).add(need_id)
        return list(found.values()), rows[0]["is_full"]
