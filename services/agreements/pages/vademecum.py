"""The public vademecum: which instrument for what, in easy words, from the records in force."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import HTMLResponse

from chassis.auth import CurrentActor
from chassis.http.problem import not_found
from chassis.service import units_of
from chassis.web.i18n import gettext as _
from chassis.web.i18n import mark
from chassis.web.pages import Pages
from services.agreements.api import desk_of, scope_of
from services.agreements.domain.instruments import Instrument, Waiting, in_force
from services.agreements.domain.steps import steps_of
from services.agreements.domain.wayfinding import Answers, suggest
from services.agreements.handlers.desk import city_day
from services.agreements.publication.vademecum import easy_words, specimen_pdf

QUESTIONS = {
    "what": mark("What do you bring?"),
    "back": mark("Do you expect something in return?"),
    "who": mark("Who are you?"),
    "group": mark("Are you alone?"),
}
CHOICES = {
    "what": {
        "money": mark("Money"),
        "goods": mark("Things: computers, food, furniture"),
        "space": mark("A place or a thing to use and give back"),
        "service": mark("An activity: workshops, events, transport"),
        "expertise": mark("Days of professional knowledge"),
        "volunteering": mark("Volunteers' time"),
    },
    "back": {
        "none": mark("No, nothing"),
        "visibility": mark("Yes, that people see my name or logo"),
    },
    "who": {
        "company": mark("A company"),
        "foundation": mark("A foundation"),
        "association": mark("An association or a group of active citizens"),
        "university": mark("A university"),
        "school": mark("A school"),
        "public_body": mark("Another public body"),
    },
    "group": {
        "alone": mark("Yes, only us and the City"),
        "together": mark("No, three or more organisations, also associations"),
    },
}


def add(routes: APIRouter, pages: Pages) -> None:
    """Adds the vademecum's pages."""

    @routes.get("/vademecum")
    async def vademecum(request: Request, actor: CurrentActor) -> HTMLResponse:
        records, today = await _records(request, actor)
        return pages.render(request, "vademecum/index.html", instruments=_current(records, today), words=easy_words())

    @routes.get("/vademecum/which")
    async def which(request: Request, actor: CurrentActor) -> HTMLResponse:
        answers = Answers.read(dict(request.query_params))
        records, today = await _records(request, actor)
        question = answers.open_question()
        found = suggest(records, answers, today) if question is None else ()
        return pages.render(
            request,
            "vademecum/which.html",
            answered=[(_(QUESTIONS[name]), _(CHOICES[name][value]), _without(answers, name))
                      for name, value in answers.given().items()],
            given=answers.given(),
            number=len(answers.given()) + 1,
            questions=len(QUESTIONS),
            name=question,
            question=_(QUESTIONS[question]) if question else "",
            choices=[(value, _(text)) for value, text in CHOICES[question].items()] if question else [],
            fitting=[one for one in found if one.fits],
            others=[one for one in found if not one.fits],
            words=easy_words(),
        )  # fmt: skip

    @routes.get("/vademecum/{code}")
    async def instrument(request: Request, actor: CurrentActor, code: str) -> HTMLResponse:
        records, today = await _records(request, actor)
        record = _one(records, code, today)
        return pages.render(
            request,
            "vademecum/instrument.html",
            record=record,
            words=easy_words().get(code),
            steps=steps_of(record),
            waiting=[rule for rule in record.rules if isinstance(rule, Waiting) and rule.enabled],
            rules=[rule for rule in record.rules if rule.enabled],
            coming=_coming(records, record, today),
        )

    @routes.get("/vademecum/{code}/specimen.pdf")
    async def specimen(
        request: Request,
        actor: CurrentActor,
        code: str,
        language: Annotated[Literal["it", "en"], Query()] = "it",
    ) -> Response:
        records, today = await _records(request, actor)
        record = _one(records, code, today)
        document = await specimen_pdf(record, language, actor.city, desk_of(request).city_name(actor.city))
        name = f'inline; filename="{code}-{record.version}-{language}.pdf"'
        return Response(
            document,
            media_type="application/pdf",
            headers={"Content-Disposition": name, "Cache-Control": "public, max-age=3600"},
        )


async def _records(request: Request, actor: Any) -> tuple[tuple[Instrument, ...], date]:
    units = units_of(request)
    async with units.reading() as store:
        return await store.instruments.all(scope_of(actor)), city_day(units.clock())


def _current(records: tuple[Instrument, ...], today: date) -> list[Instrument]:
    """The instruments in force, in the order of the toolkit."""
    codes = [*easy_words(), *sorted({one.code for one in records} - easy_words().keys())]
    return [record for code in codes if (record := in_force(records, code, today)) is not None]


def _one(records: tuple[Instrument, ...], code: str, today: date) -> Instrument:
    record = in_force(records, code, today)
    if record is None:
        raise not_found("Questo strumento non c'è nel vademecum.", "The vademecum has no such instrument.")
    return record


def _coming(records: tuple[Instrument, ...], record: Instrument, today: date) -> Instrument | None:
    """The next version, if one is announced."""
    later = [one for one in records if one.code == record.code and one.valid_from > today]
    return min(later, key=lambda one: (one.valid_from, -one.version), default=None)


def _without(answers: Answers, name: str) -> str:
    """Back to a question: what was answered before it is kept."""
    names = list(Answers.model_fields)
    kept = {one: value for one, value in answers.given().items() if names.index(one) < names.index(name)}
    return "/agreements/vademecum/which" + (f"?{urlencode(kept)}" if kept else "")
