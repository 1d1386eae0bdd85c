"""Every submission that cannot be taken is answered, with all its reasons, and kept where people can read it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from chassis.delivery import Delivery, Record
from chassis.validation import field_error, field_errors
from contracts.envelope import Envelope, EnvelopeError
from contracts.events.departments import SubmissionRejected
from contracts.values import FieldError
from services.intake.handlers import IntakeUnit

_MAX = 200
_MOST_REASONS = 50
_ITALIAN = {
    "the record has no value": "il messaggio non ha contenuto",
    "events of this type are not read from this topic": "eventi di questo tipo non si leggono da questo topic",
}


async def reject(unit: IntakeUnit, delivery: Delivery[Any], errors: Sequence[FieldError]) -> None:
    """Answers a submission that reads well but cannot be taken. An answer has to fit into a record."""
    event = SubmissionRejected(
        rejection_id=unit.new_id(),
        submission_id=_kept(delivery.envelope.id) or "-",
        submission_source=_kept(delivery.envelope.source) or "-",
        submission_type=delivery.envelope.type,
        external_ref=_kept(delivery.event.external_ref),
        department=delivery.event.department,
        errors=tuple(errors[:_MOST_REASONS]),
    )
    await _answer(unit, event, delivery)


async def on_unreadable(unit: IntakeUnit, record: Record, envelope: Envelope | None, error: ValueError) -> None:
    """Answers a record that is no valid event: headers missing or wrong, no JSON, fields that do not fit."""
    headers = _readable_headers(record)
    payload = _object_in(record.value)
    event = SubmissionRejected(
        rejection_id=unit.new_id(),
        submission_id=headers.get("ce_id") or f"{record.partition}:{record.offset}",
        submission_source=headers.get("ce_source") or f"kafka:{record.topic}",
        submission_type=headers.get("ce_type") or "unknown",
        external_ref=_text(payload.get("external_ref")),
        department=_text(payload.get("department")) or _department_in(headers.get("ce_source")),
        errors=_reasons(error),
    )
    await _answer(unit, event, Delivery(event, envelope, record) if envelope else None)


async def _answer(unit: IntakeUnit, event: SubmissionRejected, cause: Delivery[Any] | None) -> None:
    key: str | UUID = event.external_ref or event.rejection_id
    answer = await unit.store.rejections.save(unit.scope, str(key), event, unit.now)
    unit.append(event, aggregate_id=key, version=answer, cause=cause)


def _reasons(error: ValueError) -> tuple[FieldError, ...]:
    if isinstance(error, ValidationError):
        return field_errors(error)
    if isinstance(error, EnvelopeError):
        return (
            field_error(
                f"/headers/{error.attribute}"[:300],
                "header",
                f"l'intestazione {error.attribute} manca o non è valida ({error.reason})"[:1000],
                f"the header {error.attribute} is missing or not valid ({error.reason})"[:1000],
            ),
        )
    english = str(error)[:1000]
    return (field_error("", "unreadable", _ITALIAN.get(english, english), english),)


def _readable_headers(record: Record) -> dict[str, str]:
    found = {}
    for name, value in record.headers:
        with contextlib.suppress(UnicodeDecodeError):
            if value is not None and (text := _kept(value.decode())):
                found[name] = text
    return found


def _object_in(value: bytes | None) -> dict[str, Any]:
    try:
        payload = json.loads(value or b"")
    except (ValueError, RecursionError):
        return {}
    return payload if isinstance(payload, dict) else {}


def _text(value: object) -> str | None:
    return _kept(value) if isinstance(value, str) else None


def _kept(text: str) -> str | None:
    """``text`` as far as PostgreSQL and the contract can carry it; None when nothing is left."""
    clean = text.replace("\x00", "").encode("utf-8", "ignore").decode()
    return clean[:_MAX] or None


def _department_in(source: str | None) -> str | None:
    head, found, code = (source or "").partition("/departments/")
    return code.split("/")[0] or None if found and not head else None
