"""The HTTP API of the clause library: what instruments say clause by clause, and one change for all of them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel

from chassis.http.commands import Reply, command
from chassis.http.etag import etag, optional_version
from chassis.service import units_of
from services.agreements.api import DOCUMENTED, NO_NUL, LoggedIn, scope_of
from services.agreements.api_toolkit import Code, DraftView, draft_view
from services.agreements.domain.clauses import LibraryClause, found_by
from services.agreements.domain.edits import ClauseChange, NewClause, RemoveClause, TakeClause
from services.agreements.handlers import clauses, toolkit
from services.agreements.handlers.access import refuse_role
from services.agreements.handlers.desk import AgreementsUnit, city_day
from services.agreements.problems import refusals_as_problems
from services.agreements.store.clauses import Revision

router = APIRouter(prefix="/agreements/api/v1", tags=["toolkit"], responses=DOCUMENTED)
ClauseCode = Annotated[str, Path(pattern="^[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?$")]


class Library(BaseModel):
    """Every clause, the one that most instruments have first."""

    items: tuple[LibraryClause, ...]


class ClauseHistory(BaseModel):
    """What happened to the library's own wording, newest first."""

    items: list[Revision]


@router.get("/clauses")
async def list_clauses(
    request: Request,
    actor: LoggedIn,
    q: Annotated[str, Query(max_length=100, pattern=NO_NUL, description="words in code, heading, text, title")] = "",
) -> Library:
    """The clauses of the instruments in force, to come and being written, and those kept beside them."""
    units = units_of(request)
    async with units.reading() as store:
        with refusals_as_problems():
            refuse_role(actor, toolkit.EDITS)
        known = await clauses.library_of(store, scope_of(actor), city_day(units.clock()))
    return Library(items=found_by(known, q))


@router.post("/clauses", response_model=LibraryClause, status_code=201)
async def keep_clause(request: Request, actor: LoggedIn, body: NewClause) -> Response:
    """Keeps a new clause in the library; no instrument changes."""

    async def work(unit: AgreementsUnit) -> Reply:
        with refusals_as_problems():
            return _answer(await clauses.keep(unit, actor, body), 201)

    return await command(request, units_of(request), scope_of(actor), work)


@router.get("/clauses/{clause}", response_model=LibraryClause)
async def get_clause(request: Request, actor: LoggedIn, clause: ClauseCode) -> Response:
    """One clause with its wordings side by side; its entity tag changes with its words and with who has it."""
    units = units_of(request)
    async with units.reading() as store:
        with refusals_as_problems():
            refuse_role(actor, toolkit.EDITS)
            known = await clauses.library_of(store, scope_of(actor), city_day(units.clock()))
            one = next((one for one in known if one.code == clause), None)
            if one is None:
                raise toolkit.UnknownInstrument
    return _answer(one).response()


@router.get("/clauses/{clause}/history")
async def get_clause_history(request: Request, actor: LoggedIn, clause: ClauseCode) -> ClauseHistory:
    """Who kept, changed or took out the library's own wording, when and why."""
    async with units_of(request).reading() as store:
        with refusals_as_problems():
            refuse_role(actor, toolkit.EDITS)
        return ClauseHistory(items=await store.clauses.history(scope_of(actor), clause))


@router.post("/clauses/{clause}", response_model=LibraryClause)
async def change_clause(request: Request, actor: LoggedIn, clause: ClauseCode, body: ClauseChange) -> Response:
    """New words: opens or continues the draft of every instrument that has the clause, or of those named.

    Each draft is published by itself, with its own first day. 422 names the instrument that lacks a term.
    """
    expected = optional_version(request)

    async def work(unit: AgreementsUnit) -> Reply:
        with refusals_as_problems():
            return _answer(await clauses.change(unit, actor, clause, body, expected))

    return await command(request, units_of(request), scope_of(actor), work)


@router.post("/clauses/{clause}/remove", status_code=204)
async def remove_clause(request: Request, actor: LoggedIn, clause: ClauseCode, body: RemoveClause) -> Response:
    """Takes the library's own wording out; instruments keep theirs."""
    expected = optional_version(request)

    async def work(unit: AgreementsUnit) -> Reply:
        with refusals_as_problems():
            await clauses.remove(unit, actor, clause, body, expected)
        return Reply(204)

    return await command(request, units_of(request), scope_of(actor), work)


@router.post("/instruments/{code}/draft/clauses", response_model=DraftView)
async def take_clause(request: Request, actor: LoggedIn, code: Code, body: TakeClause) -> Response:
    """Puts a clause of the library into the draft; refused when it names a term that the instrument lacks."""
    expected = optional_version(request)

    async def work(unit: AgreementsUnit) -> Reply:
        with refusals_as_problems():
            draft = await clauses.take(unit, actor, code, body, expected)
        versions = await unit.store.instruments.versions(unit.scope, code)
        return Reply(200, draft_view(draft, versions), {"ETag": etag(draft.revision)})

    return await command(request, units_of(request), scope_of(actor), work)


def _answer(clause: LibraryClause, status: int = 200) -> Reply:
    return Reply(status, clause, {"ETag": etag(clause.state)})
