"""The statements that find candidates: short lists by key, a glance at what is on them, a first look at what promises
most, the best by line.

Both directions are one statement with the roles changed. ``OFFSET 0`` and ``LIMIT 1`` keep the planner from turning a
look into an index for some hundred rows into a scan of the whole table.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from chassis.scope import Scope
from services.matching.domain.search import Search

_FOUND = """
WITH asking AS MATERIALIZED (
    SELECT trait.*, substring(trait.sketch FROM 1 FOR 256) AS glance, {capabilities} AS capabilities
    FROM {this}_trait AS trait WHERE trait.city = $1 AND trait.{this}_id = ANY($2::uuid[])
), ours AS MATERIALIZED (
    SELECT subject_id, line, kind, unit, capability, free, open_ended
    FROM ledger_line AS line WHERE line.city = $1 AND line.subject_id = ANY($2::uuid[]) AND line.matchable
), listed AS (
    SELECT asking.{this}_id, found.{that}_id, found.apart, 1 / ln(3 + found.many) AS telling, NULL::text AS brings
    FROM asking CROSS JOIN LATERAL unnest(asking.keys) AS looked_up (key)
    CROSS JOIN LATERAL (
        SELECT newest.{that}_id, bit_count(newest.glance # asking.glance) AS apart, count(*) OVER () AS many
        FROM (
            SELECT entry.{that}_id, entry.glance FROM {that}_key AS entry
            WHERE entry.city = $1 AND entry.key = looked_up.key
            ORDER BY entry.{that}_id DESC LIMIT $4) AS newest) AS found
    UNION ALL
    {bringers}
), pool AS (
    SELECT {this}_id, {that}_id, min(apart) AS apart, min(brings) AS brings,
        sum(telling) / max(sum(telling)) OVER (PARTITION BY {this}_id) AS in_common
    FROM listed GROUP BY {this}_id, {that}_id
), promising AS (
    SELECT {this}_id, {that}_id, in_common, brings, row_number() OVER (
        PARTITION BY {this}_id, brings
        ORDER BY 0.75 * in_common + greatest(0.5 * in_common, coalesce(cos(pi() * apart / 256), 0)) DESC) AS rank
    FROM pool
), looked_at AS MATERIALIZED (
    SELECT need.need_id, offer.offer_id, need.requires, {this}.capabilities,
        ($5::float8[])[1] * greatest(0.5 * promising.in_common,
            coalesce(cos(pi() * bit_count(need.sketch # offer.sketch) / 512), 0))
        + ($5::float8[])[2] * coalesce(need.policy_area = offer.policy_area, false)::int
        + ($5::float8[])[3] * CASE WHEN need.nil = offer.nil THEN 1 WHEN need.municipio = offer.municipio THEN 0.6
            ELSE 0 END
        + ($5::float8[])[4] * CASE WHEN need.cpv = '{{}}' OR offer.cpv = '{{}}' THEN 0 ELSE (
            SELECT max(CASE WHEN asked = offered THEN 1.0 WHEN left(asked, 5) = left(offered, 5) THEN 0.625
                WHEN left(asked, 3) = left(offered, 3) THEN 0.375 WHEN left(asked, 2) = left(offered, 2) THEN 0.25
                ELSE 0 END)
            FROM unnest(need.cpv) AS asked, unnest(offer.cpv) AS offered) END AS liking,
        (need.refuses_places && offer.known_as) IS TRUE AS elsewhere
    FROM promising JOIN asking AS {this} USING ({this}_id)
    CROSS JOIN LATERAL (
        SELECT trait.* FROM {that}_trait AS trait
        WHERE trait.city = $1 AND trait.{that}_id = promising.{that}_id LIMIT 1) AS {that}
    WHERE (promising.rank <= CASE WHEN brings IS NULL THEN 8 * $3 ELSE 10 * $7 END OR {refusing})
        AND (need.ends_on < offer.starts_on) IS NOT TRUE AND (offer.ends_on < need.starts_on) IS NOT TRUE
        AND ({that}.valid_until < $6) IS NOT TRUE
        AND (need.refuses && offer.known_as) IS NOT TRUE AND (offer.refuses && need.known_as) IS NOT TRUE
        AND (need.refuses_kinds IS NULL OR NOT EXISTS (
            SELECT FROM offer AS given JOIN stakeholder AS giver USING (city, stakeholder_id)
            WHERE given.city = $1 AND given.offer_id = offer.offer_id
                AND giver.stakeholder_type = ANY(need.refuses_kinds)))
        AND (offer.answers_need_id IS NULL OR offer.answers_need_id = need.need_id OR EXISTS (
            SELECT FROM need AS answered LEFT JOIN need_trait AS limited USING (city, need_id)
            WHERE answered.city = $1 AND answered.need_id = offer.answers_need_id AND (answered.state <> 'open'
                OR limited.refuses && offer.known_as OR offer.refuses && limited.known_as
                OR limited.refuses_places && offer.known_as OR limited.refuses_kinds IS NOT NULL
                OR answered.snapshot @? '$.lines[*] ? (@.min_lot != null)' OR EXISTS (
                    SELECT FROM offer AS said WHERE said.city = $1 AND said.offer_id = offer.offer_id
                        AND said.snapshot @? '$.lines[*] ? (@.min_lot != null)'))))
), meeting AS (
    SELECT need_id, offer_id, row_number() OVER (
        PARTITION BY {this}_id, {our_line}.line
        ORDER BY liking + ($5::float8[])[5] * CASE WHEN asked.open_ended OR offered.open_ended THEN 1
            ELSE least(1, offered.free::float8 / asked.free::float8) END DESC, {that}_id DESC) AS place
    FROM (
        SELECT *, row_number() OVER (PARTITION BY {this}_id ORDER BY elsewhere, liking DESC) AS rank
        FROM looked_at) AS liked
    JOIN ours AS {our_line} ON {our_line}.subject_id = liked.{this}_id
    CROSS JOIN LATERAL (
        SELECT line.* FROM ledger_line AS line
        WHERE line.city = $1 AND line.subject_id = liked.{that}_id AND line.matchable OFFSET 0) AS {their_line}
    WHERE liked.rank <= 3 * $3 AND NOT liked.elsewhere AND asked.kind = offered.kind AND asked.unit = offered.unit
        AND (asked.capability IS NULL OR asked.capability = offered.capability)
), bringing AS (
    {bringing}
)
SELECT {this}_id, {that}_id, place FROM meeting WHERE place <= $3
UNION ALL
SELECT {this}_id, {that}_id, place FROM bringing WHERE place <= $7
UNION ALL
{newest}
UNION ALL
{answering}
ORDER BY place
"""
_NEWEST = """
SELECT ours.subject_id, found.subject_id, {last} AS place
FROM (SELECT DISTINCT subject_id, kind, unit FROM ours) AS ours
CROSS JOIN LATERAL (
    SELECT line.subject_id FROM ledger_line AS line
    WHERE line.city = $1 AND line.line_of = '{that}' AND line.kind = ours.kind AND line.unit = ours.unit
        AND line.matchable
    ORDER BY line.subject_id DESC LIMIT $8) AS found
WHERE NOT EXISTS (
    SELECT FROM {that}_trait AS trait WHERE trait.city = $1 AND trait.{that}_id = found.subject_id OFFSET 0)
"""
_LAST = 1_000_000

OFFERS_FOR_NEEDS = _FOUND.format(
    this="need",
    that="offer",
    our_line="asked",
    their_line="offered",
    capabilities="NULL::text[]",
    bringers="""
    SELECT asking.need_id, found.subject_id, NULL, 0, required.capability
    FROM asking CROSS JOIN LATERAL unnest(asking.requires) AS required (capability)
    CROSS JOIN LATERAL (
        SELECT line.subject_id FROM ledger_line AS line
        WHERE line.city = $1 AND line.capability = required.capability AND line.matchable AND line.line_of = 'offer'
        ORDER BY line.subject_id DESC LIMIT 1000) AS found""",
    refusing="coalesce(need.refuses, need.refuses_places, need.refuses_kinds) IS NOT NULL",
    bringing="""
    SELECT need_id, offer_id,
        row_number() OVER (PARTITION BY need_id, offered.capability ORDER BY liking DESC, offer_id DESC) AS place
    FROM looked_at CROSS JOIN LATERAL (
        SELECT line.capability FROM ledger_line AS line
        WHERE line.city = $1 AND line.subject_id = looked_at.offer_id AND line.matchable
            AND line.capability = ANY(looked_at.requires) OFFSET 0) AS offered
    WHERE looked_at.requires <> '{}'""",
    newest=_NEWEST.format(that="offer", last=_LAST)
    + f"""
UNION ALL
SELECT required.need_id, found.subject_id, {_LAST}
FROM need_requirement AS required
CROSS JOIN LATERAL (
    SELECT line.subject_id FROM ledger_line AS line
    WHERE line.city = $1 AND line.capability = required.capability AND line.matchable AND line.line_of = 'offer'
    ORDER BY line.subject_id DESC LIMIT $8) AS found
WHERE required.city = $1 AND required.need_id = ANY($2::uuid[]) AND NOT EXISTS (
    SELECT FROM offer_trait AS trait WHERE trait.city = $1 AND trait.offer_id = found.subject_id OFFSET 0)""",
    answering="""
SELECT answers_need_id, offer_id, 0 FROM offer
WHERE city = $1 AND answers_need_id = ANY($2::uuid[]) AND state = 'open'""",
)
"""Offers by need. Parameters: city, needs, most by line, longest list, weights, now, most by capability, newest."""

NEEDS_FOR_OFFERS = _FOUND.format(
    this="offer",
    that="need",
    our_line="offered",
    their_line="asked",
    capabilities="""ARRAY(SELECT DISTINCT line.capability FROM ledger_line AS line
        WHERE line.city = $1 AND line.subject_id = trait.offer_id AND line.matchable
            AND line.capability IS NOT NULL)""",
    bringers="""
    SELECT asking.offer_id, found.need_id, NULL, 0, brought.capability
    FROM asking CROSS JOIN LATERAL unnest(asking.capabilities) AS brought (capability)
    CROSS JOIN LATERAL (
        SELECT required.need_id FROM need_requirement AS required
        WHERE required.city = $1 AND required.capability = brought.capability
        ORDER BY required.need_id DESC LIMIT 1000) AS found""",
    refusing="offer.refuses IS NOT NULL",
    bringing="""
    SELECT offer_id, need_id, row_number() OVER (PARTITION BY offer_id ORDER BY liking DESC, need_id DESC) AS place
    FROM looked_at WHERE requires && capabilities""",
    newest=_NEWEST.format(that="need", last=_LAST)
    + f"""
UNION ALL
SELECT offered.subject_id, found.need_id, {_LAST}
FROM ours AS offered
CROSS JOIN LATERAL (
    SELECT required.need_id FROM need_requirement AS required
    JOIN need ON need.city = required.city AND need.need_id = required.need_id AND need.state = 'open'
    WHERE required.city = $1 AND required.capability = offered.capability
    ORDER BY required.need_id DESC LIMIT $8) AS found
WHERE offered.capability IS NOT NULL AND NOT EXISTS (
    SELECT FROM need_trait AS trait WHERE trait.city = $1 AND trait.need_id = found.need_id OFFSET 0)""",
    answering="""
SELECT own.offer_id, own.answers_need_id, 0
FROM unnest($2::uuid[]) AS one (offer_id) CROSS JOIN LATERAL (
    SELECT offer.* FROM offer WHERE offer.city = $1 AND offer.offer_id = one.offer_id LIMIT 1) AS own
WHERE own.answers_need_id IS NOT NULL AND own.state = 'open'""",
)
"""Needs by offer, with the same parameters."""


def arguments(scope: Scope, subjects: Collection[UUID], search: Search) -> list[Any]:
    """The parameters of both statements."""
    return [
        scope.city,
        list(subjects),
        search.by_line,
        search.by_key,
        search.weights,
        search.now,
        search.by_capability,
        search.newest,
    ]
