"""An impact plan: what was promised, what came, what is to be measured."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from typing import Any
from uuid import UUID

from contracts.events.agreements import AgreementAmended, AgreementSigned
from contracts.events.impact import ImpactPlanOpened
from contracts.values import Allocation, Party, PlannedIndicator
from services.impact.domain.states import State

ZERO = Decimal(0)
_STEP = Decimal("0.001")


@dataclass(frozen=True)
class Commitment:
    """One line of one offer, promised to the case, with what was delivered of it so far.

    ``promised.quantity`` and ``delivered`` are over all occurrences, in ``promised.unit``. ``recorded`` is true once
    somebody recorded a delivery for it, so that the system no longer does.
    """

    position: int
    promised: Allocation
    delivered: Decimal = ZERO
    recorded: bool = False

    @property
    def quantity(self) -> Decimal:
        return self.promised.quantity

    @property
    def is_main(self) -> bool:
        """Whether it goes to a line of the need; else it brings a capability to those that do."""
        return self.promised.need_line is not None

    @property
    def is_delivered(self) -> bool:
        return self.delivered >= self.quantity

    @property
    def excess(self) -> Decimal:
        """What came beyond the promise: on record, but never counted as committed."""
        return max(self.delivered - self.quantity, ZERO)

    def value_at(self, delivered: Decimal) -> int | None:
        """Value in cents of ``delivered`` of it, pro rata of what the whole is worth; None when no value is known.

        A single delivery is worth the difference between two such values, so the parts always add up to the whole.
        """
        if self.promised.value_cents is None:
            return None
        exact = delivered * self.promised.value_cents / self.quantity
        return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))

    def value_between(self, before: Decimal, after: Decimal) -> int | None:
        """What going from ``before`` to ``after`` delivered adds in value; negative when less was delivered."""
        low, high = self.value_at(before), self.value_at(after)
        return None if low is None or high is None else high - low


@dataclass(frozen=True)
class Indicator:
    """What was agreed to be measured; ``measured`` once a closing reading is on record."""

    planned: PlannedIndicator
    measured: bool = False


@dataclass(frozen=True)
class Accompanying:
    """A delivery that the system recorded for a capability, as it counts now."""

    delivery_id: UUID
    position: int
    quantity: Decimal
    value_cents: int | None


@dataclass(frozen=True)
class Plan:
    """The plan of one agreement; its id is the agreement's."""

    plan_id: UUID
    version: int
    match_id: UUID
    need_id: UUID
    department: str
    stakeholder_ids: tuple[UUID, ...]
    account_manager_id: str | None
    title: str
    policy_area: str
    state: State
    closed_on: date | None
    parties: tuple[Party, ...]
    commitments: tuple[Commitment, ...]
    indicators: tuple[Indicator, ...]
    accompanying: tuple[Accompanying, ...] = ()
    signed_on: date | None = None

    @property
    def departments(self) -> frozenset[str]:
        """The need's department and every other one that is a party."""
        return frozenset({self.department, *(party.department for party in self.parties if party.department)})

    @property
    def is_complete(self) -> bool:
        """Every promise is kept and every closing reading is in. A plan that promises nothing never is."""
        return (
            bool(self.commitments)
            and all(commitment.is_delivered for commitment in self.commitments)
            and all(indicator.measured for indicator in self.indicators if indicator.planned.final)
        )

    def reference(self) -> dict[str, Any]:
        """What every event of a plan carries: whose it is and which version it reports."""
        return {
            "plan_id": self.plan_id,
            "version": self.version,
            "agreement_id": self.plan_id,
            "match_id": self.match_id,
            "need_id": self.need_id,
            "department": self.department,
            "stakeholder_ids": self.stakeholder_ids,
            "account_manager_id": self.account_manager_id,
        }

    def on_line(self, offer_id: UUID, offer_line: int) -> tuple[Commitment, ...]:
        return tuple(
            one
            for one in self.commitments
            if one.promised.offer_id == offer_id and one.promised.offer_line == offer_line
        )

    def indicator(self, code: str) -> Indicator | None:
        return next((one for one in self.indicators if one.planned.code == code), None)

    def served(self, unit: str) -> tuple[Commitment, ...]:
        """What goes to the need in ``unit``."""
        return tuple(one for one in self.commitments if one.is_main and one.promised.unit == unit)

    def due_to_accompany(self, commitment: Commitment) -> Decimal | None:
        """How much of a capability goes with what has been delivered; None when that does not follow.

        It follows only for a capability counted in the unit of what it serves: 40 pieces brought were 40 pieces
        refurbished, but how many volunteers came does not follow from kilograms.
        """
        if commitment.is_main or commitment.recorded:
            return None
        served = self.served(commitment.promised.unit)
        if not served:
            return None
        came = sum((min(one.delivered, one.quantity) for one in served), ZERO)
        promised = sum((one.quantity for one in served), ZERO)
        # Multiplied first: a share such as 40/271 has no exact decimal, and everything must come to everything.
        return (commitment.quantity * came / promised).quantize(_STEP, rounding=ROUND_DOWN)

    def with_commitment(self, changed: Commitment) -> Plan:
        return replace(
            self, commitments=tuple(changed if one.position == changed.position else one for one in self.commitments)
        )

    def amended(self, agreement: AgreementAmended) -> Plan:
        """The plan as the agreement has it from now on: other quantities and targets; facts stay as they are.

        A reading that was made is kept with its indicator, also when it is not asked for any more.
        """
        promised = {_line(one): one for one in _merged(agreement.allocations or ())}
        commitments = tuple(
            replace(one, promised=promised.get(_line(one.promised), one.promised)) for one in self.commitments
        )
        if agreement.impact_plan is None:
            return replace(self, commitments=commitments)
        known = {one.planned.code: one for one in self.indicators}
        wanted = {one.code: one for one in _each_once(agreement.impact_plan.indicators)}
        kept = [
            Indicator(wanted.get(code, one.planned.model_copy(update={"final": False})), one.measured)
            for code, one in known.items()
            if code in wanted or one.measured
        ]
        new = [Indicator(one) for code, one in wanted.items() if code not in known]
        return replace(self, commitments=commitments, indicators=(*kept, *new))

    def with_indicator(self, changed: Indicator) -> Plan:
        return replace(
            self,
            indicators=tuple(changed if one.planned.code == changed.planned.code else one for one in self.indicators),
        )


def opened_by(agreement: AgreementSigned) -> Plan:
    """The plan that a signature opens."""
    return Plan(
        plan_id=agreement.agreement_id,
        version=1,
        match_id=agreement.match_id,
        need_id=agreement.need_id,
        department=agreement.department,
        stakeholder_ids=agreement.stakeholder_ids,
        account_manager_id=agreement.account_manager_id,
        title=agreement.title,
        policy_area=agreement.policy_area,
        state=State.OPEN,
        closed_on=None,
        parties=agreement.parties,
        commitments=tuple(
            Commitment(position, promised) for position, promised in enumerate(_merged(agreement.allocations))
        ),
        indicators=tuple(Indicator(planned) for planned in _each_once(agreement.impact_plan.indicators)),
        signed_on=agreement.signed_on,
    )


def opening(plan: Plan) -> ImpactPlanOpened:
    """The event that says a plan was opened."""
    return ImpactPlanOpened(
        **plan.reference(),
        title=plan.title,
        policy_area=plan.policy_area,
        commitments=tuple(commitment.promised for commitment in plan.commitments),
        indicators=tuple(indicator.planned for indicator in plan.indicators),
    )


def _merged(allocations: Iterable[Allocation]) -> list[Allocation]:
    """One allocation per offer line and need line; money is worth itself when nothing else is said."""
    merged: dict[tuple[UUID, int, int | None], Allocation] = {}
    for allocation in allocations:
        valued = allocation
        if allocation.value_cents is None and allocation.kind == "money":
            valued = allocation.model_copy(update={"value_cents": int(allocation.quantity * 100)})
        key = _line(valued)
        known = merged.get(key)
        merged[key] = _together(known, valued) if known else valued
    return list(merged.values())


def _line(allocation: Allocation) -> tuple[UUID, int, int | None]:
    return allocation.offer_id, allocation.offer_line, allocation.need_line


def _together(one: Allocation, other: Allocation) -> Allocation:
    values = [value for value in (one.value_cents, other.value_cents) if value is not None]
    total = {"quantity": one.quantity + other.quantity, "value_cents": sum(values) if values else None}
    return one.model_copy(update=total)


def _each_once(indicators: Iterable[PlannedIndicator]) -> list[PlannedIndicator]:
    return list({indicator.code: indicator for indicator in indicators}.values())
