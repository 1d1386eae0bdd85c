"""What the API shows of a file, of the register and of the vademecum."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from chassis.scope import Scope
from chassis.web.vocabulary import label
from services.agreements.domain.checks import Check, checks
from services.agreements.domain.file import AgreementFile
from services.agreements.domain.instruments import Instrument
from services.agreements.handlers.desk import city_day
from services.agreements.store import Store


class AgreementView(AgreementFile):
    """The file with what the system checks in it; `total_value_cents` sums the lines whose value is known."""

    total_value_cents: int | None = None
    checks: tuple[Check, ...] = ()
    open_checks: int = 0


class AgreementSummary(BaseModel):
    """One file in a list."""

    agreement_id: UUID
    version: int
    state: str
    title: str
    department: str
    match_id: UUID
    need_id: UUID
    instrument: str | None
    protocol: str | None
    parties: tuple[str, ...]
    total_value_cents: int | None
    triangulation: bool
    drafted_at: datetime


class RegisterView(BaseModel):
    """One public line of the register. `register_hash` is the chained hash of the entry."""

    protocol: str
    signed_on: date | None
    title: str
    instrument: str
    state: str
    parties: tuple[str, ...]
    total_value_cents: int | None
    valid_from: date | None
    valid_to: date | None
    document_sha256: str
    register_hash: str
    agreement_id: UUID


def called(name: str, department: str) -> str:
    """A party's name as people read it: matching knows a department only by its code."""
    return label("department", department) if name == department else name


async def view_of(store: Store, scope: Scope, file: AgreementFile, now: datetime) -> AgreementView:
    """The file with its checks as of today."""
    record = await pinned(store, scope, file)
    found = checks(file, record, city_day(now))
    content = {name: getattr(file, name) for name in AgreementFile.model_fields}
    return AgreementView(
        **content,
        total_value_cents=file.value_cents,
        checks=found,
        open_checks=sum(not check.closed for check in found),
    )


async def pinned(store: Store, scope: Scope, file: AgreementFile) -> Instrument | None:
    """The instrument's version that the file keeps to."""
    if file.instrument is None or file.instrument_version is None:
        return None
    return await store.instruments.one(scope, file.instrument, file.instrument_version)


def summary_of(file: AgreementFile) -> AgreementSummary:
    return AgreementSummary(
        agreement_id=file.agreement_id,
        version=file.version,
        state=file.state,
        title=file.title,
        department=file.department,
        match_id=file.match_id,
        need_id=file.need_id,
        instrument=file.instrument,
        protocol=str(file.protocol) if file.protocol else None,
        parties=tuple(called(party.name, file.department) for party in file.parties),
        total_value_cents=file.value_cents,
        triangulation=file.triangulation,
        drafted_at=file.drafted_at,
    )


def register_line(row: dict[str, Any]) -> RegisterView:
    """A public line; names and subject come from what the register still discloses, never from the file."""
    file = AgreementFile.model_validate(row["content"])
    words: dict[str, str] = row["words"] or {}
    return RegisterView(
        protocol=f"{row['protocol_year']}/{row['protocol_number']:07d}",
        signed_on=file.signed_on,
        title=words.get("subject", ""),
        instrument=row["instrument"],
        state=file.state,
        parties=tuple(called(name, file.department) for name in json.loads(words.get("parties", "[]"))),
        total_value_cents=file.value_cents,
        valid_from=file.valid_from,
        valid_to=file.valid_to,
        document_sha256=row["document_sha256"],
        register_hash=row["hash"],
        agreement_id=file.agreement_id,
    )
