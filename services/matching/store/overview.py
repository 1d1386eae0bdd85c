"""Matches and balances as people read them, limited to what they may see."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from chassis.database.pool import Connection
from chassis.scope import Scope
from services.matching.store import listing, searching
from services.matching.store.listing import Reach, Wanted

_VISIBLE = """
($2 OR match.department = $3 OR $3 = ANY(match.with_departments) OR EXISTS (
    SELECT FROM match_party AS mine WHERE mine.city = match.city AND mine.match_id = match.match_id
        AND mine.stakeholder_id = ANY($4::uuid[])))
"""
MATCH = """
match.match_id, match.version, match.state, match.need_id, match.need_title, match.department,
match.with_departments, match.policy_area, match.triangulation, match.answers, match.score, match.rules_version,
match.reasons, match.account_manager_id, match.beneficiaries, match.expected_return, match.due_on, match.proposed_at,
match.expires_at, match.reason_code, match.closed_at, match.postponed_until, match.replaces, match.replaced_by,
match.submitted_at, match.asked,
(SELECT jsonb_build_object('act', step.act, 'party_id', step.party_id, 'at', step.at, 'by', step.by)
    FROM match_step AS step WHERE step.city = match.city AND step.match_id = match.match_id AND NOT step.undone
        AND step.act <> 'undo' ORDER BY step.version DESC LIMIT 1) AS last,
(SELECT jsonb_agg(to_jsonb(party) - 'city' - 'match_id' ORDER BY party.position) FROM match_party AS party
    WHERE party.city = match.city AND party.match_id = match.match_id) AS parties,
(SELECT jsonb_agg(to_jsonb(part) - 'city' - 'match_id' || jsonb_build_object('quantity', part.quantity::text,
        'reserved', part.reserved::text, 'committed', part.committed::text, 'delivered', part.delivered::text)
        ORDER BY part.position) FROM match_allocation AS part
    WHERE part.city = match.city AND part.match_id = match.match_id) AS allocations
"""
_ONE = f"SELECT {MATCH} FROM match WHERE match.city = $1 AND {_VISIBLE} AND match.match_id = $5"
_MET = f"""
SELECT EXISTS (SELECT FROM match_allocation AS part JOIN match USING (city, match_id)
    WHERE match.city = $1 AND {_VISIBLE} AND part.offer_id = $5)
"""
_OPEN_FOR_NEED = """
SELECT match.match_id, match.state, match.score, EXISTS (SELECT FROM match_allocation AS part
    WHERE part.city = match.city AND part.match_id = match.match_id AND part.offer_id = $3) AS with_offer
FROM match WHERE match.city = $1 AND match.need_id = $2 AND match.state IN ('proposed', 'accepted')
ORDER BY match.state, match.score DESC
"""
_OWNER = """
SELECT department = $3 OR stakeholder_id = ANY($4::uuid[]) FROM (
    SELECT department, NULL::uuid AS stakeholder_id FROM need WHERE city = $1 AND need_id = $2
    UNION ALL SELECT NULL, stakeholder_id FROM offer WHERE city = $1 AND offer_id = $2) AS subject
"""


class Subject(NamedTuple):
    """A need or an offer by its title; ``whose`` is the department that asks or the organisation that gives."""

    subject_id: UUID
    title: str
    whose: str
    state: str


class OpenMatch(NamedTuple):
    """An open match of a need, and whether some offer takes part."""

    match_id: UUID
    state: str
    score: float
    with_offer: bool


class OverviewStore:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def matches(self, scope: Scope, reach: Reach, wanted: Wanted) -> list[dict[str, Any]]:
        """Up to ``limit + 1`` matches in the order that is wanted."""
        statement, values = listing.one_page(scope, reach, wanted, MATCH)
        return [dict(row) for row in await self._connection.fetch(statement, *values)]

    async def count(self, scope: Scope, reach: Reach, wanted: Wanted) -> int:
        """How many matches are wanted, at most one more than are counted."""
        statement, values = listing.count(scope, reach, wanted)
        return int(await self._connection.fetchval(statement, *values))

    async def match(self, scope: Scope, reach: Reach, match_id: UUID) -> dict[str, Any] | None:
        """The match, None when there is none or it is not theirs to see."""
        row = await self._connection.fetchrow(_ONE, *_whose(scope, reach), match_id)
        return dict(row) if row else None

    async def open_for_need(self, scope: Scope, need_id: UUID, offer_id: UUID) -> list[OpenMatch]:
        """The need's open matches, what is accepted first."""
        found = await self._connection.fetch(_OPEN_FOR_NEED, scope.city, need_id, offer_id)
        return [OpenMatch(*row) for row in found]

    async def needs_like(self, scope: Scope, reach: Reach, words: Sequence[str]) -> list[Subject]:
        """A few needs (see :func:`searching.needs`), open ones first."""
        return await self._open_first(lambda are_open: searching.needs(scope, reach, words, are_open=are_open))

    async def offers_like(self, scope: Scope, words: Sequence[str]) -> list[Subject]:
        """A few offers (see :func:`searching.offers`), open ones first."""
        return await self._open_first(lambda are_open: searching.offers(scope, words, are_open=are_open))

    async def _open_first(self, search: Callable[[bool], tuple[str, Sequence[Any]]]) -> list[Subject]:
        found: list[Subject] = []
        for are_open in (True, False):
            if len(found) < searching.FEW:
                statement, values = search(are_open)
                found += [Subject(*row) for row in await self._connection.fetch(statement, *values)]
        return found[: searching.FEW]

    async def has_met(self, scope: Scope, reach: Reach, offer_id: UUID) -> bool:
        """Whether the offer is, or was, part of a match they may see."""
        return bool(await self._connection.fetchval(_MET, *_whose(scope, reach), offer_id))

    async def may_see_subject(self, scope: Scope, reach: Reach, subject_id: UUID) -> bool:
        """Whether the need or offer is theirs (or everything is)."""
        if reach.everything:
            return True
        return bool(
            await self._connection.fetchval(_OWNER, scope.city, subject_id, reach.department, list(reach.stakeholders))
        )


def _whose(scope: Scope, reach: Reach) -> Sequence[Any]:
    return scope.city, reach.everything, reach.department, list(reach.stakeholders)
