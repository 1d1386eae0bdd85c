"""The HTTP API: `/agreements/api/v1/…`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from chassis.auth import Actor, CurrentActor, require
from chassis.http.commands import Reply, command
from chassis.http.etag import etag, optional_version
from chassis.http.paging import After, Limit, Page, decode, page, small
from chassis.http.problem import not_found
from chassis.scope import Scope
from chassis.service import units_of
from services.agreements.domain.commands import (
    AddDocument,
    ChooseInstrument,
    Decide,
    SetCommunicationPlan,
    SetImpactPlan,
    Sign,
    Suspend,
    Terminate,
)
from services.agreements.domain.file import AgreementFile
from services.agreements.domain.states import Act, allows
from services.agreements.downloads import document_to_read, document_to_sign
from services.agreements.handlers import closing, filling, signing
from services.agreements.handlers.access import refuse_reading
from services.agreements.handlers.desk import AgreementsUnit, Desk, city_day
from services.agreements.handlers.hiding import as_read_by
from services.agreements.handlers.previewing import drafted
from services.agreements.problems import refusals_as_problems
from services.agreements.store.files import Happening
from services.agreements.views import (
    AgreementView,
    InstrumentView,
    pinned,
    shown_to,
    view_of,
)

_PROBLEMS = {
    400: "The request is not well formed",
    401: "Login required",
    403: "The role or the party does not allow it",
    404: "There is none, or none the caller may know of",
    409: "The agreement's state does not allow it, or a signature did not verify",
    412: "Somebody else changed the file since the entity tag was read",
    503: "Too many documents are in hand: come back after the time in Retry-After",
    422: "Some fields are wrong, or the file is not complete: a pointer for each",
}
DOCUMENTED: dict[int | str, dict[str, Any]] = {
    status: {
        "description": text,
        "content": {
            "application/problem+json": {"schema": {"type": "object", "required": ["type", "title", "status"]}}
        },
    }
    for status, text in _PROBLEMS.items()
}
router = APIRouter(prefix="/agreements/api/v1", tags=["agreements"], responses=DOCUMENTED)
LoggedIn = Annotated[Actor, Depends(require())]
ToSign = Annotated[
    str | None,
    Query(alias="to-sign", max_length=5, description="as a download, exactly as it has to be signed next"),
]
NO_NUL = r"^[^\x00]*$"
Change = Callable[[AgreementsUnit], Awaitable[AgreementFile]]


def scope_of(actor: Actor) -> Scope:
    return Scope(actor.city, actor.subject or "guest")


def desk_of(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


@router.get("/agreements/{agreement_id}", response_model=AgreementView)
async def get_agreement(request: Request, actor: LoggedIn, agreement_id: UUID) -> Response:
    """One file with its checks; its entity tag is its version."""
    units = units_of(request)
    async with units.reading() as store:
        with refusals_as_problems():
            file = refuse_reading(actor, await store.files.read(scope_of(actor), agreement_id))
        view = shown_to(actor, file, await view_of(store, scope_of(actor), file, units.clock()))
    return Reply(200, view, {"ETag": etag(file.version)}).response()


@router.get("/agreements/{agreement_id}/history")
async def get_history(
    request: Request, actor: LoggedIn, agreement_id: UUID, after: After = None, limit: Limit = 50
) -> Page[Happening]:
    """Everything that happened to the file, newest first."""
    start = decode(after, small)
    async with units_of(request).reading() as store:
        with refusals_as_problems():
            refuse_reading(actor, await store.files.read(scope_of(actor), agreement_id))
        happenings = await store.files.history(scope_of(actor), agreement_id, start, limit)
    return page(as_read_by(actor, happenings), limit, lambda one: (one.position,))


@router.get("/agreements/{agreement_id}/document.pdf", response_class=Response)
async def get_document(
    request: Request,
    actor: LoggedIn,
    agreement_id: UUID,
    to_sign: ToSign = None,
) -> Response:
    """The document with the signatures it has so far."""
    async with units_of(request).reading() as store:
        with refusals_as_problems():
            file = refuse_reading(actor, await store.files.read(scope_of(actor), agreement_id))
        latest = await store.documents.latest(scope_of(actor), agreement_id)
    if latest is None:
        raise not_found(
            "Il documento nasce con l'approvazione del fascicolo.", "The document is made when the file is approved."
        )
    if to_sign is not None and to_sign != "false":
        return document_to_sign(file, latest[1])
    return document_to_read(file, latest[1])


@router.get("/agreements/{agreement_id}/preview.pdf", response_class=Response)
async def get_preview(request: Request, actor: LoggedIn, agreement_id: UUID) -> Response:
    """The document as it would be if the file were approved today, marked as a draft."""
    units, scope = units_of(request), scope_of(actor)
    async with units.reading() as store:
        with refusals_as_problems():
            file = refuse_reading(actor, await store.files.read(scope, agreement_id))
        record = await pinned(store, scope, file)
        if record is None or not allows(file.state, Act.EDIT):
            raise not_found(
                "L'anteprima c'è quando lo strumento è scelto e il fascicolo è aperto.",
                "There is a preview once the instrument is chosen and while the file is open.",
            )
        words = await drafted(store, scope, file, record, desk_of(request), city_day(units.clock()))
    document = await desk_of(request).render(words)
    return Response(document, media_type="application/pdf", headers={"Cache-Control": "private, no-store"})


@router.get("/agreements/{agreement_id}/documents/{document_id}", response_class=Response)
async def get_filed_document(request: Request, actor: LoggedIn, agreement_id: UUID, document_id: UUID) -> Response:
    """An uploaded document of the file."""
    async with units_of(request).reading() as store:
        with refusals_as_problems():
            refuse_reading(actor, await store.files.read(scope_of(actor), agreement_id))
        upload = await store.documents.filed(scope_of(actor), agreement_id, document_id)
    if upload is None:
        raise not_found("Documento non trovato.", "There is no such document.")
    # Never shown inside our own pages: what somebody uploaded is not to be trusted.
    name = f"attachment; filename*=UTF-8''{quote(upload.name, safe='')}"
    headers = {"Content-Disposition": name, "X-Content-Type-Options": "nosniff"}
    return Response(upload.content, media_type=upload.media_type, headers=headers)


async def answer_change(request: Request, actor: Actor, change: Change, status: int = 200) -> Response:
    """Carries out `change` once and answers with the file as it is then."""

    async def work(unit: AgreementsUnit) -> Reply:
        with refusals_as_problems():
            file = await change(unit)
        view = shown_to(actor, file, await view_of(unit.store, unit.scope, file, unit.now))
        return Reply(status, view, {"ETag": etag(file.version)})

    return await command(request, units_of(request), scope_of(actor), work)


@router.post("/agreements/{agreement_id}/instrument", response_model=AgreementView)
async def choose_instrument(request: Request, actor: LoggedIn, agreement_id: UUID, body: ChooseInstrument) -> Response:
    """Chooses the instrument and fills in its terms."""
    expected = optional_version(request)
    return await answer_change(
        request, actor, lambda unit: filling.choose_instrument(unit, actor, agreement_id, body, expected)
    )


@router.post("/agreements/{agreement_id}/communication-plan", response_model=AgreementView)
async def set_communication_plan(
    request: Request, actor: LoggedIn, agreement_id: UUID, body: SetCommunicationPlan
) -> Response:
    """Sets the communication plan agreed before the start."""
    expected = optional_version(request)
    return await answer_change(
        request, actor, lambda unit: filling.set_communication_plan(unit, actor, agreement_id, body, expected)
    )


@router.post("/agreements/{agreement_id}/impact-plan", response_model=AgreementView)
async def set_impact_plan(request: Request, actor: LoggedIn, agreement_id: UUID, body: SetImpactPlan) -> Response:
    """Sets the indicators agreed before the start."""
    expected = optional_version(request)
    return await answer_change(
        request, actor, lambda unit: filling.set_impact_plan(unit, actor, agreement_id, body, expected)
    )


@router.post("/agreements/{agreement_id}/documents", response_model=AgreementView, status_code=201)
async def add_document(request: Request, actor: LoggedIn, agreement_id: UUID, body: AddDocument) -> Response:
    """Puts a document on file: words, an uploaded file (Base64), or both."""
    expected = optional_version(request)
    return await answer_change(
        request, actor, lambda unit: filling.add_document(unit, actor, agreement_id, body, expected), 201
    )


@router.post("/agreements/{agreement_id}/submit", response_model=AgreementView)
async def submit(request: Request, actor: LoggedIn, agreement_id: UUID) -> Response:
    """Hands the complete file to the Legal Office; 422 with a pointer per missing thing."""
    expected = optional_version(request)
    return await answer_change(request, actor, lambda unit: filling.submit(unit, actor, agreement_id, expected))


@router.post("/agreements/{agreement_id}/approve", response_model=AgreementView)
async def approve(request: Request, actor: LoggedIn, agreement_id: UUID) -> Response:
    """Approves the file: gives it its protocol number and makes its document."""
    expected, desk = optional_version(request), desk_of(request)
    return await answer_change(request, actor, lambda unit: signing.approve(unit, actor, agreement_id, desk, expected))


@router.post("/agreements/{agreement_id}/send-back", response_model=AgreementView)
async def send_back(request: Request, actor: LoggedIn, agreement_id: UUID, body: Decide) -> Response:
    """Gives a file in review back to its account manager, with remarks."""
    expected = optional_version(request)
    return await answer_change(
        request, actor, lambda unit: filling.send_back(unit, actor, agreement_id, body, expected)
    )


@router.post("/agreements/{agreement_id}/reject", response_model=AgreementView)
async def reject(request: Request, actor: LoggedIn, agreement_id: UUID, body: Decide) -> Response:
    """Refuses the file for good."""
    expected = optional_version(request)
    return await answer_change(request, actor, lambda unit: closing.reject(unit, actor, agreement_id, body, expected))


@router.post("/agreements/{agreement_id}/sign", response_model=AgreementView)
async def sign(request: Request, actor: LoggedIn, agreement_id: UUID, body: Sign | None = None) -> Response:
    """Signs for a party with the development signer, as the person who is logged in."""
    expected, desk, wanted = optional_version(request), desk_of(request), body or Sign()
    return await answer_change(
        request, actor, lambda unit: signing.sign(unit, actor, agreement_id, wanted, desk, expected)
    )


@router.post("/agreements/{agreement_id}/terminate", response_model=AgreementView)
async def terminate(request: Request, actor: LoggedIn, agreement_id: UUID, body: Terminate) -> Response:
    """Ends a signed agreement early, today or on a day to come."""
    expected = optional_version(request)
    return await answer_change(
        request, actor, lambda unit: closing.terminate(unit, actor, agreement_id, body, expected)
    )


@router.post("/agreements/{agreement_id}/suspend", response_model=AgreementView)
async def suspend(request: Request, actor: LoggedIn, agreement_id: UUID, body: Suspend) -> Response:
    """Lets an active agreement rest, if need be until a day."""
    expected = optional_version(request)
    return await answer_change(request, actor, lambda unit: closing.suspend(unit, actor, agreement_id, body, expected))


@router.post("/agreements/{agreement_id}/resume", response_model=AgreementView)
async def resume(request: Request, actor: LoggedIn, agreement_id: UUID) -> Response:
    """Lets a suspended agreement go on."""
    expected = optional_version(request)
    return await answer_change(request, actor, lambda unit: closing.resume(unit, actor, agreement_id, expected))


@router.get("/instruments")
async def list_instruments(request: Request, actor: CurrentActor) -> list[InstrumentView]:
    """Every version of every instrument, public: rules, clauses, check lists, each with source and certainty."""
    async with units_of(request).reading() as store:
        return [InstrumentView(**dict(record)) for record in await store.instruments.all(scope_of(actor))]
