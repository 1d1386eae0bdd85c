"""What of a file is made public: its notice, and what of it is hidden. For the Legal Office."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field, HttpUrl
from starlette.responses import Response

from chassis.auth import Actor, require
from chassis.http.commands import Reply, fingerprint, once
from chassis.http.problem import Problem
from chassis.service import units_of
from chassis.web.flash import redirect
from chassis.web.forms import Form, parse_form
from chassis.web.i18n import gettext as _
from chassis.web.in_words import problem_in_words
from chassis.web.pages import Pages
from contracts.values import LongText, ShortText, Slug
from services.agreements.api import desk_of, scope_of
from services.agreements.api_notices import drafted
from services.agreements.domain.publication import (
    CorrectNotice,
    Notice,
    NoticeWords,
    PublishNotice,
    WithdrawNotice,
    notice_rules,
    term_of,
)
from services.agreements.domain.redaction import HARDSHIP, Basis, Erase, Hide, Part, Reason, Show
from services.agreements.domain.rules import Bilingual, Evidence, Waiting
from services.agreements.handlers import hiding, publishing
from services.agreements.handlers.desk import AgreementsUnit, instrument_of
from services.agreements.problems import refusals_as_problems

Legal = Annotated[Actor, Depends(require("legal"))]
Work = Callable[[AgreementsUnit], Awaitable[Any]]


class NoticeForm(BaseModel):
    """A notice in both languages; `reason` only when it corrects another one."""

    title_it: ShortText
    title_en: ShortText
    text_it: LongText
    text_en: LongText
    write_to: ShortText
    term: Slug
    published_on: date | None = None
    until: date | None = None
    link: HttpUrl | None = None
    reason: Reason | None = None

    def _content(self) -> dict[str, Any]:
        return {
            "title": Bilingual(it=self.title_it, en=self.title_en),
            "text": Bilingual(it=self.text_it, en=self.text_en),
            "write_to": self.write_to,
            "term": self.term,
            "published_on": self.published_on,
            "until": self.until,
            "link": self.link,
        }

    def publication(self) -> PublishNotice:
        return PublishNotice(**self._content())

    def correction(self) -> CorrectNotice:
        return CorrectNotice(**self._content(), reason=self.reason or "")


@dataclass(frozen=True)
class Asked:
    """One notice that the instrument asks for: what stands of it, or the words it would have."""

    term: str
    rule: Waiting | Evidence
    standing: Notice | None
    words: NoticeWords

    @property
    def has_days(self) -> bool:
        """The record says how long it lasts."""
        return isinstance(self.rule, Waiting)

    def form(self) -> Form[Any]:
        words, until = self.words, self.standing.until if self.standing else None
        return Form.of(
            title_it=words.title.it,
            title_en=words.title.en,
            text_it=words.text.it,
            text_en=words.text.en,
            write_to=words.write_to,
            until=until,
        )


class ReasonForm(BaseModel):
    """Why a notice is withdrawn."""

    term: Slug
    reason: Reason


class HideForm(BaseModel):
    """Which parts are hidden, why and by which rule; `erase` deletes them for good."""

    which: Annotated[tuple[Part, ...], Field(min_length=1)]
    reason: Reason
    basis: Basis = HARDSHIP
    erase: bool = False


class ShowForm(BaseModel):
    """Which parts are shown again."""

    which: Annotated[tuple[Part, ...], Field(min_length=1)]
    reason: Reason


class Publicity:
    """Shows what is public of a file, and carries out what the forms ask, by the same handlers as the API."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def show(
        self, request: Request, actor: Actor, agreement_id: UUID, status: int = 200, **wrong: Form[Any]
    ) -> Response:
        """The page; `wrong` are forms as they were sent."""
        desk = desk_of(request)

        async def work(unit: AgreementsUnit) -> dict[str, Any]:
            with refusals_as_problems():
                notices = (await drafted(unit, actor, agreement_id, desk)).notices
            file = publishing.readable(actor, await unit.store.files.read(unit.scope, agreement_id))
            asked = []
            for rule in notice_rules(await instrument_of(unit, file)):
                term = term_of(rule)
                standing = next((one for one in notices if one.state == "published" and one.term == term), None)
                words = await publishing.made_words(unit, file, PublishNotice(term=term), desk)
                kept = await publishing.words_kept(unit, standing) if standing else None
                asked.append(Asked(term, rule, standing, kept or words))
            redactions = await unit.store.redactions.of(unit.scope, agreement_id)
            return {"notices": notices, "file": file, "redactions": redactions, "asked": asked}

        found = await units_of(request).run(scope_of(actor), work)
        filled: dict[str, Form[Any]] = {"hide": Form.of(basis=HARDSHIP), "show": Form.of()}
        for one in found["asked"]:
            filled |= {f"notice_{one.term}": one.form(), f"withdrawal_{one.term}": Form.of()}
        parts = {"parties": _("The names of the parties"), "subject": _("The subject")}
        return self._pages.render(
            request,
            "publicity.html",
            status=status,
            file=found["file"],
            notices=found["notices"],
            asked=found["asked"],
            redactions=found["redactions"],
            parts=parts,
            hideable=list(parts.items()),
            showable=[(one.name, parts[one.name]) for one in found["redactions"] if one.level == "hidden"],
            forms={name: form.called(name) for name, form in (filled | wrong).items()},
        )

    async def do(
        self, request: Request, actor: Actor, agreement_id: UUID, name: str, form: Form[Any], work: Work, done: str
    ) -> Response:
        """Carries out `work` once; what is wrong with a field is shown beside it."""

        async def once_only(unit: AgreementsUnit) -> Reply:
            with refusals_as_problems():
                await work(unit)
            return Reply(200, {})

        if form.model is None:
            return await self.show(request, actor, agreement_id, 422, **{name: form})
        units, scope = units_of(request), scope_of(actor)
        what = fingerprint(request.url.path, *(f"{one}={form.values[one]}" for one in sorted(form.values)))
        try:
            if form.idempotency_key:
                await once(units, scope, form.idempotency_key, what, once_only)
            else:
                await units.run(scope, once_only)
        except Problem as problem:
            if problem.status not in (409, 422):
                raise
            text = problem_in_words(problem)
            known = [error for error in problem.errors if error.pointer.lstrip("/") in form.values]
            wrong = form.refuse_all(known) if known else form.refuse("", text)
            return await self.show(request, actor, agreement_id, problem.status, **{name: wrong})
        return redirect(request, f"/agreements/files/{agreement_id}/publicity", done)


def add(routes: APIRouter, pages: Pages) -> None:
    """Adds the page and what its forms do."""
    here = Publicity(pages)

    @routes.get("/files/{agreement_id}/publicity")
    async def show(request: Request, actor: Legal, agreement_id: UUID) -> Response:
        return await here.show(request, actor, agreement_id)

    @routes.post("/files/{agreement_id}/publicity/notice")
    async def notice(request: Request, actor: Legal, agreement_id: UUID) -> Response:
        form = await parse_form(request, NoticeForm)

        async def work(unit: AgreementsUnit) -> Any:
            assert form.model is not None
            command = form.model.publication()
            return await publishing.publish_notice(unit, actor, agreement_id, command, desk_of(request))

        return await here.do(
            request, actor, agreement_id, _name("notice", form), form, work, _("The notice is published.")
        )

    @routes.post("/files/{agreement_id}/publicity/notices/{notice_id}/correct")
    async def correct(request: Request, actor: Legal, agreement_id: UUID, notice_id: UUID) -> Response:
        form = await parse_form(request, NoticeForm)
        if form.model is not None and not form.model.reason:
            form.refuse("reason", _("Say why the notice is corrected."))
            form.model = None

        async def work(unit: AgreementsUnit) -> Any:
            assert form.model is not None
            command = form.model.correction()
            return await publishing.correct_notice(unit, actor, notice_id, command, desk_of(request))

        return await here.do(
            request, actor, agreement_id, _name("notice", form), form, work, _("The notice has been corrected.")
        )

    @routes.post("/files/{agreement_id}/publicity/notices/{notice_id}/withdraw")
    async def withdraw(request: Request, actor: Legal, agreement_id: UUID, notice_id: UUID) -> Response:
        form = await parse_form(request, ReasonForm)

        async def work(unit: AgreementsUnit) -> Any:
            assert form.model is not None
            command = WithdrawNotice(reason=form.model.reason)
            return await publishing.withdraw_notice(unit, actor, notice_id, command)

        done = _("The notice has been withdrawn.")
        return await here.do(request, actor, agreement_id, _name("withdrawal", form), form, work, done)

    _add_hiding(routes, here)


def _name(kind: str, form: Form[Any]) -> str:
    """Which of the page's forms was sent: each notice has its own."""
    return f"{kind}_{form.text('term')}"


def _add_hiding(routes: APIRouter, here: Publicity) -> None:
    @routes.post("/files/{agreement_id}/publicity/hide")
    async def hide(request: Request, actor: Legal, agreement_id: UUID) -> Response:
        form = await parse_form(request, HideForm)

        async def work(unit: AgreementsUnit) -> Any:
            assert form.model is not None
            content = {"which": form.model.which, "reason": form.model.reason, "basis": form.model.basis}
            if form.model.erase:
                return await hiding.erase(unit, actor, agreement_id, Erase(**content, confirm=True))
            return await hiding.hide(unit, actor, agreement_id, Hide(**content))

        return await here.do(request, actor, agreement_id, "hide", form, work, _("Not shown any more."))

    @routes.post("/files/{agreement_id}/publicity/show")
    async def show_again(request: Request, actor: Legal, agreement_id: UUID) -> Response:
        form = await parse_form(request, ShowForm)

        async def work(unit: AgreementsUnit) -> Any:
            assert form.model is not None
            command = Show(which=form.model.which, reason=form.model.reason)
            return await hiding.show(unit, actor, agreement_id, command)

        return await here.do(request, actor, agreement_id, "show", form, work, _("Shown again."))
