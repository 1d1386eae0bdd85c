"""Refusals of the domain as problems of HTTP, each with its status and its pointers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from chassis.http.problem import Problem
from contracts.values import FieldError
from services.agreements.domain.checks import Check
from services.agreements.domain.refusals import (
    ChecksOpen,
    Invalid,
    InvalidFields,
    NotAllowed,
    NotPossible,
    Refused,
    TooBusy,
)
from services.agreements.handlers.desk import Stale, Unknown
from services.agreements.handlers.hiding import UnknownEntry
from services.agreements.handlers.publishing import UnknownNotice
from services.agreements.handlers.signing import NotVerified
from services.agreements.handlers.toolkit import UnknownInstrument

_STATUS: dict[type[Refused], int] = {
    Unknown: 404,
    UnknownNotice: 404,
    UnknownEntry: 404,
    UnknownInstrument: 404,
    Stale: 412,
    NotAllowed: 403,
    NotPossible: 409,
    NotVerified: 409,
    TooBusy: 503,
    Invalid: 422,
    InvalidFields: 422,
    ChecksOpen: 422,
}


@contextmanager
def refusals_as_problems() -> Iterator[None]:
    """Whatever the domain refuses inside leaves as a Problem."""
    try:
        yield
    except Refused as refused:
        raise problem_of(refused) from refused


def problem_of(refused: Refused) -> Problem:
    errors = [_error(check) for check in refused.checks] if isinstance(refused, ChecksOpen) else []
    faults = refused.faults if isinstance(refused, InvalidFields) else (refused,)
    errors += [
        FieldError(pointer=one.pointer, code=one.code, message_it=one.italian, message_en=one.english)
        for one in faults
        if one.pointer
    ]
    headers = {"Retry-After": "30"} if isinstance(refused, TooBusy) else {}
    return Problem(_STATUS[type(refused)], refused.code, refused.italian, refused.english, errors, headers)


def _error(check: Check) -> FieldError:
    return FieldError(pointer=check.pointer, code=check.code, message_it=check.text.it, message_en=check.text.en)
