"""Plans: opened once, then moved on by the facts recorded under them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from chassis.database.pool import Connection
from chassis.scope import Scope
from contracts.events.agreements import AgreementSigned
from contracts.values import Allocation, OfferPartner, Party, PlannedIndicator, Recurrence
from services.impact.domain.plan import Accompanying, Commitment, Indicator, Plan
from services.impact.domain.states import State

_PLAN = """
INSERT INTO plan (city, plan_id, match_id, need_id, department, stakeholder_ids, account_manager_id, title, policy_area,
    instrument, protocol_number, signed_on, valid_to, state, version, opened_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'open', 1, $14)
ON CONFLICT DO NOTHING RETURNING true
"""
_PARTY = """
INSERT INTO party (city, plan_id, party_id, role, department, stakeholder_id, name, partners)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
_COMMITMENT = """
INSERT INTO commitment (city, plan_id, position, offer_id, offer_line, need_line, stakeholder_id, kind, capability,
    quantity, unit, recurs_every, recurs_times, value_cents, description)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
"""
_INDICATOR = """
INSERT INTO planned_indicator (city, plan_id, position, code, title_it, title_en, unit, baseline, target, final, due_on)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
_INDICATOR_AGAIN = """
ON CONFLICT (city, plan_id, code) DO UPDATE SET position = EXCLUDED.position, title_it = EXCLUDED.title_it,
    title_en = EXCLUDED.title_en, baseline = EXCLUDED.baseline, target = EXCLUDED.target, final = EXCLUDED.final,
    due_on = EXCLUDED.due_on
"""
_COMMITMENTS = """
SELECT c.*, coalesce(sum(d.quantity_now), 0) AS delivered, coalesce(bool_or(NOT d.accompanying), false) AS recorded
FROM commitment c LEFT JOIN delivery_now d USING (city, plan_id, position)
WHERE c.city = $1 AND c.plan_id = $2
GROUP BY c.city, c.plan_id, c.position ORDER BY c.position
"""
_INDICATORS = """
SELECT p.*, EXISTS (SELECT FROM measurement m
    WHERE m.city = p.city AND m.plan_id = p.plan_id AND m.code = p.code AND m.final) AS measured
FROM planned_indicator p WHERE p.city = $1 AND p.plan_id = $2 ORDER BY p.position
"""
_ACCOMPANYING = """
SELECT delivery_id, position, quantity_now, value_now FROM delivery_now
WHERE city = $1 AND plan_id = $2 AND accompanying ORDER BY plan_version
"""


class Plans:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def open(self, scope: Scope, plan: Plan, agreement: AgreementSigned, now: datetime) -> bool:
        """Keeps a new plan; false when it is known already."""
        new = await self._connection.fetchval(
            _PLAN,
            scope.city,
            plan.plan_id,
            plan.match_id,
            plan.need_id,
            plan.department,
            list(plan.stakeholder_ids),
            plan.account_manager_id,
            plan.title,
            plan.policy_area,
            agreement.instrument,
            agreement.protocol_number,
            agreement.signed_on,
            agreement.valid_to,
            now,
        )
        if new:
            key = (scope.city, plan.plan_id)
            await self._connection.executemany(_PARTY, [(*key, *_party_row(party)) for party in plan.parties])
            await self._connection.executemany(_COMMITMENT, [(*key, *_commitment_row(one)) for one in plan.commitments])
            await self._connection.executemany(
                _INDICATOR,
                [(*key, position, *_indicator_row(one.planned)) for position, one in enumerate(plan.indicators)],
            )
        return bool(new)

    async def find(self, scope: Scope, plan_id: UUID, *, lock: bool = False) -> Plan | None:
        """The plan with its sums; ``lock`` it to change it."""
        row = await self._connection.fetchrow(
            f"SELECT * FROM plan WHERE city = $1 AND plan_id = $2{' FOR UPDATE' if lock else ''}", scope.city, plan_id
        )
        if row is None:
            return None
        parties = await self._connection.fetch(
            "SELECT * FROM party WHERE city = $1 AND plan_id = $2 ORDER BY party_id", scope.city, plan_id
        )
        commitments = await self._connection.fetch(_COMMITMENTS, scope.city, plan_id)
        indicators = await self._connection.fetch(_INDICATORS, scope.city, plan_id)
        accompanying = await self._connection.fetch(_ACCOMPANYING, scope.city, plan_id)
        return Plan(
            plan_id=row["plan_id"],
            version=row["version"],
            match_id=row["match_id"],
            need_id=row["need_id"],
            department=row["department"],
            stakeholder_ids=tuple(row["stakeholder_ids"]),
            account_manager_id=row["account_manager_id"],
            title=row["title"],
            policy_area=row["policy_area"],
            state=State(row["state"]),
            closed_on=row["closed_on"],
            parties=tuple(_party(one) for one in parties),
            commitments=tuple(_commitment(one) for one in commitments),
            indicators=tuple(_indicator(one) for one in indicators),
            accompanying=tuple(Accompanying(*one.values()) for one in accompanying),
            signed_on=row["signed_on"],
        )

    async def amend(self, scope: Scope, plan: Plan, valid_to: date | None) -> None:
        """Keeps what an amendment made of the plan. Indicators without any reading that are gone, are gone."""
        key = (scope.city, plan.plan_id)
        await self._connection.executemany(
            "UPDATE commitment SET quantity = $4, value_cents = $5 WHERE city = $1 AND plan_id = $2 AND position = $3",
            [(*key, one.position, one.promised.quantity, one.promised.value_cents) for one in plan.commitments],
        )
        await self._connection.execute(
            "DELETE FROM planned_indicator WHERE city = $1 AND plan_id = $2 AND code <> ALL($3)",
            *key,
            [one.planned.code for one in plan.indicators],
        )
        await self._connection.executemany(
            _INDICATOR + _INDICATOR_AGAIN,
            [(*key, position, *_indicator_row(one.planned)) for position, one in enumerate(plan.indicators)],
        )
        await self._connection.execute("UPDATE plan SET valid_to = $3 WHERE city = $1 AND plan_id = $2", *key, valid_to)

    async def advance(self, scope: Scope, plan: Plan, now: datetime) -> None:
        """Keeps the plan's new version and state."""
        await self._connection.execute(
            "UPDATE plan SET version = $3, state = $4,"
            " fulfilled_at = CASE WHEN $4 = 'fulfilled' THEN coalesce(fulfilled_at, $5) END"
            " WHERE city = $1 AND plan_id = $2",
            scope.city,
            plan.plan_id,
            plan.version,
            str(plan.state),
            now,
        )

    async def close(self, scope: Scope, plan_id: UUID, state: State, on: date, reason: str) -> None:
        await self._connection.execute(
            "UPDATE plan SET state = $3, closed_on = $4, closing_reason = $5 WHERE city = $1 AND plan_id = $2",
            scope.city,
            plan_id,
            str(state),
            on,
            reason,
        )


def _party_row(party: Party) -> tuple[Any, ...]:
    partners = [partner.stakeholder_id for partner in party.partners]
    return (party.party_id, party.role, party.department, party.stakeholder_id, party.name, partners)


def _commitment_row(commitment: Commitment) -> tuple[Any, ...]:
    promised = commitment.promised
    recurrence = promised.recurrence
    return (
        commitment.position,
        promised.offer_id,
        promised.offer_line,
        promised.need_line,
        promised.stakeholder_id,
        promised.kind,
        promised.capability,
        promised.quantity,
        promised.unit,
        recurrence.every if recurrence else None,
        recurrence.times if recurrence else None,
        promised.value_cents,
        promised.description,
    )


def _indicator_row(planned: PlannedIndicator) -> tuple[Any, ...]:
    return (
        planned.code,
        planned.title_it,
        planned.title_en,
        planned.unit,
        planned.baseline,
        planned.target,
        planned.final,
        planned.due_on,
    )


def _party(row: asyncpg.Record) -> Party:
    return Party(
        party_id=row["party_id"],
        role=row["role"],
        department=row["department"],
        stakeholder_id=row["stakeholder_id"],
        name=row["name"],
        partners=tuple(OfferPartner(stakeholder_id=partner) for partner in row["partners"]),
    )


def recurrence_of(row: asyncpg.Record) -> Recurrence | None:
    return Recurrence(every=row["recurs_every"], times=row["recurs_times"]) if row["recurs_times"] else None


def _commitment(row: asyncpg.Record) -> Commitment:
    fields = ("offer_id", "offer_line", "need_line", "stakeholder_id", "kind", "capability", "quantity", "unit")
    promised = Allocation(
        **{name: row[name] for name in (*fields, "value_cents", "description")}, recurrence=recurrence_of(row)
    )
    return Commitment(row["position"], promised, row["delivered"], row["recorded"])


def _indicator(row: asyncpg.Record) -> Indicator:
    fields = ("code", "title_it", "title_en", "unit", "baseline", "target", "final", "due_on")
    return Indicator(PlannedIndicator(**{name: row[name] for name in fields}), row["measured"])
