"""One file: what is in it, what is missing, and the forms of whoever may work on it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import ValidationError
from starlette.responses import Response

from chassis.auth import Actor, require
from chassis.http.commands import Reply, fingerprint, once
from chassis.http.problem import Problem, invalid
from chassis.service import units_of
from chassis.validation import field_errors
from chassis.web.flash import redirect
from chassis.web.forms import Form, parse_form
from chassis.web.i18n import gettext as _
from chassis.web.in_words import problem_in_words
from chassis.web.pages import Pages
from services.agreements.api import desk_of, scope_of
from services.agreements.domain.commands import ChooseInstrument, Decide, Sign, Suspend, Terminate
from services.agreements.domain.file import AgreementFile
from services.agreements.domain.states import Act, allows
from services.agreements.handlers import closing, filling, signing
from services.agreements.handlers.access import FILLS_IN, refuse_reading, signs_for
from services.agreements.handlers.desk import AgreementsUnit, city_day
from services.agreements.pages import forms
from services.agreements.pages.particular_forms import particulars
from services.agreements.pages.signature_forms import signatures_seen
from services.agreements.pages.surroundings import surroundings, told
from services.agreements.problems import refusals_as_problems
from services.agreements.views import called, pinned, shown_to, view_of

_PLACES = {
    "instrument": "instrument",
    "terms": "instrument",
    "communication": "communication",
    "impact": "impact",
    "roles": "responsibilities",
    "timeline": "timeline",
    "risks": "risks",
    "document": "documents",
    "replacement": "documents",
    "signing": "signatures",
    "comment": "comments",
}
"""The section that a form stands in: after it was saved the reader is there again."""
SignedIn = Annotated[Actor, Depends(require())]
Change = Callable[[AgreementsUnit, int | None], Awaitable[AgreementFile]]


class Desk:
    """Shows a file and carries out what its forms ask, by the same handlers as the API."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def show(
        self,
        request: Request,
        actor: Actor,
        agreement_id: UUID,
        status: int = 200,
        message: str | None = None,
        wrong: dict[str, Form[Any]] | None = None,
    ) -> Response:
        """The page; `wrong` are forms to show as they were sent, with what is wrong in them."""
        units, scope = units_of(request), scope_of(actor)
        async with units.reading() as store:
            with refusals_as_problems():
                file = refuse_reading(actor, await store.files.read(scope, agreement_id))
            view = shown_to(actor, file, await view_of(store, scope, file, units.clock()))
            record = await pinned(store, scope, file)
            around = await surroundings(request, store, actor, file, record, city_day(units.clock()))
            signatures, signature_forms = await signatures_seen(store, scope, actor, file)
        return self._pages.render(
            request,
            "file.html",
            status=status,
            message=message,
            file=view,
            record=record,
            forms=forms.filled(file) | particulars(file) | signature_forms | (wrong or {}),
            called=called,
            **around,
            **signatures,
            **told(view, record, fills_in=actor.has(*FILLS_IN) and allows(file.state, Act.EDIT)),
            may_submit=actor.has(*FILLS_IN) and allows(file.state, Act.SUBMIT),
            may_approve=actor.has("legal") and allows(file.state, Act.APPROVE),
            decisions=_decisions(actor, file),
            may_resume=actor.has("legal") and allows(file.state, Act.RESUME),
            may_split=actor.has(*FILLS_IN) and allows(file.state, Act.SPLIT) and len(file.allocations) > 1,
            may_amend=allows(file.state, Act.AMEND),
            own_signatures=[
                one for one in signs_for(actor, file) if one.evidence is None and allows(file.state, Act.SIGN)
            ],
        )

    async def do(
        self,
        request: Request,
        actor: Actor,
        agreement_id: UUID,
        form: Form[Any],
        change: Change,
        done: str,
        place: str | None = None,
    ) -> Response:
        """Carries out `change` once, and says so on the next page, at the section `place`. Raises Problem."""
        version = form.text("version")
        expected = int(version) if version.isdecimal() and len(version) < 10 else None

        async def work(unit: AgreementsUnit) -> Reply:
            with refusals_as_problems():
                file = await change(unit, expected)
            return Reply(200, {"version": file.version})

        units, scope = units_of(request), scope_of(actor)
        if form.idempotency_key:
            what = fingerprint(request.url.path, *(f"{name}={form.values[name]}" for name in sorted(form.values)))
            await once(units, scope, form.idempotency_key, what, work)
        else:
            await units.run(scope, work)
        back = f"?saved={place}#{place}" if place else ""
        return redirect(request, self.address(agreement_id) + back, done)

    def address(self, agreement_id: UUID) -> str:
        """The page to go on with after something was done."""
        return f"/agreements/files/{agreement_id}"

    async def fill(
        self,
        request: Request,
        actor: Actor,
        agreement_id: UUID,
        name: str,
        form: Form[Any],
        change: Change,
        done: str,
    ) -> Response:
        """As `do`, for a form with fields: what is wrong with them is shown beside them."""
        if form.model is None:
            return await self.show(request, actor, agreement_id, 422, wrong={name: form})
        try:
            return await self.do(request, actor, agreement_id, form, change, done, _PLACES.get(name))
        except Problem as problem:
            if problem.status == 412:
                return await self.show(request, actor, agreement_id, 412, kept(), {name: form})
            if problem.status != 422 or not problem.errors:
                raise
            return await self.show(request, actor, agreement_id, 422, wrong={name: form.refuse_all(problem.errors)})

    async def press(self, request: Request, actor: Actor, agreement_id: UUID, change: Change, done: str) -> Response:
        """As `do`, for a button: a refusal is a sentence at the top of the file."""
        form: Form[Any] = Form(values=dict(await request.form()))
        try:
            return await self.do(request, actor, agreement_id, form, change, done)
        except Problem as problem:
            if problem.status not in (409, 422):
                raise
            text = problem_in_words(problem)
            return await self.show(request, actor, agreement_id, problem.status, text)


def kept() -> str:
    """What is said when somebody else was faster; what was typed is shown again, over what is on file now."""
    return _("Somebody else changed this in the meantime. What you wrote is kept: look at it again, then save it.")


def _decisions(actor: Actor, file: AgreementFile) -> list[tuple[str, str]]:
    if not actor.has("legal"):
        return []
    words = (
        (Act.SEND_BACK, "send_back", _("Send back to the account manager with remarks")),
        (Act.REJECT, "reject", _("Refuse for good")),
        (Act.SUSPEND, "suspend", _("Suspend")),
        (Act.TERMINATE, "terminate", _("End early")),
    )
    return [(code, text) for act, code, text in words if allows(file.state, act)]


async def for_whom(request: Request) -> Sign:
    """The party that a button signs for; raises a Problem for what names none."""
    try:
        return Sign(party_id=str((await request.form()).get("party_id") or "") or None)
    except ValidationError as wrong:
        raise invalid(field_errors(wrong)) from wrong


def add(routes: APIRouter, pages: Pages) -> Desk:
    """Adds the file and what the forms of its terms and plans do."""
    desk = Desk(pages)

    @routes.get("/files/{agreement_id}")
    async def show(request: Request, actor: SignedIn, agreement_id: UUID) -> Response:
        return await desk.show(request, actor, agreement_id)

    @routes.post("/files/{agreement_id}/instrument")
    async def instrument(request: Request, actor: SignedIn, agreement_id: UUID) -> Response:
        form = await parse_form(request, forms.InstrumentForm)

        async def change(unit: AgreementsUnit, expected: int | None) -> AgreementFile:
            assert form.model is not None
            file = await unit.store.files.read(unit.scope, agreement_id)
            command = ChooseInstrument(instrument=form.model.instrument, language=file.language if file else "it")
            return await filling.choose_instrument(unit, actor, agreement_id, command, expected)

        return await desk.fill(
            request, actor, agreement_id, "instrument", form, change, _("The instrument has been chosen.")
        )

    @routes.post("/files/{agreement_id}/terms")
    async def terms(request: Request, actor: SignedIn, agreement_id: UUID) -> Response:
        form = await parse_form(request, forms.TermsForm)

        async def change(unit: AgreementsUnit, expected: int | None) -> AgreementFile:
            assert form.model is not None
            with refusals_as_problems():
                file = refuse_reading(actor, await unit.store.files.read(unit.scope, agreement_id))
            record = await pinned(unit.store, unit.scope, file)
            if record is None:
                return file
            command = form.model.command(record)
            return await filling.choose_instrument(unit, actor, agreement_id, command, expected)

        return await desk.fill(request, actor, agreement_id, "terms", form, change, _("The terms have been saved."))

    @routes.post("/files/{agreement_id}/communication-plan")
    async def communication_plan(request: Request, actor: SignedIn, agreement_id: UUID) -> Response:
        form = await parse_form(request, forms.CommunicationForm)
        plan = None
        if form.model is not None:
            try:
                plan = form.model.plan()
            except ValidationError:
                form.refuse("channels", _("Write short words with commas between them."))
                form.model = None

        async def change(unit: AgreementsUnit, expected: int | None) -> AgreementFile:
            assert plan is not None
            return await filling.set_communication_plan(unit, actor, agreement_id, plan, expected)

        done = _("The communication plan has been saved.")
        return await desk.fill(request, actor, agreement_id, "communication", form, change, done)

    @routes.post("/files/{agreement_id}/impact-plan")
    async def impact_plan(request: Request, actor: SignedIn, agreement_id: UUID) -> Response:
        form = await parse_form(request, forms.ImpactForm)

        async def change(unit: AgreementsUnit, expected: int | None) -> AgreementFile:
            assert form.model is not None
            return await filling.set_impact_plan(unit, actor, agreement_id, form.model.plan(), expected)

        return await desk.fill(
            request, actor, agreement_id, "impact", form, change, _("The impact plan has been saved.")
        )

    _add_decisions(routes, desk)
    return desk


def _add_decisions(routes: APIRouter, desk: Desk) -> None:
    @routes.post("/files/{agreement_id}/submit")
    async def submit(request: Request, actor: SignedIn, agreement_id: UUID) -> Response:
        return await desk.press(
            request,
            actor,
            agreement_id,
            lambda unit, expected: filling.submit(unit, actor, agreement_id, expected),
            _("The file is with the Legal Office."),
        )

    @routes.post("/files/{agreement_id}/approve")
    async def approve(request: Request, actor: SignedIn, agreement_id: UUID) -> Response:
        return await desk.press(
            request,
            actor,
            agreement_id,
            lambda unit, expected: signing.approve(unit, actor, agreement_id, desk_of(request), expected),
            _("Approved: the document waits for its signatures."),
        )

    @routes.post("/files/{agreement_id}/sign")
    async def sign(request: Request, actor: SignedIn, agreement_id: UUID) -> Response:
        whom = await for_whom(request)
        return await desk.press(
            request,
            actor,
            agreement_id,
            lambda unit, expected: signing.sign(unit, actor, agreement_id, whom, desk_of(request), expected),
            _("Signed and verified."),
        )

    @routes.post("/files/{agreement_id}/resume")
    async def resume(request: Request, actor: SignedIn, agreement_id: UUID) -> Response:
        return await desk.press(
            request,
            actor,
            agreement_id,
            lambda unit, expected: closing.resume(unit, actor, agreement_id, expected),
            _("The agreement goes on."),
        )

    @routes.post("/files/{agreement_id}/decide")
    async def decide(request: Request, actor: SignedIn, agreement_id: UUID) -> Response:
        form = await parse_form(request, forms.DecisionForm)

        async def change(unit: AgreementsUnit, expected: int | None) -> AgreementFile:
            assert form.model is not None
            reason = form.model.reason
            match form.model.decision:
                case "send_back":
                    return await filling.send_back(unit, actor, agreement_id, Decide(reason=reason), expected)
                case "reject":
                    return await closing.reject(unit, actor, agreement_id, Decide(reason=reason), expected)
                case "suspend":
                    return await closing.suspend(unit, actor, agreement_id, Suspend(reason=reason), expected)
                case "terminate":
                    return await closing.terminate(unit, actor, agreement_id, Terminate(reason=reason), expected)

        return await desk.fill(request, actor, agreement_id, "decision", form, change, _("Done."))
