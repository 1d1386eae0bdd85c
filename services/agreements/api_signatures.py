"""Signatures: who signs in which order, and documents that were signed outside."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import UploadFile

from chassis.auth import Actor
from chassis.http.commands import Reply, answered, command
from chassis.http.etag import etag, optional_version
from chassis.http.paging import After, Limit, Page, decode, instant, page
from chassis.http.problem import MEDIA_TYPE, Problem, body_of, invalid, not_found
from chassis.service import units_of
from chassis.validation import field_error, field_errors
from contracts.values import FieldError, ShortText
from services.agreements.api import DOCUMENTED, LoggedIn, answer_change, desk_of, scope_of
from services.agreements.documents.verification import MAX_SIZE, Reason
from services.agreements.documents.verification.verdict import clean
from services.agreements.documents.verification.words import WORDS
from services.agreements.domain.amending import face
from services.agreements.domain.signatories import Person, PlanSignatures, turn
from services.agreements.downloads import as_download
from services.agreements.handlers import receiving
from services.agreements.handlers.access import refuse_reading
from services.agreements.handlers.desk import AgreementsUnit
from services.agreements.problems import refusals_as_problems
from services.agreements.store.signatures import UploadLine
from services.agreements.views import AgreementView

router = APIRouter(prefix="/agreements/api/v1", tags=["signatures"], responses=DOCUMENTED)
PERSONAL = ("person_name", "person_id", "certificate_serial", "issuer")
"""What of a signature only those see who check it."""
AS_FORM = {
    "requestBody": {
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        }
    }
}


class SignedFile(BaseModel):
    """A signed document: the PDF with its signatures, or a `.p7m` envelope; its bytes in Base64."""

    model_config = ConfigDict(extra="forbid")

    name: ShortText
    content: Annotated[Base64Bytes, Field(max_length=MAX_SIZE)]


class Seat(BaseModel):
    """One signature that the document needs. `person` only for who may see it."""

    party_id: str
    seat: int
    name: str
    field: str
    due_on: date | None
    awaited_now: bool
    signed_at: datetime | None
    level: str | None
    person: Person | None = None


class SigningView(BaseModel):
    """Order and state of the signatures."""

    order: Literal["parallel", "in_order"]
    signatures: tuple[Seat, ...]


class UploadView(UploadLine):
    """One document that was handed in: what was found in it, and whether it was taken in."""


@router.get("/agreements/{agreement_id}/signing")
async def get_signing(request: Request, actor: LoggedIn, agreement_id: UUID) -> SigningView:
    """Who signs in which order, who has, who is awaited."""
    return await signing_of(request, actor, agreement_id)


async def signing_of(request: Request, actor: Actor, agreement_id: UUID, amendment: int = 0) -> SigningView:
    """Order and state of the signatures of the agreement's document, or of an amendment's."""
    async with units_of(request).reading() as store:
        with refusals_as_problems():
            file = refuse_reading(actor, await store.files.read(scope_of(actor), agreement_id))
        named = await store.signatures.named(scope_of(actor), agreement_id, amendment)
    if amendment > len(file.amendments):
        raise not_found("Questa modifica non c'è.", "There is no such amendment.")
    file = face(file, file.amendments[amendment - 1]) if amendment else file
    people = {(one.party_id, one.seat): one for one in named} if receiving.may_see_names(actor) else {}
    now = {one.field for one in turn(file)}
    return SigningView(
        order=file.signing.order,
        signatures=tuple(
            Seat(
                party_id=one.party_id,
                seat=one.seat,
                name=one.name,
                field=one.field,
                due_on=one.due_on,
                awaited_now=one.field in now,
                signed_at=one.evidence.signed_at if one.evidence else None,
                level=one.evidence.level if one.evidence else None,
                person=Person(**person.model_dump(include={"name", "tax_code", "organisation_code"}))
                if (person := people.get((one.party_id, one.seat)))
                else None,
            )
            for one in file.signatories
        ),
    )


@router.post("/agreements/{agreement_id}/signing", response_model=AgreementView)
async def plan_signatures(request: Request, actor: LoggedIn, agreement_id: UUID, body: PlanSignatures) -> Response:
    """Says in which order, through whom and until when the parties sign; after approval only people and deadlines."""
    expected = optional_version(request)
    return await answer_change(
        request, actor, lambda unit: receiving.plan_signatures(unit, actor, agreement_id, body, expected)
    )


@router.get("/agreements/{agreement_id}/signatures")
async def list_uploads(
    request: Request, actor: LoggedIn, agreement_id: UUID, after: After = None, limit: Limit = 50
) -> Page[UploadView]:
    """Documents that were handed in signed, the newest first, each with what was found in it."""
    return await uploads_of(request, actor, agreement_id, after, limit)


@router.post("/agreements/{agreement_id}/signatures", response_model=UploadView, status_code=201, openapi_extra=AS_FORM)
async def hand_in(request: Request, actor: LoggedIn, agreement_id: UUID) -> Response:
    """Hands in a document signed outside. Refused with a reason for each signature, it is still written down."""
    return await handed_in_for(request, actor, agreement_id)


async def uploads_of(
    request: Request, actor: Actor, agreement_id: UUID, after: str | None, limit: int, amendment: int = 0
) -> Page[UploadView]:
    """What was handed in for the agreement's own document, or for that of an amendment."""
    start = decode(after, instant, UUID)
    async with units_of(request).reading() as store:
        with refusals_as_problems():
            file = refuse_reading(actor, await store.files.read(scope_of(actor), agreement_id))
        lines = await store.signatures.uploads(scope_of(actor), agreement_id, amendment, limit, start)
    if amendment > len(file.amendments):
        raise not_found("Questa modifica non c'è.", "There is no such amendment.")
    return page([upload_view(one, actor) for one in lines], limit, lambda one: (one.at, one.upload_id))


async def handed_in_for(request: Request, actor: Actor, agreement_id: UUID, amendment: int = 0) -> Response:
    """Takes a signed document in for the agreement, or for an amendment, once per Idempotency-Key."""
    handed_in = await _handed_in(request)
    sent = handed_in.name.encode() + b"\0" + handed_in.content

    async def again(unit: AgreementsUnit, reference: dict[str, str]) -> BaseModel:
        return await _noted(unit, actor, agreement_id, UUID(reference["upload_id"]))

    before = await answered(request, units_of(request), scope_of(actor), sent, again)
    if before is not None:
        return before
    judged = await judged_for(request, actor, agreement_id, handed_in, amendment)
    expected = optional_version(request)

    async def work(unit: AgreementsUnit) -> Reply:
        with refusals_as_problems():
            file, line = await receiving.receive(unit, actor, agreement_id, judged, desk_of(request), expected)
        if not line.accepted:
            problem = problem_of_upload(line)
            body = body_of(request, problem) | {"upload_id": str(line.upload_id)}
            return Reply(problem.status, body, {"Content-Type": MEDIA_TYPE})
        # The names in the certificates are kept with the upload alone, not a second time for repeats.
        reference = {"upload_id": str(line.upload_id)}
        return Reply(201, upload_view(line, actor), {"ETag": etag(file.version)}, reference)

    return await command(request, units_of(request), scope_of(actor), work, sent=sent, again=again)


async def _noted(unit: AgreementsUnit, actor: Actor, agreement_id: UUID, upload_id: UUID) -> UploadView:
    """The upload as it was written down; nothing of it changes but that refused bytes are let go of."""
    line = await unit.store.signatures.upload(unit.scope, agreement_id, upload_id)
    if line is None:
        raise not_found("Il documento non è conservato.", "The document is not kept.")
    return upload_view(line, actor)


@router.get("/agreements/{agreement_id}/signatures/{upload_id}/file", response_class=Response)
async def get_refused(request: Request, actor: LoggedIn, agreement_id: UUID, upload_id: UUID) -> Response:
    """A refused document, as long as it is kept, for who has to find out what is wrong with it."""
    async with units_of(request).reading() as store:
        with refusals_as_problems():
            refuse_reading(actor, await store.files.read(scope_of(actor), agreement_id))
        kept = await store.signatures.refused(scope_of(actor), agreement_id, upload_id)
    if kept is None or not receiving.may_see_names(actor):
        raise not_found("Il documento non è conservato.", "The document is not kept.")
    name, media_type, content = kept
    return as_download(content, name, media_type)


async def judged_for(
    request: Request, actor: Actor, agreement_id: UUID, handed_in: receiving.HandedIn, amendment: int = 0
) -> receiving.Judged:
    """The verdict, before any transaction: it takes seconds."""
    units, scope, desk = units_of(request), scope_of(actor), desk_of(request)
    with refusals_as_problems():
        async with units.reading() as store:
            base = await receiving.base_of(store, scope, actor, agreement_id, amendment)
        return await receiving.judge(base, handed_in, desk, units.clock())


async def _handed_in(request: Request) -> receiving.HandedIn:
    """From JSON with Base64 or from a form with a file."""
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        async with request.form() as form:
            upload = form.get("file")
            if not isinstance(upload, UploadFile):
                raise invalid([field_error("/file", "required", "Scegli il file firmato.", "Choose the signed file.")])
            return receiving.HandedIn(clean(upload.filename or "") or "document", await upload.read(MAX_SIZE + 1))
    try:
        sent = SignedFile.model_validate_json(await request.body())
    except ValidationError as wrong:
        raise invalid(field_errors(wrong)) from wrong
    return receiving.HandedIn(sent.name, sent.content)


def upload_view(line: UploadLine, actor: Actor) -> UploadView:
    """What the reader may know: the names in the certificates only if checking them is their work."""
    content: dict[str, Any] = line.model_dump()
    if not receiving.may_see_names(actor):
        content["signatures"] = [
            {key: value for key, value in one.items() if key not in PERSONAL} for one in line.signatures
        ]
    return UploadView(**content)


def problem_of_upload(line: UploadLine) -> Problem:
    """Why a document was not taken in: one error per reason, pointing at the signature it is about."""
    errors = [
        FieldError(
            pointer=f"/signatures/{one['field'].replace('/', '~1')}" if one["field"] else "/content",
            code=one["reason"],
            message_it=WORDS[Reason(one["reason"])][0],
            message_en=WORDS[Reason(one["reason"])][1],
        )
        for one in line.reasons
    ]
    return Problem(
        422,
        "signature-refused",
        "Il documento non è stato acquisito: " + " ".join(dict.fromkeys(one.message_it for one in errors)),
        "The document was not taken in: " + " ".join(dict.fromkeys(one.message_en for one in errors)),
        errors,
    )
