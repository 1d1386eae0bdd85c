"""Writing the projection ``cases``. Every statement may be repeated and meet its rows in any order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.database.pool import Connection
from services.notifications.domain.story import Link

TABLES = ("timeline_entry", "thread_link", "case_file", "stakeholder_card", "match_card")

_ENTRIES = """
INSERT INTO timeline_entry (city, source, event_id, thread, happened_at, event_type, aggregate_version, reach, match_id,
    stakeholder_ids, department, ids, facts)
SELECT $1, source, event_id, thread, happened_at, event_type, aggregate_version, reach, match_id,
    stakeholder_ids, department, ids, facts
FROM jsonb_to_recordset($2::jsonb) AS row (source text, event_id text, thread uuid, happened_at timestamptz,
    event_type text, aggregate_version integer, reach text, match_id uuid, stakeholder_ids uuid[], department text,
    ids jsonb, facts jsonb)
ON CONFLICT DO NOTHING
"""
_LINKS = """
INSERT INTO thread_link (city, case_id, thread, kind)
SELECT $1, case_id, thread, kind
FROM unnest($2::uuid[], $3::uuid[], $4::text[]) AS row (case_id, thread, kind)
ON CONFLICT DO NOTHING
"""
_CASES = """
INSERT INTO case_file (city, case_id, version, title, department, with_departments, policy_area, account_manager_id,
    state_version, state, first_at, last_at)
SELECT $1, case_id, version, title, department, with_departments, policy_area, account_manager_id,
    state_version, state, first_at, last_at
FROM jsonb_to_recordset($2::jsonb) AS row (case_id uuid, version integer, title text, department text,
    with_departments text[], policy_area text, account_manager_id text, state_version integer, state text,
    first_at timestamptz, last_at timestamptz)
ORDER BY case_id
ON CONFLICT (city, case_id) DO UPDATE SET
    version = greatest(case_file.version, excluded.version),
    title = CASE WHEN excluded.version > case_file.version THEN excluded.title ELSE case_file.title END,
    department = CASE WHEN excluded.version > case_file.version THEN excluded.department ELSE case_file.department END,
    with_departments = CASE WHEN excluded.version > case_file.version
        THEN excluded.with_departments ELSE case_file.with_departments END,
    policy_area = CASE WHEN excluded.version > case_file.version
        THEN excluded.policy_area ELSE case_file.policy_area END,
    account_manager_id = CASE WHEN excluded.version > case_file.version
        THEN excluded.account_manager_id ELSE case_file.account_manager_id END,
    state_version = greatest(case_file.state_version, excluded.state_version),
    state = CASE WHEN excluded.state_version > case_file.state_version THEN excluded.state ELSE case_file.state END,
    first_at = least(case_file.first_at, excluded.first_at),
    last_at = greatest(case_file.last_at, excluded.last_at)
"""
_NAMES = """
INSERT INTO stakeholder_card (city, stakeholder_id, version, name)
SELECT $1, stakeholder_id, version, name
FROM unnest($2::uuid[], $3::integer[], $4::text[]) AS row (stakeholder_id, version, name)
ORDER BY stakeholder_id
ON CONFLICT (city, stakeholder_id) DO UPDATE SET version = excluded.version, name = excluded.name
WHERE stakeholder_card.version < excluded.version
"""
_MANAGERS = """
INSERT INTO stakeholder_card (city, stakeholder_id, manager_version, account_manager_id, covered_by)
SELECT $1, stakeholder_id, version, account_manager_id, covered_by
FROM unnest($2::uuid[], $3::integer[], $4::text[], $5::text[])
    AS row (stakeholder_id, version, account_manager_id, covered_by)
ORDER BY stakeholder_id
ON CONFLICT (city, stakeholder_id) DO UPDATE SET manager_version = excluded.manager_version,
    account_manager_id = excluded.account_manager_id, covered_by = excluded.covered_by
WHERE stakeholder_card.manager_version < excluded.manager_version
"""
_MATCHES = """
INSERT INTO match_card (city, match_id, version, case_id, stakeholder_ids)
SELECT $1, match_id, version, case_id, stakeholder_ids
FROM jsonb_to_recordset($2::jsonb) AS row (match_id uuid, version integer, case_id uuid, stakeholder_ids uuid[])
ORDER BY match_id
ON CONFLICT (city, match_id) DO UPDATE SET version = excluded.version, stakeholder_ids = excluded.stakeholder_ids
WHERE match_card.version < excluded.version
"""


@dataclass(frozen=True)
class Entry:
    """One event as the timeline keeps it."""

    source: str
    event_id: str
    thread: UUID
    happened_at: datetime
    event_type: str
    aggregate_version: int | None
    reach: str
    match_id: UUID | None
    stakeholder_ids: tuple[UUID, ...]
    department: str | None
    ids: dict[str, str]
    facts: dict[str, Any]


@dataclass(frozen=True)
class CaseFile:
    """What one or more events say of a case; see ``case_file`` for the versions."""

    case_id: UUID
    first_at: datetime
    last_at: datetime
    version: int = -1
    title: str | None = None
    department: str | None = None
    with_departments: tuple[str, ...] = ()
    policy_area: str | None = None
    account_manager_id: str | None = None
    state_version: int = 0
    state: str = "open"


class Timeline:
    """Set-based writes of the projection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, city: str, entries: Sequence[Entry]) -> None:
        await self._connection.execute(_ENTRIES, city, list(entries))

    async def link(self, city: str, links: Sequence[Link]) -> None:
        ordered = sorted(set(links), key=lambda link: (link.case_id, link.thread))
        columns = [
            [link.case_id for link in ordered],
            [link.thread for link in ordered],
            [link.kind for link in ordered],
        ]
        await self._connection.execute(_LINKS, city, *columns)

    async def file(self, city: str, files: Sequence[CaseFile]) -> None:
        """``files`` name each case once."""
        await self._connection.execute(_CASES, city, list(files))

    async def name(self, city: str, names: dict[UUID, tuple[int, str]]) -> None:
        """Names of stakeholders with the version they come from."""
        versions, texts = [one[0] for one in names.values()], [one[1] for one in names.values()]
        await self._connection.execute(_NAMES, city, list(names), versions, texts)

    async def assign(self, city: str, managers: dict[UUID, tuple[int, str, str | None]]) -> None:
        """Account managers of stakeholders and who covers for them, with the version they come from."""
        columns = [list(column) for column in zip(*managers.values(), strict=True)]
        await self._connection.execute(_MANAGERS, city, list(managers), *columns)

    async def match(self, city: str, matches: dict[UUID, tuple[int, UUID, tuple[UUID, ...]]]) -> None:
        """The case and the organisations of matches, with the version they come from."""
        rows = [
            {"match_id": match, "version": version, "case_id": case, "stakeholder_ids": stakeholders}
            for match, (version, case, stakeholders) in matches.items()
        ]
        await self._connection.execute(_MATCHES, city, rows)
