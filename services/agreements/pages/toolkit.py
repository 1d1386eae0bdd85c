"""The instruments at the Legal Office's desk: versions, the draft, what it changes, publishing and taking back."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from chassis.auth import Actor, require
from chassis.http.commands import Reply, fingerprint, once
from chassis.http.paging import decode, page, small
from chassis.http.problem import Problem
from chassis.service import units_of
from chassis.web.flash import redirect
from chassis.web.forms import Form, parse_form
from chassis.web.i18n import current_language, mark
from chassis.web.i18n import gettext as _
from chassis.web.in_words import problem_in_words
from chassis.web.pages import Pages
from services.agreements.api import scope_of
from services.agreements.api_toolkit import versions_of
from services.agreements.domain.edits import OpenDraft, Publish, Withdraw
from services.agreements.domain.instruments import Instrument, in_force
from services.agreements.handlers import toolkit
from services.agreements.handlers.clauses import library_of
from services.agreements.handlers.desk import AgreementsUnit, city_day
from services.agreements.pages import toolkit_forms as own
from services.agreements.pages.clause_forms import takeable
from services.agreements.pages.criterion_forms import TICKED
from services.agreements.pages.file import kept
from services.agreements.problems import refusals_as_problems

Legal = Annotated[Actor, Depends(require("legal"))]
Code = Annotated[str, Path(pattern="^[a-z_]{1,64}$")]
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
Work = Callable[[AgreementsUnit, int | None], Awaitable[Any]]
HISTORY_ROWS = 20
ACTS = {
    "drafted": mark("New version begun"),
    "edited": mark("Draft changed"),
    "discarded": mark("Draft thrown away"),
    "published": mark("Published"),
    "withdrawn": mark("Taken back"),
}
STATUSES = {
    "in_force": (mark("In force"), "success"),
    "coming": (mark("Coming"), "primary"),
    "past": (mark("Past"), "secondary"),
    "withdrawn": (mark("Taken back"), "danger"),
    "offered": (mark("Offered by a release, not in force"), "warning"),
}


SECTIONS = {
    "title": mark("Title"),
    "applies_when": mark("When it applies"),
    "applies": mark("When it is proposed"),
    "source": mark("Source"),
    "certainty": mark("Certainty"),
    "terms": mark("Terms"),
    "documents": mark("Documents"),
    "rules": mark("Rules"),
    "clauses": mark("Clauses"),
    "clause_order": mark("Order of the clauses"),
    "steps": mark("Steps"),
}
FIELDS = {
    "label": mark("What it asks for"),
    "source": mark("Source"),
    "certainty": mark("Certainty"),
    "days": mark("Days"),
    "years": mark("At most so many years"),
    "when": mark("When it applies"),
    "enabled": mark("The rule applies"),
    "off_because": mark("Why it does not apply, when it is off"),
    "overridable": mark("May be set aside"),
    "firm_because": mark("Why it cannot be set aside"),
    "items": mark("What has to be looked at"),
    "severity": mark("What it holds up"),
    "weight": mark("Weight"),
    "effect": mark("What it does"),
    "otherwise": mark("What is said when it does not hold"),
    "heading": mark("Heading"),
    "text": mark("Text"),
    "owner": mark("Who does it"),
    "it": mark("Italian"),
    "en": mark("English"),
    "value_above_cents": mark("Only above (cents of a euro)"),
}


def where(pointer: str, *records: Instrument) -> str:
    """Where in a record a difference is, in words: its section, the part's own words, the field."""
    section, *rest = pointer.strip("/").split("/")
    parts = [_(SECTIONS[section]) if section in SECTIONS else section]
    if rest and section not in ("title", "applies_when"):
        parts.append(_part(section, rest.pop(0), records))
    parts += [_(FIELDS[one]) if one in FIELDS else one.replace("_", " ") for one in rest]
    return " › ".join(parts)


def _part(section: str, code: str, records: tuple[Instrument, ...]) -> str:
    language = current_language()
    for record in records:
        for one in getattr(record, section, ()):
            if one.code == code:
                words = getattr(one, "wording", None) or getattr(one, "label", None) or getattr(one, "heading", None)
                return str((words or one.text).in_(language))
    return code


class Toolkit:
    """Shows an instrument and carries out what its forms ask, by the same handlers as the API."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def listed(self, request: Request, actor: Actor) -> Response:
        today = city_day(units_of(request).clock())
        async with units_of(request).reading() as store:
            records = await store.instruments.all(scope_of(actor))
            drafts = {
                code: await store.instruments.draft(scope_of(actor), code)
                for code in sorted({record.code for record in records})
            }
        rows = []
        for code, draft in drafts.items():
            current = in_force(records, code, today)
            coming = [one for one in records if one.code == code and one.valid_from > today]
            rows.append({"code": code, "current": current, "coming": coming, "draft": draft})
        return self._pages.render(request, "toolkit.html", rows=rows)

    async def show(
        self,
        request: Request,
        actor: Actor,
        code: str,
        status: int = 200,
        message: str | None = None,
        wrong: dict[str, Form[Any]] | None = None,
    ) -> Response:
        """One instrument; `wrong` are forms to show as they were sent."""
        shown = decode(request.query_params.get("history"), small)
        async with units_of(request).reading() as store:
            with refusals_as_problems():
                seen = await versions_of(store, request, actor, code)
            noted = page(
                await store.instruments.history(scope_of(actor), code, shown, HISTORY_ROWS),
                HISTORY_ROWS,
                lambda one: (one.position,),
            )
            known = await library_of(store, scope_of(actor), city_day(units_of(request).clock())) if seen.draft else ()
        drafted = (seen.draft.record,) if seen.draft else ()
        everything = (*drafted, *(one.record for one in seen.versions))
        forms: dict[str, Form[Any]] = {
            "edit": own.filled(seen.draft.record) if seen.draft else Form.of(),
            "open": Form.of().called("open"),
            "take": Form.of().called("take"),
            "publish": Form.of(valid_from=city_day(units_of(request).clock())).called("publish"),
            "withdraw": Form.of().called("withdraw"),
        }
        return self._pages.render(
            request,
            "instrument.html",
            status=status,
            message=message,
            seen=seen,
            blank=Form.of,
            where=lambda pointer: where(pointer, *everything),
            newest=seen.versions[0].record,
            statuses={name: (_(text), tone) for name, (text, tone) in STATUSES.items()},
            forms=forms | (wrong or {}),
            spare=own.SPARE_PARTS,
            ticked=TICKED,
            takeable=takeable(known, seen.draft.record, current_language()) if seen.draft else [],
            history=[(one, _(ACTS[one.act])) for one in noted.items],
            older=noted.next,
            newest_history=shown is None,
        )

    async def do(
        self, request: Request, actor: Actor, code: str, name: str, form: Form[Any], work: Work, done: str
    ) -> Response:
        """Carries out `work` once; what is wrong is shown beside its field, any other refusal above the page."""
        refused = await carried_out(request, actor, form, work)
        if refused:
            return await self.show(request, actor, code, *refused, {name: form})
        return redirect(request, f"/agreements/toolkit/{code}", done)


async def carried_out(request: Request, actor: Actor, form: Form[Any], work: Work) -> tuple[int, str | None] | None:
    """Carries out `work` once. None when it is done; else the status, and what to say above the page.

    What is wrong with a field is put into the form.
    """
    if form.model is None:
        return 422, None
    version = form.text("revision")
    # One that is no number is of no draft; without any the form asks for none in particular.
    expected = (int(version) if re.fullmatch("[0-9]{1,99}", version) else 0) if version else None

    async def decided(unit: AgreementsUnit) -> Reply:
        with refusals_as_problems():
            await work(unit, expected)
        return Reply(200)

    units, scope = units_of(request), scope_of(actor)
    try:
        if form.idempotency_key:
            what = fingerprint(request.url.path, *(f"{one}={form.values[one]}" for one in sorted(form.values)))
            await once(units, scope, form.idempotency_key, what, decided)
        else:
            await units.run(scope, decided)
    except Problem as problem:
        if problem.status == 422 and problem.errors:
            form.refuse_all(problem.errors)
            return 422, None
        if problem.status == 412:
            return 412, kept()
        if problem.status != 409:
            raise
        return 409, problem_in_words(problem)
    return None


def add(routes: APIRouter, pages: Pages) -> None:
    """Adds `/agreements/toolkit` and what its forms do."""
    desk = Toolkit(pages)

    @routes.get("/toolkit")
    async def listed(request: Request, actor: Legal) -> Response:
        return await desk.listed(request, actor)

    @routes.get("/toolkit/{code}")
    async def show(request: Request, actor: Legal, code: Code) -> Response:
        return await desk.show(request, actor, code)

    @routes.post("/toolkit/{code}/open")
    async def open_draft(request: Request, actor: Legal, code: Code) -> Response:
        form = (await parse_form(request, own.ReasonForm)).called("open")

        async def work(unit: AgreementsUnit, expected: int | None) -> None:
            assert form.model is not None
            await toolkit.open_draft(unit, actor, code, OpenDraft(reason=form.model.reason))

        return await desk.do(request, actor, code, "open", form, work, _("A new version has been begun."))

    @routes.post("/toolkit/{code}/edit")
    async def edit(request: Request, actor: Legal, code: Code) -> Response:
        form = await parse_form(request, own.DraftForm)

        async def work(unit: AgreementsUnit, expected: int | None) -> None:
            assert form.model is not None
            await toolkit.edit(unit, actor, code, form.model.edit(), expected)

        return await desk.do(request, actor, code, "edit", form, work, _("The draft has been saved."))

    @routes.post("/toolkit/{code}/discard")
    async def discard(request: Request, actor: Legal, code: Code) -> Response:
        form: Form[Any] = Form(values=dict(await request.form()), model=own.ReasonForm(reason="..."))

        async def work(unit: AgreementsUnit, expected: int | None) -> None:
            await toolkit.discard(unit, actor, code, expected)

        return await desk.do(request, actor, code, "open", form, work, _("The draft has been thrown away."))

    @routes.post("/toolkit/{code}/publish")
    async def publish(request: Request, actor: Legal, code: Code) -> Response:
        form = (await parse_form(request, own.PublishForm)).called("publish")

        async def work(unit: AgreementsUnit, expected: int | None) -> None:
            assert form.model is not None
            command = Publish(valid_from=form.model.valid_from, reason=form.model.reason)
            await toolkit.publish(unit, actor, code, command, expected)

        return await desk.do(request, actor, code, "publish", form, work, _("The version has been published."))

    @routes.post("/toolkit/{code}/versions/{version}/withdraw")
    async def withdraw(request: Request, actor: Legal, code: Code, version: Number) -> Response:
        form = (await parse_form(request, own.ReasonForm)).called("withdraw")

        async def work(unit: AgreementsUnit, expected: int | None) -> None:
            assert form.model is not None
            await toolkit.withdraw(unit, actor, code, version, Withdraw(reason=form.model.reason))

        return await desk.do(request, actor, code, "withdraw", form, work, _("The version has been taken back."))
