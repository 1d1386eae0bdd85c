"""Needs from a spreadsheet: each is taken or refused by itself, and the report says what became of every row."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from pydantic import ValidationError

from chassis.auth.actor import Actor
from chassis.http.problem import Problem
from chassis.validation import field_error, field_errors
from contracts.values import FieldError
from services.intake.domain.imports import Draft
from services.intake.domain.needs import NeedContent
from services.intake.handlers import IntakeUnit
from services.intake.handlers.needs import register_need


@dataclass(frozen=True)
class Outcome:
    """What became of one need: ``created``, ``unchanged``, ``differs`` (known with other content) or ``refused``."""

    external_ref: str
    rows: tuple[int, ...]
    outcome: str
    need_id: UUID | None = None
    errors: tuple[FieldError, ...] = ()


async def import_needs(unit: IntakeUnit, actor: Actor, drafts: list[Draft]) -> tuple[UUID, list[Outcome]]:
    """Registers the needs that can be; importing the same table again changes nothing."""
    outcomes = [await _import(unit, actor, draft) for draft in drafts]
    import_id = unit.new_id()
    await unit.store.imports.save(unit.scope, import_id, [_document(one) for one in outcomes], unit.now)
    return import_id, outcomes


async def _import(unit: IntakeUnit, actor: Actor, draft: Draft) -> Outcome:
    department = {"department": actor.department} if actor.department else {}
    try:
        content = NeedContent.model_validate(department | draft.values)
        async with unit.savepoint():
            need, new = await register_need(unit, actor, content)
    except ValidationError as wrong:
        return Outcome(draft.external_ref, draft.rows, "refused", errors=field_errors(wrong))
    except Problem as problem:
        errors = problem.errors or (field_error("", problem.code, problem.italian, problem.english),)
        return Outcome(draft.external_ref, draft.rows, "refused", errors=errors)
    same = need.submitted_digest == content.digest()
    return Outcome(
        draft.external_ref, draft.rows, "created" if new else "unchanged" if same else "differs", need.need_id
    )


def _document(one: Outcome) -> dict[str, object]:
    return {
        "external_ref": one.external_ref,
        "rows": list(one.rows),
        "outcome": one.outcome,
        "need_id": str(one.need_id) if one.need_id else None,
        "errors": [error.model_dump() for error in one.errors],
    }
