"""What may still change in an agreement: amendments, renewal, rest, a decided end, several agreements of one match."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from chassis.auth import Actor, require
from chassis.service import units_of
from chassis.web.forms import Form, parse_form
from chassis.web.i18n import gettext as _
from chassis.web.pages import Pages
from contracts.units import plain
from contracts.values import FieldError, LongText, Quantity
from services.agreements.api import desk_of, scope_of
from services.agreements.documents.amendment import changes_of
from services.agreements.domain.amending import face
from services.agreements.domain.commands import Amend, Decide, Renew, Split, Suspend, Terminate
from services.agreements.domain.file import AgreementFile, LineChange
from services.agreements.domain.instruments import Instrument
from services.agreements.domain.states import Act, AmendmentAct, allows, amendment_allows
from services.agreements.handlers import amending, closing, receiving
from services.agreements.handlers.access import FILLS_IN, refuse_reading, signs_for
from services.agreements.handlers.desk import AgreementsUnit
from services.agreements.pages.amendment_names import NamesForm, names_form, seats_of
from services.agreements.pages.file import Desk, for_whom
from services.agreements.pages.signature_forms import uploads_seen
from services.agreements.pages.signatures import hand_in_on
from services.agreements.problems import refusals_as_problems
from services.agreements.views import called, pinned

SignedIn = Annotated[Actor, Depends(require())]
Reason = Annotated[LongText, Field(min_length=3)]


class QuantityRow(BaseModel):
    """One line of the agreement and how much it is to be; as it is when left empty."""

    position: int
    quantity: Quantity | None = None


class AmendForm(BaseModel):
    """The agreement as it is to be. What is left as it is does not change."""

    reason: Reason
    quantities: tuple[QuantityRow, ...] = ()
    valid_to: date | None = None
    terms: dict[str, LongText] = Field(default_factory=dict)

    def command(self, file: AgreementFile, record: Instrument | None) -> Amend:
        lines = {position: line.quantity for position, line in enumerate(file.allocations)}
        terms = {term.code: self.terms.get(term.code, "") for term in record.terms} if record else {}
        return Amend(
            reason=self.reason,
            quantities=tuple(
                LineChange(position=row.position, quantity=row.quantity)
                for row in self.quantities
                if row.quantity is not None and row.quantity != lines.get(row.position)
            ),
            valid_to=self.valid_to if self.valid_to != file.valid_to else None,
            terms={code: text for code, text in terms.items() if text != file.terms.get(code, "")},
        )


class ReasonForm(BaseModel):
    """Why; further fields by what is decided."""

    reason: Reason


class RenewForm(ReasonForm):
    """The new last day."""

    valid_to: date


class SuspendForm(ReasonForm):
    """A rest, until a day if one is given."""

    until: date | None = None


class EndForm(ReasonForm):
    """An early end, today if no day is given."""

    effective_on: date | None = None


class SplitForm(BaseModel):
    """Which lines go, and who else takes part."""

    allocations: tuple[int, ...] = Field(min_length=1)
    parties: tuple[str, ...] = ()


class Changes(Desk):
    """The page of changes, over the same handlers as the API."""

    def address(self, agreement_id: UUID) -> str:
        return f"/agreements/files/{agreement_id}/changes"

    async def show(
        self,
        request: Request,
        actor: Actor,
        agreement_id: UUID,
        status: int = 200,
        message: str | None = None,
        wrong: dict[str, Form[Any]] | None = None,
    ) -> Response:
        scope = scope_of(actor)
        async with units_of(request).reading() as store:
            with refusals_as_problems():
                file = refuse_reading(actor, await store.files.read(scope, agreement_id))
            record = await pinned(store, scope, file)
            came = await store.amendments.delivered(scope, agreement_id, file.allocations)
            others = await store.files.of_match_now(scope, file.match_id)
            one = file.amendment
            uploads = await uploads_seen(store, scope, actor, agreement_id, one.number) if one else []
            names = await names_form(store, scope, file) if actor.has(*FILLS_IN) else Form[Any].of()
        fills_in, legal = actor.has(*FILLS_IN), actor.has("legal")
        may = {act.value: one is not None and amendment_allows(one.state, act) for act in AmendmentAct}
        signs = signs_for(actor, face(file, one)) if one else []
        return self._pages.render(
            request,
            "changes.html",
            status=status,
            message=message,
            file=file,
            record=record,
            others=[other for other in others if other.agreement_id != file.agreement_id],
            called=called,
            came={position: plain(quantity) for position, quantity in came.items()},
            forms=_filled(file) | {"names": names} | (wrong or {}),
            seats=seats_of(file),
            under_way=one,
            history=[
                (amendment, changes_of(file, amendment, record))
                for amendment in reversed(file.amendments)
                if amendment != one
            ],
            changes=changes_of(file, one, record) if one else [],
            may_open=fills_in and allows(file.state, Act.AMEND) and (one is None or may["edit"]),
            may_name=fills_in and one is not None,
            may_submit=fills_in and may["submit"],
            may_withdraw=fills_in and may["withdraw"],
            may_approve=legal and may["approve"],
            may_refuse=legal and may["reject"],
            own_signatures=[who for who in signs if who.evidence is None and may["sign"]],
            hands_in=may["sign"] and receiving.may_hand_in(actor, file),
            uploads=uploads,
            sees_names=receiving.may_see_names(actor),
            may_split=fills_in and allows(file.state, Act.SPLIT) and len(file.allocations) > 1,
            may_suspend=legal and allows(file.state, Act.SUSPEND),
            may_end=legal and allows(file.state, Act.TERMINATE),
            may_keep_on=legal and file.ends_on is not None and allows(file.state, Act.KEEP_ON),
        )


def _filled(file: AgreementFile) -> dict[str, Form[Any]]:
    """The forms with the agreement as it stands, or as the draft under way has it."""
    draft = file.amendment.changes if file.amendment else None
    lines = {line.position: line.quantity for line in draft.quantities} if draft else {}
    values: dict[str, Any] = {}
    for position, line in enumerate(file.allocations):
        values[f"quantities.{position}.position"] = position
        values[f"quantities.{position}.quantity"] = plain(lines.get(position, line.quantity))
    for code, text in {**file.terms, **(draft.terms if draft else {})}.items():
        values[f"terms.{code}"] = text
    values["valid_to"] = (draft.valid_to if draft else None) or file.valid_to
    values["reason"] = file.amendment.reason if file.amendment else ""
    return {
        "amend": Form[Any].of(**values).called("amend"),
        "renew": Form[Any].of(valid_to=values["valid_to"], reason=values["reason"]).called("renew"),
        "suspend": Form[Any].of().called("suspend"),
        "end": Form[Any].of(effective_on=file.ends_on).called("end"),
        "drop": Form[Any].of().called("drop"),
        "split": Form[Any].of().called("split"),
        "signed_file": Form[Any].of(),
    }


def add(routes: APIRouter, pages: Pages) -> None:
    """Adds the page and what its forms do."""
    page = Changes(pages)

    @routes.get("/files/{agreement_id}/changes")
    async def show(request: Request, actor: SignedIn, agreement_id: UUID) -> Response:
        return await page.show(request, actor, agreement_id)

    @routes.post("/files/{agreement_id}/amend")
    async def amend(request: Request, actor: SignedIn, agreement_id: UUID) -> Response:
        form = (await parse_form(request, AmendForm)).called("amend")
        rows: list[int] = []

        async def change(unit: AgreementsUnit, expected: int | None) -> AgreementFile:
            assert form.model is not None
            with refusals_as_problems():
                file = refuse_reading(actor, await unit.store.files.read(unit.scope, agreement_id))
            command = form.model.command(file, await pinned(unit.store, unit.scope, file))
            rows[:] = [line.position for line in command.quantities]
            return await amending.amend(unit, actor, agreement_id, command, expected)

        placed = _Placed(form, rows)
        return await page.fill(request, actor, agreement_id, "amend", placed, change, _("The amendment is drafted."))

    @routes.post("/files/{agreement_id}/renew")
    async def renew(request: Request, actor: SignedIn, agreement_id: UUID) -> Response:
        form = (await parse_form(request, RenewForm)).called("renew")
        desk = desk_of(request)

        async def change(unit: AgreementsUnit, expected: int | None) -> AgreementFile:
            assert form.model is not None
            return await amending.renew(unit, actor, agreement_id, Renew(**form.model.model_dump()), desk, expected)

        return await page.fill(request, actor, agreement_id, "renew", form, change, _("The renewal is drafted."))

    @routes.post("/files/{agreement_id}/split")
    async def split(request: Request, actor: SignedIn, agreement_id: UUID) -> Response:
        form = (await parse_form(request, SplitForm)).called("split")

        async def change(unit: AgreementsUnit, expected: int | None) -> AgreementFile:
            assert form.model is not None
            command = Split(allocations=form.model.allocations, parties=form.model.parties)
            return await amending.split(unit, actor, agreement_id, command, expected)

        done = _("The lines chosen have an agreement of their own now.")
        return await page.fill(request, actor, agreement_id, "split", form, change, done)

    _add_steps(routes, page)
    _add_days(routes, page)


class _Placed(Form[AmendForm]):
    """The form of an amendment: lines that are wrong are named by their place on the page."""

    def __init__(self, form: Form[AmendForm], rows: list[int]) -> None:
        super().__init__(form.values, form.errors, form.model, form.prefix)
        self._rows = rows

    def refuse_all(self, faults: Any) -> Form[AmendForm]:
        return super().refuse_all([self._placed(one) for one in faults])

    def _placed(self, fault: FieldError) -> FieldError:
        parts = fault.pointer.split("/")
        if len(parts) > 2 and parts[1] == "quantities" and parts[2].isdigit() and int(parts[2]) < len(self._rows):
            parts[2] = str(self._rows[int(parts[2])])
        return fault.model_copy(update={"pointer": "/".join(parts)})


def _add_steps(routes: APIRouter, page: Changes) -> None:
    """What is done with the amendment under way."""

    @routes.post("/files/{agreement_id}/amendments/{number}/submit")
    async def submit(request: Request, actor: SignedIn, agreement_id: UUID, number: int) -> Response:
        return await page.press(
            request,
            actor,
            agreement_id,
            lambda unit, expected: amending.submit_amendment(unit, actor, agreement_id, number, expected),
            _("The amendment is with the Legal Office."),
        )

    @routes.post("/files/{agreement_id}/amendments/{number}/approve")
    async def approve(request: Request, actor: SignedIn, agreement_id: UUID, number: int) -> Response:
        return await page.press(
            request,
            actor,
            agreement_id,
            lambda unit, expected: amending.approve_amendment(
                unit, actor, agreement_id, number, desk_of(request), expected
            ),
            _("Approved: the amendment waits for its signatures."),
        )

    @routes.post("/files/{agreement_id}/amendments/{number}/sign")
    async def sign(request: Request, actor: SignedIn, agreement_id: UUID, number: int) -> Response:
        whom = await for_whom(request)
        return await page.press(
            request,
            actor,
            agreement_id,
            lambda unit, expected: amending.sign_amendment(
                unit, actor, agreement_id, number, whom, desk_of(request), expected
            ),
            _("Signed and verified."),
        )

    @routes.post("/files/{agreement_id}/amendments/{number}/signing")
    async def name(
        request: Request, actor: SignedIn, agreement_id: UUID, number: Annotated[int, Path(ge=1, le=2**31 - 1)]
    ) -> Response:
        form = (await parse_form(request, NamesForm)).called("names")

        async def change(unit: AgreementsUnit, expected: int | None) -> AgreementFile:
            assert form.model is not None
            with refusals_as_problems():
                return await receiving.name_for_amendment(
                    unit, actor, agreement_id, number, form.model.command(), expected
                )

        return await page.fill(request, actor, agreement_id, "names", form, change, _("The names have been saved."))

    @routes.post("/files/{agreement_id}/amendments/{number}/signatures")
    async def hand_in(
        request: Request, actor: SignedIn, agreement_id: UUID, number: Annotated[int, Path(ge=1, le=2**31 - 1)]
    ) -> Response:
        return await hand_in_on(page, request, actor, agreement_id, number)

    @routes.post("/files/{agreement_id}/amendments/{number}/{how}")
    async def drop(
        request: Request, actor: SignedIn, agreement_id: UUID, number: int, how: Literal["reject", "withdraw"]
    ) -> Response:
        form = (await parse_form(request, ReasonForm)).called("drop")
        act = amending.refuse_amendment if how == "reject" else amending.withdraw_amendment

        async def change(unit: AgreementsUnit, expected: int | None) -> AgreementFile:
            assert form.model is not None
            return await act(unit, actor, agreement_id, number, Decide(reason=form.model.reason), expected)

        done = _("The amendment came to nothing; the agreement goes on as it is.")
        return await page.fill(request, actor, agreement_id, "drop", form, change, done)


def _add_days(routes: APIRouter, page: Changes) -> None:
    """Rest and end with a day."""

    @routes.post("/files/{agreement_id}/suspend")
    async def suspend(request: Request, actor: SignedIn, agreement_id: UUID) -> Response:
        form = (await parse_form(request, SuspendForm)).called("suspend")

        async def change(unit: AgreementsUnit, expected: int | None) -> AgreementFile:
            assert form.model is not None
            return await closing.suspend(unit, actor, agreement_id, Suspend(**form.model.model_dump()), expected)

        return await page.fill(request, actor, agreement_id, "suspend", form, change, _("The agreement rests."))

    @routes.post("/files/{agreement_id}/end")
    async def end(request: Request, actor: SignedIn, agreement_id: UUID) -> Response:
        form = (await parse_form(request, EndForm)).called("end")

        async def change(unit: AgreementsUnit, expected: int | None) -> AgreementFile:
            assert form.model is not None
            return await closing.terminate(unit, actor, agreement_id, Terminate(**form.model.model_dump()), expected)

        return await page.fill(request, actor, agreement_id, "end", form, change, _("The early end is decided."))

    @routes.post("/files/{agreement_id}/keep-on")
    async def keep_on(request: Request, actor: SignedIn, agreement_id: UUID) -> Response:
        return await page.press(
            request,
            actor,
            agreement_id,
            lambda unit, expected: closing.keep_on(unit, actor, agreement_id, expected),
            _("The early end was taken back."),
        )
