"""Amendments, renewals, an end taken back, and several agreements of one match."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from chassis.http.etag import optional_version
from chassis.http.paging import After, Limit, Page
from chassis.http.problem import not_found
from chassis.service import units_of
from services.agreements.api import DOCUMENTED, LoggedIn, ToSign, answer_change, desk_of, scope_of
from services.agreements.api_signatures import AS_FORM, SigningView, UploadView, handed_in_for, signing_of, uploads_of
from services.agreements.domain.amending import face
from services.agreements.domain.commands import Amend, Decide, Renew, Sign, Split
from services.agreements.domain.signatories import NameSignatories
from services.agreements.downloads import document_to_read, document_to_sign
from services.agreements.handlers import amending, closing, receiving
from services.agreements.handlers.access import refuse_reading
from services.agreements.problems import refusals_as_problems
from services.agreements.views import AgreementView

router = APIRouter(prefix="/agreements/api/v1", tags=["amendments"], responses=DOCUMENTED)
Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="which of the agreement's amendments")]


@router.post("/agreements/{agreement_id}/amendments", response_model=AgreementView, status_code=201)
async def amend(request: Request, actor: LoggedIn, agreement_id: UUID, body: Amend) -> Response:
    """Opens an amendment of a signed agreement, or edits the one under way; the agreement stays in force as it is."""
    expected = optional_version(request)
    return await answer_change(
        request, actor, lambda unit: amending.amend(unit, actor, agreement_id, body, expected), 201
    )


@router.post("/agreements/{agreement_id}/renew", response_model=AgreementView, status_code=201)
async def renew(request: Request, actor: LoggedIn, agreement_id: UUID, body: Renew) -> Response:
    """Opens a renewal: an amendment that only moves the last day."""
    expected, desk = optional_version(request), desk_of(request)
    return await answer_change(
        request, actor, lambda unit: amending.renew(unit, actor, agreement_id, body, desk, expected), 201
    )


@router.post("/agreements/{agreement_id}/amendments/{number}/submit", response_model=AgreementView)
async def submit_amendment(request: Request, actor: LoggedIn, agreement_id: UUID, number: Number) -> Response:
    """Hands the amendment to the Legal Office."""
    expected = optional_version(request)
    return await answer_change(
        request, actor, lambda unit: amending.submit_amendment(unit, actor, agreement_id, number, expected)
    )


@router.post("/agreements/{agreement_id}/amendments/{number}/approve", response_model=AgreementView)
async def approve_amendment(request: Request, actor: LoggedIn, agreement_id: UUID, number: Number) -> Response:
    """Approves the amendment: gives it its own protocol number and makes its document."""
    expected, desk = optional_version(request), desk_of(request)
    return await answer_change(
        request, actor, lambda unit: amending.approve_amendment(unit, actor, agreement_id, number, desk, expected)
    )


@router.post("/agreements/{agreement_id}/amendments/{number}/reject", response_model=AgreementView)
async def refuse_amendment(
    request: Request, actor: LoggedIn, agreement_id: UUID, number: Number, body: Decide
) -> Response:
    """Refuses the amendment; the agreement goes on as it is."""
    expected = optional_version(request)
    return await answer_change(
        request, actor, lambda unit: amending.refuse_amendment(unit, actor, agreement_id, number, body, expected)
    )


@router.post("/agreements/{agreement_id}/amendments/{number}/withdraw", response_model=AgreementView)
async def withdraw_amendment(
    request: Request, actor: LoggedIn, agreement_id: UUID, number: Number, body: Decide
) -> Response:
    """Takes the amendment back; the agreement goes on as it is."""
    expected = optional_version(request)
    return await answer_change(
        request, actor, lambda unit: amending.withdraw_amendment(unit, actor, agreement_id, number, body, expected)
    )


@router.post("/agreements/{agreement_id}/amendments/{number}/sign", response_model=AgreementView)
async def sign_amendment(
    request: Request, actor: LoggedIn, agreement_id: UUID, number: Number, body: Sign | None = None
) -> Response:
    """Signs the amendment's document; with the last signature what it changes takes effect."""
    expected, desk, wanted = optional_version(request), desk_of(request), body or Sign()
    return await answer_change(
        request,
        actor,
        lambda unit: amending.sign_amendment(unit, actor, agreement_id, number, wanted, desk, expected),
    )


@router.get("/agreements/{agreement_id}/amendments/{number}/document.pdf", response_class=Response)
async def amendment_document(
    request: Request, actor: LoggedIn, agreement_id: UUID, number: Number, to_sign: ToSign = None
) -> Response:
    """The amendment's document with the signatures it has so far."""
    async with units_of(request).reading() as store:
        with refusals_as_problems():
            file = refuse_reading(actor, await store.files.read(scope_of(actor), agreement_id))
        latest = await store.amendments.latest(scope_of(actor), agreement_id, number)
    if latest is None:
        raise not_found(
            "Il documento nasce quando la modifica è approvata.",
            "The document is made when the amendment is approved.",
        )
    seen = face(file, file.amendments[number - 1])
    return document_to_read(seen, latest[1]) if to_sign in (None, "false") else document_to_sign(seen, latest[1])


@router.get("/agreements/{agreement_id}/amendments/{number}/signing")
async def get_amendment_signing(request: Request, actor: LoggedIn, agreement_id: UUID, number: Number) -> SigningView:
    """Who signs the amendment, who has, who is awaited."""
    return await signing_of(request, actor, agreement_id, number)


@router.post("/agreements/{agreement_id}/amendments/{number}/signing", response_model=AgreementView)
async def name_signatories(
    request: Request, actor: LoggedIn, agreement_id: UUID, number: Number, body: NameSignatories
) -> Response:
    """Says through whom the parties sign the amendment, where not through whom they signed the agreement."""
    expected = optional_version(request)
    return await answer_change(
        request,
        actor,
        lambda unit: receiving.name_for_amendment(unit, actor, agreement_id, number, body, expected),
    )


@router.get("/agreements/{agreement_id}/amendments/{number}/signatures")
async def list_uploads(
    request: Request, actor: LoggedIn, agreement_id: UUID, number: Number, after: After = None, limit: Limit = 50
) -> Page[UploadView]:
    """Documents that were handed in signed for the amendment, the newest first, each with what was found in it."""
    return await uploads_of(request, actor, agreement_id, after, limit, number)


@router.post(
    "/agreements/{agreement_id}/amendments/{number}/signatures",
    response_model=UploadView,
    status_code=201,
    openapi_extra=AS_FORM,
)
async def hand_in(request: Request, actor: LoggedIn, agreement_id: UUID, number: Number) -> Response:
    """Hands in the amendment's document signed outside; with the last signature what it changes takes effect."""
    return await handed_in_for(request, actor, agreement_id, number)


@router.post("/agreements/{agreement_id}/split", response_model=AgreementView, status_code=201)
async def split(request: Request, actor: LoggedIn, agreement_id: UUID, body: Split) -> Response:
    """Moves lines of a draft into a second agreement of the same match; answers with the new one."""
    expected = optional_version(request)
    return await answer_change(
        request, actor, lambda unit: amending.split(unit, actor, agreement_id, body, expected), 201
    )


@router.post("/agreements/{agreement_id}/keep-on", response_model=AgreementView)
async def keep_on(request: Request, actor: LoggedIn, agreement_id: UUID) -> Response:
    """Takes back an early end that was decided for a day to come."""
    expected = optional_version(request)
    return await answer_change(request, actor, lambda unit: closing.keep_on(unit, actor, agreement_id, expected))
