"""What the page of a file does about signatures: their order, and documents signed outside."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.datastructures import UploadFile
from starlette.responses import Response

from chassis.auth import Actor
from chassis.http.commands import Reply, fingerprint, kept_reply, once
from chassis.http.problem import Problem
from chassis.service import units_of
from chassis.web.flash import redirect
from chassis.web.forms import Form, parse_form
from chassis.web.i18n import gettext as _
from chassis.web.in_words import problem_in_words
from services.agreements.api import desk_of, scope_of
from services.agreements.api_signatures import judged_for, problem_of_upload
from services.agreements.documents.verification import MAX_SIZE
from services.agreements.documents.verification.verdict import clean
from services.agreements.domain.file import AgreementFile
from services.agreements.handlers import receiving
from services.agreements.handlers.desk import AgreementsUnit
from services.agreements.pages.file import Desk, SignedIn
from services.agreements.pages.signature_forms import SigningForm
from services.agreements.problems import refusals_as_problems


def add(routes: APIRouter, desk: Desk) -> None:
    """Adds what these forms do."""

    @routes.post("/files/{agreement_id}/signing")
    async def plan(request: Request, actor: SignedIn, agreement_id: UUID) -> Response:
        form = await parse_form(request, SigningForm)

        async def change(unit: AgreementsUnit, expected: int | None) -> AgreementFile:
            assert form.model is not None
            return await receiving.plan_signatures(unit, actor, agreement_id, form.model.command(), expected)

        try:
            return await desk.fill(request, actor, agreement_id, "signing", form, change, _("The plan has been saved."))
        except Problem as problem:
            if problem.status != 409:
                raise
            return await desk.show(request, actor, agreement_id, 409, problem_in_words(problem), {"signing": form})

    @routes.post("/files/{agreement_id}/signatures")
    async def hand_in(request: Request, actor: SignedIn, agreement_id: UUID) -> Response:
        return await hand_in_on(desk, request, actor, agreement_id)


async def hand_in_on(page: Desk, request: Request, actor: Actor, agreement_id: UUID, amendment: int = 0) -> Response:
    """What the form for a signed file does, on the page of the file or, for an amendment, on that of its changes."""
    async with request.form() as sent:
        upload, key = sent.get("signed_file"), str(sent.get("idempotency_key") or "")
        content = await upload.read(MAX_SIZE + 1) if isinstance(upload, UploadFile) else b""
        name = clean(upload.filename or "") if isinstance(upload, UploadFile) else ""
    if not content:
        form: Form[Any] = Form.of().refuse("signed_file", _("Choose the signed file."))
        return await page.show(request, actor, agreement_id, 422, wrong={"signed_file": form})
    try:
        await _hand_in(request, actor, agreement_id, receiving.HandedIn(name or "document", content), key, amendment)
    except Problem as problem:
        if problem.status not in (409, 422):
            raise
        return await page.show(request, actor, agreement_id, problem.status, problem_in_words(problem))
    return redirect(request, page.address(agreement_id), _("The signatures have been taken in."))


async def _hand_in(
    request: Request, actor: Actor, agreement_id: UUID, handed_in: receiving.HandedIn, key: str, amendment: int
) -> None:
    """Once per key. Raises Problem, also when the document was refused."""
    units, scope = units_of(request), scope_of(actor)
    what = fingerprint(request.url.path, hashlib.sha256(handed_in.content).digest())
    # Sent twice, it is judged once: what the first one changed must not refuse the second.
    reply = await kept_reply(units, scope, key, what) if key else None
    if reply is None:
        judged = await judged_for(request, actor, agreement_id, handed_in, amendment)

        async def work(unit: AgreementsUnit) -> Reply:
            with refusals_as_problems():
                _file, line = await receiving.receive(unit, actor, agreement_id, judged, desk_of(request))
            if line.accepted:
                return Reply(200, {})
            problem = problem_of_upload(line)
            return Reply(200, {"refused": [problem.italian, problem.english]})

        reply = await (once(units, scope, key, what, work) if key else units.run(scope, work))
    refused = json.loads(reply.content()).get("refused")
    if refused:
        raise Problem(422, "signature-refused", *refused)
