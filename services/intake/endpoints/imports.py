"""Needs from a spreadsheet."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from chassis.auth import Actor, require
from chassis.http.commands import Reply, command
from chassis.http.documented import answers
from chassis.http.problem import Problem, not_found
from contracts.values import FieldError
from services.intake.domain import imports
from services.intake.endpoints.speaking import PREFIX, scope_of, store_units
from services.intake.handlers import IntakeUnit
from services.intake.handlers.imports import import_needs

router = APIRouter(prefix=f"{PREFIX}/imports", tags=["imports"])
Importing = Annotated[Actor, Depends(require("department", "account_manager"))]
MAX_BYTES = 2_000_000
_CSV = {"requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}}


class ImportedNeed(BaseModel):
    """What became of the rows of one need: created, unchanged, differs (known with other content) or refused."""

    external_ref: str
    rows: list[int]
    outcome: str
    need_id: UUID | None = None
    errors: list[FieldError]


class ImportReport(BaseModel):
    """An import, need by need, and how many of each outcome."""

    id: UUID
    counts: dict[str, int]
    needs: list[ImportedNeed]


@router.post(
    "", status_code=201, responses=answers(ImportReport, 201, problem=(400, 401, 403, 413, 415)), openapi_extra=_CSV
)
async def import_table(request: Request, actor: Importing) -> Response:
    """Registers the needs of a CSV table (UTF-8, with a header); rows with one reference make one need."""
    drafts = _drafts(request, await request.body())

    async def work(unit: IntakeUnit) -> Reply:
        import_id, _outcomes = await import_needs(unit, actor, drafts)
        saved = await unit.store.imports.get(unit.scope, import_id)
        return Reply(201, _report(import_id, saved or []), {"Location": f"{PREFIX}/imports/{import_id}"})

    return await command(request, store_units(request), scope_of(actor), work)


@router.get("/{import_id}", responses=answers(ImportReport, 200, problem=(401, 403, 404, 422)))
async def get_import(request: Request, actor: Importing, import_id: UUID) -> ImportReport:
    """The report of an import of one's own."""
    async with store_units(request).reading() as store:
        needs = await store.imports.get(scope_of(actor), import_id)
    if needs is None:
        raise not_found("Questa importazione non esiste.", "This import does not exist.")
    return _report(import_id, needs)


def _drafts(request: Request, body: bytes) -> list[imports.Draft]:
    if request.headers.get("content-type", "").split(";")[0].strip() != "text/csv":
        raise Problem(415, "not-csv", "Serve una tabella CSV (text/csv).", "A CSV table (text/csv) is needed.")
    if len(body) > MAX_BYTES:
        raise Problem(413, "too-large", "La tabella supera i 2 MB.", "The table exceeds 2 MB.")
    try:
        return imports.drafts(body.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Problem(400, "not-utf-8", "La tabella non è in UTF-8.", "The table is not in UTF-8.") from error
    except imports.NotATable as error:
        raise Problem(400, "not-a-table", error.italian, error.english) from error


def _report(import_id: UUID, needs: list[dict[str, Any]]) -> ImportReport:
    shown = [ImportedNeed.model_validate(need) for need in needs]
    return ImportReport(id=import_id, counts=dict(Counter(need.outcome for need in shown)), needs=shown)
