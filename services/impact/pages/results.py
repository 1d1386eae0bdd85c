"""What came of it all, for everybody."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import HTMLResponse

from chassis.auth import CurrentActor
from chassis.service import units_of
from chassis.validation import field_errors
from chassis.web.forms import Form
from chassis.web.pages import Pages
from chassis.web.vocabulary import choices
from services.impact import edge
from services.impact.domain.reports import Filters, Summary
from services.impact.edge import scope_of

_BAR_WIDTH = 400
_FIELDS = {"need": "need", "policy_area": "policy_area", "since": "from", "until": "to"}


@dataclass(frozen=True)
class Bar:
    """One bar of the chart; ``width`` in the drawing's own units."""

    policy_area: str
    value_cents: int
    width: int


def add(routes: APIRouter, pages: Pages) -> None:
    @routes.get("/summary")
    async def summary(request: Request, actor: CurrentActor) -> HTMLResponse:
        form, filters = _asked(request)
        async with units_of(request).reading() as store:
            found: Summary = await store.results.summary(scope_of(actor), filters, edge.omitted())
        return pages.render(
            request,
            "results.html",
            status=422 if form.errors else 200,
            summary=found,
            form=form,
            areas=_areas(found),
            bars=_bars(found),
            filtered=any(filters.model_dump().values()),
            query=urlencode([(key, value) for key, value in request.query_params.items() if value and key != "lang"]),
        )


def _asked(request: Request) -> tuple[Form[Filters], Filters]:
    """The filters in the address; with a wrong one nothing is filtered and the form says why."""
    typed = {name: request.query_params.get(name, "") for name in _FIELDS.values()}
    form: Form[Filters] = Form.of(**typed)
    try:
        asked = {name: typed[field] or None for name, field in _FIELDS.items()}
        return form, Filters.model_validate(asked)
    except ValidationError as wrong:
        form.refuse_all(field_errors(wrong))
        form.errors = {_FIELDS.get(name, name): text for name, text in form.errors.items()}
        return form, Filters()


def _areas(found: Summary) -> list[tuple[str, str]]:
    """Known policy areas, and any other that has results."""
    return choices("policy_area", [one.policy_area for one in found.policy_areas])


def _bars(found: Summary) -> list[Bar]:
    most = max((one.value_cents for one in found.policy_areas), default=0)
    if most == 0:
        return []
    return [
        Bar(one.policy_area, one.value_cents, max(round(one.value_cents * _BAR_WIDTH / most), 1))
        for one in found.policy_areas
        if one.value_cents
    ]
