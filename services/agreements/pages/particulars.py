"""What the page of a file does besides terms and plans: roles, risks, timeline, comments, overrides, documents."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ValidationError
from starlette.responses import Response

from chassis.auth import Actor
from chassis.validation import field_errors
from chassis.web.forms import Form, parse_form
from chassis.web.i18n import gettext as _
from services.agreements.domain.commands import (
    AddDocument,
    MarkMilestone,
    SetAside,
    SetResponsibilities,
    TakeBack,
    WriteComment,
)
from services.agreements.domain.file import AgreementFile
from services.agreements.handlers import commenting, filling, noting
from services.agreements.handlers.access import refuse_reading
from services.agreements.handlers.desk import AgreementsUnit
from services.agreements.pages import forms
from services.agreements.pages import particular_forms as own
from services.agreements.pages.file import Desk, SignedIn

Work = Callable[[AgreementsUnit, Any, int | None], Awaitable[AgreementFile]]


def add(routes: APIRouter, desk: Desk) -> None:
    """Adds what these forms do."""
    _add_lists(routes, desk)
    _add_overrides(routes, desk)
    _add_documents(routes, desk)
    _add_comments(routes, desk)


async def _filled(
    desk: Desk,
    request: Request,
    actor: Actor,
    agreement_id: UUID,
    name: str,
    model: type[BaseModel],
    work: Work,
    done: str,
    prefix: str = "",
) -> Response:
    """Reads a form and carries out `work` with what it says."""
    form = (await parse_form(request, model)).called(prefix)

    async def change(unit: AgreementsUnit, expected: int | None) -> AgreementFile:
        return await work(unit, form.model, expected)

    return await desk.fill(request, actor, agreement_id, name, form, change, done)


def _add_lists(routes: APIRouter, desk: Desk) -> None:
    @routes.post("/files/{agreement_id}/roles")
    async def roles(request: Request, actor: SignedIn, agreement_id: UUID) -> Response:
        async def work(unit: AgreementsUnit, form: own.RolesForm, expected: int | None) -> AgreementFile:
            file = refuse_reading(actor, await unit.store.files.read(unit.scope, agreement_id))
            command = SetResponsibilities(responsibilities=form.responsibilities(file))
            return await noting.set_responsibilities(unit, actor, agreement_id, command, expected)

        done = _("The roles have been saved.")
        return await _filled(desk, request, actor, agreement_id, "roles", own.RolesForm, work, done)

    @routes.post("/files/{agreement_id}/risks")
    async def risks(request: Request, actor: SignedIn, agreement_id: UUID) -> Response:
        async def work(unit: AgreementsUnit, form: own.RisksForm, expected: int | None) -> AgreementFile:
            return await noting.set_risks(unit, actor, agreement_id, form.command(), expected)

        done = _("The risks have been saved.")
        return await _filled(desk, request, actor, agreement_id, "risks", own.RisksForm, work, done)

    @routes.post("/files/{agreement_id}/timeline")
    async def timeline(request: Request, actor: SignedIn, agreement_id: UUID) -> Response:
        async def work(unit: AgreementsUnit, form: own.TimelineForm, expected: int | None) -> AgreementFile:
            return await noting.set_timeline(unit, actor, agreement_id, form.command(), expected)

        done = _("The timeline has been saved.")
        return await _filled(desk, request, actor, agreement_id, "timeline", own.TimelineForm, work, done)

    @routes.post("/files/{agreement_id}/milestones/{milestone_id}")
    async def milestone(request: Request, actor: SignedIn, agreement_id: UUID, milestone_id: UUID) -> Response:
        reached = (await request.form()).get("done") != "false"
        command = MarkMilestone(done=reached)
        return await desk.press(
            request,
            actor,
            agreement_id,
            lambda unit, expected: noting.mark_milestone(unit, actor, agreement_id, milestone_id, command, expected),
            _("The milestone has been reached.") if reached else _("The milestone is open again."),
        )


def _add_overrides(routes: APIRouter, desk: Desk) -> None:
    @routes.post("/files/{agreement_id}/override")
    async def override(request: Request, actor: SignedIn, agreement_id: UUID) -> Response:
        async def work(unit: AgreementsUnit, form: own.OverrideForm, expected: int | None) -> AgreementFile:
            command = SetAside(check=form.check, reason=form.reason)
            return await noting.set_aside(unit, actor, agreement_id, command, expected)

        done = _("The check has been set aside; the mark stays on file.")
        return await _filled(
            desk, request, actor, agreement_id, "override", own.OverrideForm, work, done, prefix="override"
        )

    @routes.post("/files/{agreement_id}/override/revoke")
    async def revoke(request: Request, actor: SignedIn, agreement_id: UUID) -> Response:
        async def work(unit: AgreementsUnit, form: own.OverrideForm, expected: int | None) -> AgreementFile:
            command = TakeBack(check=form.check, reason=form.reason)
            return await noting.take_back(unit, actor, agreement_id, command, expected)

        return await _filled(
            desk,
            request,
            actor,
            agreement_id,
            "override",
            own.OverrideForm,
            work,
            _("The check counts again."),
            prefix="override",
        )


def _add_documents(routes: APIRouter, desk: Desk) -> None:
    @routes.post("/files/{agreement_id}/documents")
    async def documents(request: Request, actor: SignedIn, agreement_id: UUID) -> Response:
        form, command = await _document(request)

        async def change(unit: AgreementsUnit, expected: int | None) -> AgreementFile:
            assert command is not None
            return await filling.add_document(unit, actor, agreement_id, command, expected)

        return await desk.fill(request, actor, agreement_id, "document", form, change, _("The document is on file."))

    @routes.post("/files/{agreement_id}/documents/{document_id}/replace")
    async def replace(request: Request, actor: SignedIn, agreement_id: UUID, document_id: UUID) -> Response:
        form, command = await _document(request)
        form.values["document_id"] = str(document_id)

        async def change(unit: AgreementsUnit, expected: int | None) -> AgreementFile:
            assert command is not None
            return await filling.replace_document(unit, actor, agreement_id, document_id, command, expected)

        done = _("The document has been replaced.")
        return await desk.fill(request, actor, agreement_id, "replacement", form.called("replacement"), change, done)

    @routes.post("/files/{agreement_id}/documents/{document_id}/remove")
    async def remove(request: Request, actor: SignedIn, agreement_id: UUID, document_id: UUID) -> Response:
        return await desk.press(
            request,
            actor,
            agreement_id,
            lambda unit, expected: filling.remove_document(unit, actor, agreement_id, document_id, expected),
            _("The document has been taken out."),
        )


async def _document(request: Request) -> tuple[Form[forms.DocumentForm], AddDocument | None]:
    """The form of a document; without a command when something in it is wrong."""
    form = await parse_form(request, forms.DocumentForm)
    command = None
    if form.model is not None:
        try:
            command = await form.model.command()
        except ValidationError as wrong:
            form.refuse("upload", _("Give words or a file: PDF, PNG, JPEG or text, at most 10 MB."))
            form.refuse_all(one for one in field_errors(wrong) if one.pointer in ("/text", "/kind"))
            form.model = None
    await request.close()  # lets go of the uploaded file's temporary copy
    return form, command


def _add_comments(routes: APIRouter, desk: Desk) -> None:
    @routes.post("/files/{agreement_id}/comments")
    async def comment(request: Request, actor: SignedIn, agreement_id: UUID) -> Response:
        async def work(unit: AgreementsUnit, form: own.CommentForm, expected: int | None) -> AgreementFile:
            command = WriteComment(words=form.words, audience=form.audience, reply_to=form.reply_to)
            await commenting.write(unit, actor, agreement_id, command)
            return refuse_reading(actor, await unit.store.files.read(unit.scope, agreement_id))

        return await _filled(
            desk,
            request,
            actor,
            agreement_id,
            "comment",
            own.CommentForm,
            work,
            _("The comment is there."),
            prefix="comment",
        )

    @routes.post("/files/{agreement_id}/comments/{comment_id}/retract")
    async def retract(request: Request, actor: SignedIn, agreement_id: UUID, comment_id: UUID) -> Response:
        async def change(unit: AgreementsUnit, expected: int | None) -> AgreementFile:
            await commenting.retract(unit, actor, agreement_id, comment_id)
            return refuse_reading(actor, await unit.store.files.read(unit.scope, agreement_id))

        return await desk.press(request, actor, agreement_id, change, _("The words are gone."))
