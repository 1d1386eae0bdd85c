"""Needs that departments' own systems send over the bus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from chassis.delivery import Delivery
from contracts.events.departments import NeedSubmitted, NeedUpdateSubmitted
from contracts.values import FieldError
from services.intake.domain import needs, submissions
from services.intake.domain.assignment import Assignment
from services.intake.domain.lines import in_use_errors
from services.intake.domain.needs import Need, NeedContent
from services.intake.handlers import IntakeUnit
from services.intake.handlers.rejections import reject
from services.intake.store.needs import NeedContext

Reference = tuple[str, str]


class LostRace(Exception):
    """Somebody registered the same reference in this moment; trying again finds it."""


class _Desk:
    """The needs that a batch of submissions speaks of, and what becomes of them.

    A department may send the same reference several times within one batch; each finds the need as the one before
    left it, and every need is written once.
    """

    def __init__(self, unit: IntakeUnit, known: dict[Reference, Need], used: dict[Reference, set[int]]) -> None:
        self._unit = unit
        self._known = known
        self._used = used
        self._new: set[Reference] = set()
        self._touched: set[Reference] = set()

    @classmethod
    async def open(cls, unit: IntakeUnit, references: Sequence[Reference]) -> _Desk:
        known = await unit.store.needs.lock_references(unit.scope, references)
        balances = await unit.store.balances.of(unit.scope, [need.need_id for need in known.values()]) if known else {}
        used = {
            reference: {balance.line for balance in balances.get(need.need_id, ()) if balance.in_use}
            for reference, need in known.items()
        }
        return cls(unit, known, used)

    def find(self, reference: Reference) -> Need | None:
        return self._known.get(reference)

    def errors_of_change(self, need: Need, content: NeedContent) -> list[FieldError]:
        """Why ``need`` cannot become ``content``; empty when it can."""
        if need.state != "open":
            return [submissions.need_closed(need.state)]
        used = self._used.get(_reference(need), set())
        return needs.content_errors(content, self._unit.now, need.content) + in_use_errors(
            need.content.lines, content.lines, used
        )

    def register(
        self,
        delivery: Delivery[NeedSubmitted],
        content: NeedContent,
        account_manager: str | None,
        department_name: str | None,
    ) -> None:
        need, event = needs.register(self._unit.new_id(), content, account_manager, self._unit.now, department_name)
        self._unit.append(event, aggregate_id=need.need_id, version=1, case=need.need_id, cause=delivery)
        self._known[_reference(need)] = need
        self._new.add(_reference(need))

    def change(
        self,
        delivery: Delivery[NeedSubmitted] | Delivery[NeedUpdateSubmitted],
        need: Need,
        content: NeedContent,
        digest: str,
    ) -> None:
        changed, event = needs.change(need, content, self._unit.now, digest)
        self._unit.append(event, aggregate_id=need.need_id, version=changed.version, case=need.need_id, cause=delivery)
        self._keep(changed)

    def withdraw(self, delivery: Delivery[NeedUpdateSubmitted], need: Need) -> None:
        closed, event = needs.withdraw(need, delivery.event.reason, self._unit.now)
        self._unit.append(event, aggregate_id=need.need_id, version=closed.version, case=need.need_id, cause=delivery)
        self._keep(closed)

    def _keep(self, need: Need) -> None:
        self._known[_reference(need)] = need
        self._touched.add(_reference(need))

    async def close(self) -> None:
        """Writes everything: new needs in one statement, changed ones in another."""
        new = [self._known[reference] for reference in sorted(self._new)]
        if new and len(await self._unit.store.needs.insert(self._unit.scope, new)) < len(new):
            raise LostRace("a reference was registered by somebody else in this moment")
        changed = [self._known[reference] for reference in sorted(self._touched - self._new)]
        if changed:
            await self._unit.store.needs.update(self._unit.scope, changed)


def _reference(need: Need) -> Reference:
    return need.content.department, str(need.content.external_ref)


async def on_need_submitted(unit: IntakeUnit, deliveries: Sequence[Delivery[NeedSubmitted]]) -> None:
    """Registers each need; the same again is a repetition, the same reference with other content a change."""
    context = await unit.store.needs.context(
        unit.scope,
        unit.now,
        {code for one in deliveries for code in (one.event.department, *one.event.with_departments)},
        refs={reference for one in deliveries for reference in submissions.references(one.event)},
    )
    desk = await _Desk.open(unit, [(one.event.department, one.event.external_ref) for one in deliveries])
    assignment = Assignment(context.candidates)
    for delivery in deliveries:
        await _submit(unit, desk, context, assignment, delivery)
    await desk.close()


async def _submit(
    unit: IntakeUnit, desk: _Desk, context: NeedContext, assignment: Assignment, delivery: Delivery[NeedSubmitted]
) -> None:
    submitted = delivery.event
    content = submissions.content_of(submitted, context.receiver_refs)
    digest = content.digest()
    need = desk.find((submitted.department, submitted.external_ref))
    errors = submissions.source_errors(delivery.envelope.source, submitted.department)
    if not errors and need is not None and need.submitted_digest == digest:
        return
    errors += submissions.crowded(submitted)
    errors += needs.unknown_departments(content, context.departments)
    errors += submissions.unknown_organisations(submitted, context.receiver_refs)
    errors += needs.content_errors(content, unit.now) if need is None else desk.errors_of_change(need, content)
    if errors:
        await reject(unit, delivery, errors)
    elif need is None:
        name = context.departments.get(content.department)
        desk.register(delivery, content, assignment.next(content.policy_area), name)
    else:
        desk.change(delivery, need, content, digest)


async def on_need_update_submitted(unit: IntakeUnit, deliveries: Sequence[Delivery[NeedUpdateSubmitted]]) -> None:
    """Changes or withdraws needs that were submitted before."""
    named = {reference for one in deliveries for reference in submissions.references(one.event)}
    known = await unit.store.stakeholders.by_references(unit.scope, named) if named else {}
    desk = await _Desk.open(unit, [(one.event.department, one.event.external_ref) for one in deliveries])
    for delivery in deliveries:
        await _update(unit, desk, known, delivery)
    await desk.close()


async def _update(
    unit: IntakeUnit, desk: _Desk, known: Mapping[str, UUID], delivery: Delivery[NeedUpdateSubmitted]
) -> None:
    update = delivery.event
    errors = submissions.source_errors(delivery.envelope.source, update.department)
    errors += submissions.crowded(update) + submissions.unknown_organisations(update, known)
    need = desk.find((update.department, update.external_ref))
    if need is None:
        errors.append(submissions.unknown_need())
    if errors or need is None:
        await reject(unit, delivery, errors)
    elif update.withdrawn:
        if need.state == "open":
            desk.withdraw(delivery, need)
        elif need.state != "withdrawn":
            await reject(unit, delivery, [submissions.need_closed(need.state)])
    else:
        content = need.content.changed(submissions.changes_of(update, known))
        if content == need.content:
            return
        errors = desk.errors_of_change(need, content)
        if errors:
            await reject(unit, delivery, errors)
        else:
            desk.change(delivery, need, content, need.submitted_digest)
