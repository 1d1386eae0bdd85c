"""Candidates by index, never by a scan: which offers may meet which needs, and both as the domain sees them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID

import asyncpg

from chassis.database.pool import Connection
from chassis.scope import Scope
from contracts.events.intake import NeedRegistered, OfferReceived
from contracts.values import StakeholderType
from services.matching.domain import filters
from services.matching.domain.proposals import Memory
from services.matching.domain.search import Search
from services.matching.domain.subjects import LineState, Need, Offer, Stakeholder
from services.matching.store import finding
from services.matching.text import TEXT_VERSION, Profile

_LINES = """
(SELECT jsonb_agg(jsonb_build_array(line.line, line.free::text, line.open_ended) ORDER BY line.line)
    FROM ledger_line AS line WHERE line.city = $1 AND line.subject_id = {key}) AS lines
"""
_OFFERS = f"""
SELECT offer.offer_id, offer.version, offer.state, offer.snapshot, offer.words, offer.stakeholder_id,
    offer.terms, offer.direction, offer.text_version,
    giver.name, giver.vetting, giver.vetted_until, giver.account_manager_id, giver.stakeholder_type,
    CASE WHEN answered.state IS NULL OR answered.state = 'open' THEN offer.answers_need_id END AS promised_to,
    {_LINES.format(key="offer.offer_id")}
FROM offer
LEFT JOIN stakeholder AS giver ON giver.city = offer.city AND giver.stakeholder_id = offer.stakeholder_id
LEFT JOIN need AS answered ON answered.city = offer.city AND answered.need_id = offer.answers_need_id
WHERE offer.city = $1 AND offer.offer_id = ANY($2::uuid[])
"""
# A yes to a match that goes on as another one stands, or not, in that one.
_PAST = """
SELECT party.stakeholder_id, match.department, count(*) FILTER (WHERE party.consent = 'given') AS accepted,
    count(*) AS decided
FROM match_party AS party
JOIN match ON match.city = party.city AND match.match_id = party.match_id
WHERE party.city = $1 AND party.stakeholder_id = ANY($2::uuid[]) AND party.role = 'giver' AND party.consent <> 'pending'
    AND (party.consent = 'declined' OR match.replaced_by IS NULL)
GROUP BY party.stakeholder_id, match.department
"""
_NEEDS = f"""
SELECT need.need_id, need.version, need.state, need.snapshot, need.words,
    need.terms, need.direction, need.text_version, {_LINES.format(key="need.need_id")}
FROM need WHERE need.city = $1 AND need.need_id = ANY($2::uuid[])
"""
_RECEIVERS = """
SELECT DISTINCT one.stakeholder_id, one.name, one.vetting, one.vetted_until, one.account_manager_id,
    one.stakeholder_type
FROM need_receiver AS receiver
JOIN stakeholder AS one ON one.city = receiver.city AND one.stakeholder_id = receiver.stakeholder_id
WHERE receiver.city = $1 AND receiver.need_id = ANY($2::uuid[])
"""
_KINDS = """
SELECT stakeholder_id, stakeholder_type FROM stakeholder
WHERE city = $1 AND stakeholder_id = ANY($2::uuid[]) AND stakeholder_type IS NOT NULL
"""
_MEMORY = """
SELECT need_id, set_key, basis, state, reason_code FROM match
WHERE city = $1 AND need_id = ANY($2::uuid[])
    AND (state IN ('proposed', 'accepted', 'declined', 'released') OR reason_code = 'timeout')
    AND reason_code IS DISTINCT FROM 'undone'
"""
_REFUSED = """
SELECT match.need_id, part.offer_id, part.offer_version
FROM match
JOIN match_party AS party ON party.city = match.city AND party.match_id = match.match_id
    AND party.consent = 'declined' AND party.role = 'giver'
JOIN match_allocation AS part ON part.city = match.city AND part.match_id = match.match_id
    AND part.stakeholder_id = party.stakeholder_id
WHERE match.city = $1 AND match.need_id = ANY($2::uuid[]) AND match.state = 'declined'
"""


_USUAL_TERMS = """
SELECT term FROM (
    SELECT unnest(terms) AS term FROM (SELECT terms FROM need WHERE text_version = $3 LIMIT $1) AS asked
    UNION ALL
    SELECT unnest(terms) FROM (SELECT terms FROM offer WHERE text_version = $3 LIMIT $1) AS offered) AS said
GROUP BY term ORDER BY count(*) DESC, term LIMIT $2
"""


class CandidateStore:
    """Reads for proposing; nothing here locks."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def offers_for(self, scope: Scope, needs: Collection[UUID], search: Search) -> dict[UUID, list[UUID]]:
        """By need: the offers that answer it, then those that promise most for its lines and what it requires."""
        return await self._found(finding.OFFERS_FOR_NEEDS, scope, needs, search)

    async def needs_for(self, scope: Scope, offers: Collection[UUID], search: Search) -> dict[UUID, list[UUID]]:
        """By offer: the need it answers, then those that ask for its lines or capabilities and promise most."""
        return await self._found(finding.NEEDS_FOR_OFFERS, scope, offers, search)

    async def _found(
        self, statement: str, scope: Scope, subjects: Collection[UUID], search: Search
    ) -> dict[UUID, list[UUID]]:
        found: dict[UUID, dict[UUID, None]] = {subject: {} for subject in subjects}
        rows = await self._connection.fetch(statement, *finding.arguments(scope, subjects, search))
        for subject, other, _ in rows:
            found[subject][other] = None
        return {subject: list(others) for subject, others in found.items()}

    async def offers(self, scope: Scope, ids: Collection[UUID]) -> dict[UUID, Offer]:
        """These offers with their givers and what is left of them."""
        found = await self._connection.fetch(_OFFERS, scope.city, list(ids)) if ids else []
        past = await self._past(scope, {row["stakeholder_id"] for row in found})
        behind = {UUID(one["stakeholder_id"]) for row in found for one in row["snapshot"].get("partners") or ()}
        kinds = await self.kinds(scope, behind)
        offers = {row["offer_id"]: _offer(row, past.get(row["stakeholder_id"], {}), kinds) for row in found}
        answered = await self.needs(scope, {one.promised_to for one in offers.values() if one.promised_to})
        return {one: _unbound(offer, answered) for one, offer in offers.items()}

    async def kinds(self, scope: Scope, stakeholders: Collection[UUID]) -> dict[UUID, StakeholderType]:
        """What these organisations are (company, association …), as far as it is known."""
        found = await self._connection.fetch(_KINDS, scope.city, list(stakeholders)) if stakeholders else []
        return {row["stakeholder_id"]: row["stakeholder_type"] for row in found}

    async def _past(self, scope: Scope, givers: Collection[UUID]) -> dict[UUID, dict[str, tuple[int, int]]]:
        """By giver and department: how many matches the giver accepted, of how many it decided."""
        past: dict[UUID, dict[str, tuple[int, int]]] = {}
        for row in await self._connection.fetch(_PAST, scope.city, list(givers)) if givers else []:
            past.setdefault(row["stakeholder_id"], {})[row["department"]] = (row["accepted"], row["decided"])
        return past

    async def needs(self, scope: Scope, ids: Collection[UUID]) -> dict[UUID, Need]:
        """These needs with their receivers and what is still open of them."""
        found = await self._connection.fetch(_NEEDS, scope.city, list(ids)) if ids else []
        naming = [row["need_id"] for row in found if row["snapshot"].get("receivers")]
        receivers: dict[UUID, Stakeholder] = {}
        if naming:
            people = await self._connection.fetch(_RECEIVERS, scope.city, naming)
            receivers = {row["stakeholder_id"]: _stakeholder(row) for row in people}
        return {row["need_id"]: _need(row, receivers) for row in found}

    async def usual_terms(self, texts: int, most: int) -> list[str]:
        """What is said most often, of all cities, in up to ``texts`` needs and as many offers: up to ``most`` terms."""
        return [row["term"] for row in await self._connection.fetch(_USUAL_TERMS, texts, most, TEXT_VERSION)]

    async def memory(self, scope: Scope, needs: Collection[UUID]) -> tuple[dict[UUID, Memory], dict[UUID, set[str]]]:
        """By need: what was decided before, and the keys of its open matches."""
        found = await self._connection.fetch(_MEMORY, scope.city, list(needs))
        settled: dict[UUID, set[tuple[str, str]]] = {}
        open_sets: dict[UUID, set[str]] = {}
        for row in found:
            if row["state"] in ("proposed", "accepted"):
                open_sets.setdefault(row["need_id"], set()).add(row["set_key"])
            else:
                settled.setdefault(row["need_id"], set()).add((row["set_key"], row["basis"]))
        refused: dict[UUID, set[tuple[UUID, int]]] = {}
        if any(row["state"] == "declined" for row in found):
            for row in await self._connection.fetch(_REFUSED, scope.city, list(needs)):
                refused.setdefault(row["need_id"], set()).add((row["offer_id"], row["offer_version"]))
        return {
            need_id: Memory(frozenset(settled.get(need_id, ())), frozenset(refused.get(need_id, ())))
            for need_id in settled.keys() | refused.keys()
        }, open_sets


def _offer(row: asyncpg.Record, past: Mapping[str, tuple[int, int]], kinds: Mapping[UUID, StakeholderType]) -> Offer:
    state = OfferReceived.model_validate(row["snapshot"] | {"version": row["version"]})
    return Offer(
        state=state,
        is_open=row["state"] == "open",
        lines=_lines(state.lines, row["lines"]),
        words=frozenset(row["words"]),
        giver=_stakeholder(row, past),
        promised_to=row["promised_to"],
        was_withdrawn=row["state"] == "withdrawn",
        profile=_profile(row),
        partner_kinds={one.stakeholder_id: kind for one in state.partners if (kind := kinds.get(one.stakeholder_id))},
    )


def _unbound(offer: Offer, answered: Mapping[UUID, Need]) -> Offer:
    """An offer is promised to no need that will never take it."""
    need = answered.get(offer.promised_to) if offer.promised_to else None
    return replace(offer, promised_to=None) if need is not None and filters.kept_apart(need, offer) else offer


def _need(row: asyncpg.Record, known: Mapping[UUID, Stakeholder]) -> Need:
    state = NeedRegistered.model_validate(row["snapshot"] | {"version": row["version"]})
    return Need(
        state=state,
        is_open=row["state"] == "open",
        lines=_lines(state.lines, row["lines"]),
        words=frozenset(row["words"]),
        receivers={one: known[one] for one in state.receivers if one in known},
        was_withdrawn=row["state"] == "withdrawn",
        profile=_profile(row),
    )


def _profile(row: asyncpg.Record) -> Profile | None:
    """None for a row from before profiles, or of another version: such are not comparable."""
    return Profile.stored(row["terms"], row["direction"]) if row["text_version"] == TEXT_VERSION else None


def _stakeholder(row: asyncpg.Record, past: Mapping[str, tuple[int, int]] = MappingProxyType({})) -> Stakeholder:
    return Stakeholder(
        row["stakeholder_id"],
        row["name"],
        row["vetting"] or "pending",
        row["vetted_until"],
        row["account_manager_id"],
        past,
        row["stakeholder_type"],
    )


def _lines(lines: Sequence[Any], balances: Sequence[Any] | None) -> tuple[LineState, ...]:
    """Lines of the snapshot with their balances; a line taken away keeps its balance but is no candidate."""
    return tuple(
        LineState(index, lines[index], Decimal(free), open_ended)
        for index, free, open_ended in balances or ()
        if index < len(lines)
    )
