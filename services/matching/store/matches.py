"""Matches with their parties and allocations: inserted when proposed, loaded locked, saved whole."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from chassis.database.pool import Connection
from chassis.scope import Scope
from contracts.values import Party, ProposedAllocation, Reason
from services.matching.domain.history import Asked
from services.matching.domain.match import Match
from services.matching.domain.parts import MatchParty, Part
from services.matching.domain.proposals import Proposal
from services.matching.domain.succession import Grounds
from services.matching.store.changes import head_change, part_change, party_change
from services.matching.store.history import HistoryStore
from services.matching.store.rows import rows
from services.matching.text.words import searched

NO_DEADLINE = date(9000, 1, 1)
"""Sorts after every deadline. Not ``date.max``: asyncpg sends that as infinity."""

_PROPOSE = """
INSERT INTO match (city, match_id, version, state, need_id, set_key, basis, need_title, department, with_departments,
    policy_area, triangulation, answers, score, rules_version, reasons, account_manager_id, beneficiaries,
    expected_return, planned, due_on, said, proposed_at, expires_at)
SELECT $1, match_id, 1, 'proposed', need_id, set_key, basis, need_title, department, with_departments, policy_area,
    triangulation, answers, score, rules_version, reasons, account_manager_id, beneficiaries, expected_return,
    planned, due_on, said, $3, $4
FROM jsonb_to_recordset($2::jsonb->'rows')
    AS row (match_id uuid, need_id uuid, set_key text, basis text, need_title text,
    department text, with_departments text[], policy_area text, triangulation boolean, answers boolean,
    score double precision, rules_version text, reasons jsonb, account_manager_id text, beneficiaries text,
    expected_return text, planned boolean, due_on date, said tsvector)
ON CONFLICT (city, need_id, set_key) WHERE state IN ('proposed', 'accepted') DO NOTHING
RETURNING match_id
"""
_PROPOSE_PARTS = """
WITH parties AS (
    INSERT INTO match_party (city, match_id, party_id, position, role, department, stakeholder_id, name,
        account_manager_id, partners, consent)
    SELECT $1, match_id, party_id, position, role, department, stakeholder_id, name, account_manager_id, partners,
        'pending'
    FROM jsonb_to_recordset($2::jsonb->'rows') AS row (match_id uuid, party_id text, position int, role text,
        department text, stakeholder_id uuid, name text, account_manager_id text, partners jsonb)
)
INSERT INTO match_allocation (city, match_id, position, offer_id, offer_line, need_line, stakeholder_id, kind,
    capability, quantity, unit, recurrence, value_cents, description, to_agree, offer_version)
SELECT $1, match_id, position, offer_id, offer_line, need_line, stakeholder_id, kind, capability, quantity, unit,
    recurrence, value_cents, description, to_agree, offer_version
FROM jsonb_to_recordset($3::jsonb->'rows')
    AS row (match_id uuid, position int, offer_id uuid, offer_line int, need_line int,
    stakeholder_id uuid, kind text, capability text, quantity numeric, unit text, recurrence jsonb,
    value_cents bigint, description text, to_agree boolean, offer_version int)
"""
_MATCHES = """
SELECT match_id, version, state, need_id, need_title, department, with_departments, policy_area, triangulation,
    account_manager_id, expires_at, beneficiaries, expected_return, planned, reason_code, closed_at, due_on,
    postponed_until, replaces, replaced_by, proposed_at, submitted_at, asked
FROM match WHERE city = $1 AND match_id = ANY($2::uuid[]) ORDER BY match_id
"""
_PARTIES = "SELECT * FROM match_party WHERE city = $1 AND match_id = ANY($2::uuid[]) ORDER BY match_id, position"
_PARTS = "SELECT * FROM match_allocation WHERE city = $1 AND match_id = ANY($2::uuid[]) ORDER BY match_id, position"
_SAVE = """
UPDATE match SET version = row.version, state = row.state, expires_at = row.expires_at,
    reason_code = row.reason_code, closed_at = row.closed_at, postponed_until = row.postponed_until,
    replaces = row.replaces, replaced_by = row.replaced_by, submitted_at = row.submitted_at, asked = row.asked
FROM jsonb_to_recordset($2::jsonb->'rows') AS row (match_id uuid, version int, state text, expires_at timestamptz,
    reason_code text, closed_at timestamptz, postponed_until timestamptz, replaces uuid, replaced_by uuid,
    submitted_at timestamptz, asked jsonb)
WHERE match.city = $1 AND match.match_id = row.match_id
"""
_SAVE_PARTIES = """
UPDATE match_party AS party SET consent = row.consent, channel = row.channel, note = row.note,
    decided_by = row.decided_by, decided_at = row.decided_at, carried = row.carried
FROM jsonb_to_recordset($2::jsonb->'rows')
    AS row (match_id uuid, party_id text, consent text, channel text, note text,
    decided_by text, decided_at timestamptz, carried boolean)
WHERE party.city = $1 AND party.match_id = row.match_id AND party.party_id = row.party_id
"""
_SAVE_PARTS = """
UPDATE match_allocation AS part SET quantity = row.quantity, value_cents = row.value_cents, to_agree = row.to_agree,
    reserved = row.reserved, committed = row.committed, delivered = row.delivered, recorded = row.recorded
FROM jsonb_to_recordset($2::jsonb->'rows') AS row (match_id uuid, position int, quantity numeric, value_cents bigint,
    to_agree boolean, reserved numeric, committed numeric, delivered numeric, recorded numeric)
WHERE part.city = $1 AND part.match_id = row.match_id AND part.position = row.position
"""
# The same proposal as a match of its own, as if nobody had answered yet.
_COPY = """
INSERT INTO match (city, match_id, version, state, need_id, set_key, basis, need_title, department, with_departments,
    policy_area, triangulation, answers, score, rules_version, reasons, account_manager_id, beneficiaries,
    expected_return, planned, due_on, said, proposed_at, expires_at)
SELECT city, $3, 1, 'proposed', need_id, set_key, basis, need_title, department, with_departments, policy_area,
    triangulation, answers, score, rules_version, reasons, account_manager_id, beneficiaries, expected_return, planned,
    due_on, said, $4, expires_at
FROM match WHERE city = $1 AND match_id = $2
ON CONFLICT (city, need_id, set_key) WHERE state IN ('proposed', 'accepted') DO NOTHING
RETURNING score, rules_version, reasons
"""
_COPY_PARTS = """
WITH parties AS (
    INSERT INTO match_party (city, match_id, party_id, position, role, department, stakeholder_id, name,
        account_manager_id, partners, consent)
    SELECT city, $3, party_id, position, role, department, stakeholder_id, name, account_manager_id, partners, 'pending'
    FROM match_party WHERE city = $1 AND match_id = $2
)
INSERT INTO match_allocation (city, match_id, position, offer_id, offer_line, need_line, stakeholder_id, kind,
    capability, quantity, unit, recurrence, value_cents, description, to_agree, offer_version)
SELECT city, $3, position, offer_id, offer_line, need_line, stakeholder_id, kind, capability, quantity, unit,
    recurrence, value_cents, description, to_agree, offer_version
FROM match_allocation WHERE city = $1 AND match_id = $2
"""
_OPEN_WITH_OFFERS = """
SELECT DISTINCT part.match_id FROM match_allocation AS part
JOIN match ON match.city = part.city AND match.match_id = part.match_id AND match.state IN ('proposed', 'accepted')
WHERE part.city = $1 AND part.offer_id = ANY($2::uuid[])
"""
_OPEN_FOR_NEEDS = """
SELECT match_id FROM match WHERE city = $1 AND need_id = ANY($2::uuid[]) AND state IN ('proposed', 'accepted')
"""
_LAPSED = """
SELECT DISTINCT part.city, part.offer_id
FROM stakeholder AS giver
JOIN match_party AS party ON party.city = giver.city AND party.stakeholder_id = giver.stakeholder_id
    AND party.role = 'giver'
JOIN match ON match.city = party.city AND match.match_id = party.match_id AND match.state = 'proposed'
JOIN match_allocation AS part ON part.city = party.city AND part.match_id = party.match_id
    AND part.stakeholder_id = giver.stakeholder_id
WHERE giver.vetted_until > $1 AND giver.vetted_until <= $2
"""
_FOLLOW_MANAGERS = """
WITH touched AS (
    UPDATE match_party AS party SET account_manager_id = guide.account_manager_id
    FROM stakeholder AS guide, match
    WHERE guide.city = $1 AND guide.stakeholder_id = ANY($2::uuid[])
        AND party.city = guide.city AND party.stakeholder_id = guide.stakeholder_id
        AND match.city = party.city AND match.match_id = party.match_id AND match.state IN ('proposed', 'accepted')
        AND party.account_manager_id IS DISTINCT FROM guide.account_manager_id
    RETURNING party.city, party.match_id, party.account_manager_id)
UPDATE match SET account_manager_id = touched.account_manager_id
FROM touched
WHERE match.city = touched.city AND match.match_id = touched.match_id AND match.account_manager_id IS NULL
"""


@dataclass(frozen=True, slots=True)
class Draft:
    """A proposal about to be stored under ``match_id``."""

    match_id: UUID
    proposal: Proposal


class MatchStore:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._history = HistoryStore(connection)

    async def propose(self, scope: Scope, drafts: Sequence[Draft], now: datetime, expires_at: datetime) -> set[UUID]:
        """Stores proposals; returns which. One whose set is open for its need already is left out."""
        found = await self._connection.fetch(_PROPOSE, scope.city, rows(map(_header, drafts)), now, expires_at)
        stored = {row["match_id"] for row in found}
        kept = [draft for draft in drafts if draft.match_id in stored]
        if kept:
            parties = [_party_row(draft, index, one) for draft in kept for index, one in _parties_of(draft)]
            parts = [_part_row(draft, index) for draft in kept for index in range(len(draft.proposal.shares))]
            await self._connection.execute(_PROPOSE_PARTS, scope.city, rows(parties), rows(parts))
        return stored

    async def copy(self, scope: Scope, match_id: UUID, new_id: UUID, now: datetime) -> Grounds | None:
        """Stores the same proposal again as ``new_id``, unanswered; None when its set is open for the need already."""
        row = await self._connection.fetchrow(_COPY, scope.city, match_id, new_id, now)
        if row is None:
            return None
        await self._connection.execute(_COPY_PARTS, scope.city, match_id, new_id)
        reasons = tuple(Reason.model_validate(one) for one in row["reasons"])
        return Grounds(row["score"], reasons, row["rules_version"])

    async def locked(self, scope: Scope, ids: Collection[UUID]) -> dict[UUID, Match]:
        """These matches, locked in the order of their ids; unknown ones are missing."""
        return await self._load(scope, ids, f"{_MATCHES} FOR UPDATE")

    async def open_set(self, scope: Scope, need_id: UUID, key: str) -> UUID | None:
        """The open match of the need that brings together these very lines."""
        found: UUID | None = await self._connection.fetchval(
            "SELECT match_id FROM match WHERE city = $1 AND need_id = $2 AND set_key = $3"
            " AND state IN ('proposed', 'accepted')",
            scope.city,
            need_id,
            key,
        )
        return found

    async def proposed_since(self, scope: Scope, need_id: UUID, since: datetime) -> set[UUID]:
        """Ids of the need's open matches that were proposed after ``since``."""
        found = await self._connection.fetch(
            "SELECT match_id FROM match WHERE city = $1 AND need_id = $2 AND proposed_at >= $3"
            " AND state IN ('proposed', 'accepted')",
            scope.city,
            need_id,
            since,
        )
        return {row["match_id"] for row in found}

    async def save(self, scope: Scope, before: Mapping[UUID, Match], after: Sequence[Match]) -> None:
        """Stores what changed between ``before`` (loaded locked) and ``after``."""
        heads, parties, parts = [], [], []
        for match in after:
            old = before[match.match_id]
            if head_change(old) != head_change(match):
                heads.append(head_change(match))
            parties += [party_change(match, one) for one in match.parties if one not in old.parties]
            parts += [part_change(match, one) for one in match.parts if one not in old.parts]
        for statement, changes in ((_SAVE, heads), (_SAVE_PARTIES, parties), (_SAVE_PARTS, parts)):
            if changes:
                await self._connection.execute(statement, scope.city, rows(changes))

    async def open_with_offers(self, scope: Scope, offers: Collection[UUID]) -> set[UUID]:
        """Ids of the open matches in which one of these offers has a part."""
        found = await self._connection.fetch(_OPEN_WITH_OFFERS, scope.city, list(offers))
        return {row["match_id"] for row in found}

    async def open_for_needs(self, scope: Scope, needs: Collection[UUID]) -> set[UUID]:
        """Ids of the open matches for these needs."""
        found = await self._connection.fetch(_OPEN_FOR_NEEDS, scope.city, list(needs))
        return {row["match_id"] for row in found}

    async def set_keys(self, scope: Scope, ids: Collection[UUID]) -> dict[UUID, str]:
        """Which lines meet which, as the key of the proposal that each match came from."""
        found = await self._connection.fetch(
            "SELECT match_id, set_key FROM match WHERE city = $1 AND match_id = ANY($2::uuid[])", scope.city, list(ids)
        )
        return {row["match_id"]: row["set_key"] for row in found}

    async def follow_managers(self, scope: Scope, stakeholders: Collection[UUID]) -> None:
        """Open matches get the account manager their parties have now."""
        await self._connection.execute(_FOLLOW_MANAGERS, scope.city, list(stakeholders))

    async def lapsed(self, since: datetime, now: datetime) -> dict[str, set[UUID]]:
        """By city: offers in open proposals whose giver's check lapsed in that time."""
        offers: dict[str, set[UUID]] = {}
        for row in await self._connection.fetch(_LAPSED, since, now):
            offers.setdefault(row["city"], set()).add(row["offer_id"])
        return offers

    async def overdue(self, now: datetime, limit: int) -> tuple[Scope, set[UUID]] | None:
        """Proposals of one city past their time that no other instance is at, locked; None when there are none."""
        found = await self._connection.fetch(
            "SELECT city, match_id FROM match WHERE state = 'proposed' AND expires_at <= $1"
            " ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED",
            now,
            limit,
        )
        if not found:
            return None
        city = found[0]["city"]
        return Scope(city, "expiry"), {row["match_id"] for row in found if row["city"] == city}

    async def _load(self, scope: Scope, ids: Collection[UUID], statement: str) -> dict[UUID, Match]:
        wanted = list(ids)
        if not wanted:
            return {}
        heads = await self._connection.fetch(statement, scope.city, wanted)
        parties: dict[UUID, list[MatchParty]] = {}
        for row in await self._connection.fetch(_PARTIES, scope.city, wanted):
            parties.setdefault(row["match_id"], []).append(_party(row))
        parts: dict[UUID, list[Part]] = {}
        for row in await self._connection.fetch(_PARTS, scope.city, wanted):
            parts.setdefault(row["match_id"], []).append(_part(row))
        last = await self._history.last(scope, [row["match_id"] for row in heads])
        return {
            row["match_id"]: Match(
                **_head(row),
                parties=tuple(parties[row["match_id"]]),
                parts=tuple(parts[row["match_id"]]),
                last=last.get(row["match_id"]),
            )
            for row in heads
        }


def _head(row: asyncpg.Record) -> dict[str, Any]:
    return dict(row) | {
        "with_departments": tuple(row["with_departments"]),
        "due_on": _due(row["due_on"]),
        "asked": Asked.model_validate(row["asked"]) if row["asked"] else None,
    }


def _due(day: date) -> date | None:
    return None if day == NO_DEADLINE else day


def _header(draft: Draft) -> dict[str, Any]:
    proposal, need = draft.proposal, draft.proposal.need.state
    return {
        "match_id": draft.match_id,
        "need_id": need.need_id,
        "set_key": proposal.key,
        "basis": proposal.basis,
        "need_title": need.title,
        "department": need.department,
        "with_departments": need.with_departments,
        "policy_area": need.policy_area,
        "triangulation": proposal.triangulation,
        "answers": proposal.answers,
        "score": proposal.score,
        "rules_version": proposal.rules_version,
        "reasons": [reason.model_dump() for reason in proposal.reasons],
        "account_manager_id": proposal.account_manager_id,
        "beneficiaries": need.beneficiaries,
        "expected_return": proposal.expected_return,
        "planned": proposal.planned,
        "due_on": proposal.due_on or NO_DEADLINE,
        "said": " ".join(searched(need.title, *(party.name for party in proposal.parties))),
    }


def _parties_of(draft: Draft) -> list[tuple[int, Party]]:
    return list(enumerate(draft.proposal.parties))


def _party_row(draft: Draft, position: int, party: Party) -> dict[str, Any]:
    return party.model_dump(mode="json") | {"match_id": draft.match_id, "position": position}


def _part_row(draft: Draft, position: int) -> dict[str, Any]:
    share = draft.proposal.shares[position]
    return share.allocation.model_dump(mode="json") | {
        "match_id": draft.match_id,
        "position": position,
        "to_agree": share.to_agree,
        "offer_version": share.offer_version,
    }


def _party(row: asyncpg.Record) -> MatchParty:
    return MatchParty(
        party=Party(**{name: row[name] for name in Party.model_fields}),
        consent=row["consent"],
        channel=row["channel"],
        note=row["note"],
        decided_by=row["decided_by"],
        decided_at=row["decided_at"],
        carried=row["carried"],
    )


def _part(row: asyncpg.Record) -> Part:
    return Part(
        position=row["position"],
        allocation=_allocation(row),
        offer_version=row["offer_version"],
        reserved=row["reserved"],
        committed=row["committed"],
        delivered=row["delivered"],
        recorded=row["recorded"],
    )


def _allocation(row: asyncpg.Record) -> ProposedAllocation:
    fields = {name: row[name] for name in ProposedAllocation.model_fields}
    return ProposedAllocation(**fields | ({"quantity": None} if row["to_agree"] else {}))
