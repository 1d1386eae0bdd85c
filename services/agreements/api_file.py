"""The HTTP API of what goes with a file: proposal of instrument, overrides, risks, timeline, documents, comments."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from chassis.auth import Actor
from chassis.http.commands import Again, Reply, command
from chassis.http.etag import optional_version
from chassis.http.paging import After, Page, decode, encode, instant
from chassis.service import units_of
from services.agreements.api import DOCUMENTED, LoggedIn, answer_change, scope_of
from services.agreements.domain.commands import (
    AddDocument,
    MarkMilestone,
    SetAside,
    SetResponsibilities,
    SetRisks,
    SetTimeline,
    TakeBack,
    WriteComment,
)
from services.agreements.domain.proposal import Candidate, propose
from services.agreements.handlers import commenting, filling, noting
from services.agreements.handlers.access import refuse_reading
from services.agreements.handlers.desk import AgreementsUnit, city_day
from services.agreements.problems import refusals_as_problems
from services.agreements.store import Store
from services.agreements.store.comments import Comment
from services.agreements.views import AgreementView

router = APIRouter(prefix="/agreements/api/v1/agreements/{agreement_id}", tags=["file"], responses=DOCUMENTED)


@router.get("/instrument-proposal")
async def get_proposal(request: Request, actor: LoggedIn, agreement_id: UUID) -> list[Candidate]:
    """Which instrument fits, the best supported first, each with its reasons; then those that do not, and why not."""
    units, scope = units_of(request), scope_of(actor)
    async with units.reading() as store:
        with refusals_as_problems():
            file = refuse_reading(actor, await store.files.read(scope, agreement_id))
        file = await filling.with_types(store, scope, file)
        return list(propose(await store.instruments.all(scope), file, city_day(units.clock())))


@router.post("/responsibilities", response_model=AgreementView)
async def set_responsibilities(
    request: Request, actor: LoggedIn, agreement_id: UUID, body: SetResponsibilities
) -> Response:
    """Sets what each party answers for."""
    expected = optional_version(request)
    return await answer_change(
        request, actor, lambda unit: noting.set_responsibilities(unit, actor, agreement_id, body, expected)
    )


@router.post("/risks", response_model=AgreementView)
async def set_risks(request: Request, actor: LoggedIn, agreement_id: UUID, body: SetRisks) -> Response:
    """Sets the risks with their mitigation, all of them."""
    expected = optional_version(request)
    return await answer_change(request, actor, lambda unit: noting.set_risks(unit, actor, agreement_id, body, expected))


@router.post("/timeline", response_model=AgreementView)
async def set_timeline(request: Request, actor: LoggedIn, agreement_id: UUID, body: SetTimeline) -> Response:
    """Sets the milestones, all of them; one sent with its id stays done if it is."""
    expected = optional_version(request)
    return await answer_change(
        request, actor, lambda unit: noting.set_timeline(unit, actor, agreement_id, body, expected)
    )


@router.post("/timeline/{milestone_id}", response_model=AgreementView)
async def mark_milestone(
    request: Request, actor: LoggedIn, agreement_id: UUID, milestone_id: UUID, body: MarkMilestone
) -> Response:
    """Notes that a milestone was reached (or was not), also while the agreement runs."""
    expected = optional_version(request)
    return await answer_change(
        request, actor, lambda unit: noting.mark_milestone(unit, actor, agreement_id, milestone_id, body, expected)
    )


@router.post("/overrides", response_model=AgreementView)
async def set_aside(request: Request, actor: LoggedIn, agreement_id: UUID, body: SetAside) -> Response:
    """Sets an open check aside, with a reason; the mark stays on file."""
    expected = optional_version(request)
    return await answer_change(request, actor, lambda unit: noting.set_aside(unit, actor, agreement_id, body, expected))


@router.post("/overrides/revoke", response_model=AgreementView)
async def take_back(request: Request, actor: LoggedIn, agreement_id: UUID, body: TakeBack) -> Response:
    """Lets a check count again."""
    expected = optional_version(request)
    return await answer_change(request, actor, lambda unit: noting.take_back(unit, actor, agreement_id, body, expected))


@router.post("/documents/{document_id}/remove", response_model=AgreementView)
async def remove_document(request: Request, actor: LoggedIn, agreement_id: UUID, document_id: UUID) -> Response:
    """Takes a document out of a file that was not handed in yet."""
    expected = optional_version(request)
    return await answer_change(
        request, actor, lambda unit: filling.remove_document(unit, actor, agreement_id, document_id, expected)
    )


@router.post("/documents/{document_id}/replace", response_model=AgreementView)
async def replace_document(
    request: Request, actor: LoggedIn, agreement_id: UUID, document_id: UUID, body: AddDocument
) -> Response:
    """Puts another document in its place, in a file that was not handed in yet."""
    expected = optional_version(request)
    return await answer_change(
        request, actor, lambda unit: filling.replace_document(unit, actor, agreement_id, document_id, body, expected)
    )


@router.get("/comments")
async def list_comments(
    request: Request,
    actor: LoggedIn,
    agreement_id: UUID,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=100, description="How many threads at most")] = 20,
) -> Page[Comment]:
    """Threads the caller may read, the newest first, each comment followed by its answers."""
    start = decode(after, instant, UUID)
    async with units_of(request).reading() as store:
        with refusals_as_problems():
            file = refuse_reading(actor, await store.files.read(scope_of(actor), agreement_id))
        found = await store.comments.of(
            scope_of(actor), agreement_id, commenting.audiences_of(actor, file), start, limit
        )
    return threads(found, limit)


@router.post("/comments", response_model=Comment, status_code=201)
async def write_comment(request: Request, actor: LoggedIn, agreement_id: UUID, body: WriteComment) -> Response:
    """Writes a comment, for the city's own people or for all parties; a partner's is for all."""

    async def work(unit: AgreementsUnit) -> Reply:
        with refusals_as_problems():
            return _commented(201, await commenting.write(unit, actor, agreement_id, body))

    return await command(request, units_of(request), scope_of(actor), work, again=_again(actor, agreement_id))


@router.post("/comments/{comment_id}/retract", response_model=Comment)
async def retract_comment(request: Request, actor: LoggedIn, agreement_id: UUID, comment_id: UUID) -> Response:
    """Erases the words of a comment: its author's own, or any for the Legal Office."""

    async def work(unit: AgreementsUnit) -> Reply:
        with refusals_as_problems():
            return _commented(200, await commenting.retract(unit, actor, agreement_id, comment_id))

    return await command(request, units_of(request), scope_of(actor), work, again=_again(actor, agreement_id))


def _commented(status: int, comment: Comment) -> Reply:
    """The words may be taken back, so they are not kept a second time for repeats."""
    return Reply(status, comment, reference={"comment_id": str(comment.comment_id)})


def _again(actor: Actor, agreement_id: UUID) -> Again[Store]:
    async def read(unit: AgreementsUnit, reference: dict[str, str]) -> Comment:
        with refusals_as_problems():
            return await commenting.read(unit, actor, agreement_id, UUID(reference["comment_id"]))

    return read


def threads(found: list[Comment], limit: int) -> Page[Comment]:
    """Whole threads: `found` holds those of up to `limit + 1` first comments."""
    firsts = [one for one in found if one.reply_to is None]
    shown = {one.comment_id for one in firsts[:limit]}
    items = [one for one in found if (one.reply_to or one.comment_id) in shown]
    last = firsts[limit - 1] if len(firsts) > limit else None
    return Page(items=items, next=encode(last.at, last.comment_id) if last else None)
