"""Versions of a file: which there are, what changed between two, and the document before anything is saved."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from chassis.http.paging import After, Limit, Page, decode, page, small
from chassis.service import units_of
from services.agreements.api import DOCUMENTED, LoggedIn, desk_of, scope_of
from services.agreements.domain.commands import ChooseInstrument
from services.agreements.handlers.access import FILLS_IN, refuse_reading, refuse_role
from services.agreements.handlers.comparing import Comparison, compare, drafted_unsaved
from services.agreements.handlers.desk import city_day
from services.agreements.problems import refusals_as_problems
from services.agreements.store.versions import SavedVersion

router = APIRouter(prefix="/agreements/api/v1", tags=["agreements"], responses=DOCUMENTED)
Version = Annotated[int, Query(ge=1, le=1_000_000)]


class RunView(BaseModel):
    """Words that are kept, gone or new."""

    op: Literal["kept", "gone", "new"]
    text: str


class ChangeView(BaseModel):
    """One part of the document that changed."""

    section: str
    heading: str
    runs: list[RunView]


class RedlineView(BaseModel):
    """What changed between two versions, part by part; empty when nothing did."""

    first: int
    last: int
    changes: list[ChangeView]

    @classmethod
    def of(cls, found: Comparison) -> RedlineView:
        return cls(
            first=found.first,
            last=found.last,
            changes=[
                ChangeView(
                    section=one.section,
                    heading=one.heading,
                    runs=[RunView(op=run.op, text=run.text) for run in one.runs],
                )
                for one in found.changes
                if one.changed
            ],
        )


@router.get("/agreements/{agreement_id}/versions", response_model=Page[SavedVersion])
async def list_versions(
    request: Request, actor: LoggedIn, agreement_id: UUID, after: After = None, limit: Limit = 50
) -> Page[SavedVersion]:
    """The versions that can be compared, the newest first."""
    scope = scope_of(actor)
    async with units_of(request).reading() as store:
        with refusals_as_problems():
            refuse_reading(actor, await store.files.read(scope, agreement_id))
        found = await store.versions.of(scope, agreement_id, decode(after, small), limit)
    return page(found, limit, lambda one: (one.version,))


@router.get("/agreements/{agreement_id}/redline", response_model=RedlineView)
async def read_redline(
    request: Request,
    actor: LoggedIn,
    agreement_id: UUID,
    first: Annotated[Version, Query(alias="from")],
    last: Annotated[Version, Query(alias="to")],
) -> RedlineView:
    """What changed in the document from one version to another."""
    scope = scope_of(actor)
    async with units_of(request).reading() as store:
        with refusals_as_problems():
            file = refuse_reading(actor, await store.files.read(scope, agreement_id))
            return RedlineView.of(await compare(store, scope, file, desk_of(request), first, last))


@router.post("/agreements/{agreement_id}/preview", response_class=Response)
async def preview_document(
    request: Request, actor: LoggedIn, agreement_id: UUID, command: ChooseInstrument
) -> Response:
    """The document as it would be with this instrument and these terms, marked as a draft. Nothing is saved."""
    units, scope = units_of(request), scope_of(actor)
    async with units.reading() as store:
        with refusals_as_problems():
            file = refuse_reading(actor, await store.files.read(scope, agreement_id))
            refuse_role(actor, *FILLS_IN)
            words = await drafted_unsaved(store, scope, file, command, desk_of(request), city_day(units.clock()))
    document = await desk_of(request).render(words)
    return Response(document, media_type="application/pdf", headers={"Cache-Control": "private, no-store"})
