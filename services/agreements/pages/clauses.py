"""The clause library at the Legal Office's desk: wordings side by side, one change for all who have a clause."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from chassis.auth import Actor
from chassis.service import units_of
from chassis.web.flash import redirect
from chassis.web.forms import Form, parse_form
from chassis.web.i18n import current_language, mark
from chassis.web.i18n import gettext as _
from chassis.web.pages import Pages
from services.agreements.api import scope_of
from services.agreements.domain.clauses import LibraryClause, found_by
from services.agreements.domain.edits import RemoveClause
from services.agreements.handlers import clauses
from services.agreements.handlers.desk import AgreementsUnit, city_day
from services.agreements.handlers.toolkit import UnknownInstrument
from services.agreements.pages import clause_forms as own
from services.agreements.pages.toolkit import Code, Legal, Toolkit, Work, carried_out
from services.agreements.pages.toolkit_forms import ReasonForm
from services.agreements.problems import refusals_as_problems

ClauseCode = Annotated[str, Path(pattern="^[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?$")]
AT = "/agreements/toolkit/clauses"
STANDINGS = {"in_force": mark("in force"), "coming": mark("coming"), "draft": mark("draft")}
ACTS = {"kept": mark("Put into the library"), "changed": mark("Changed"), "removed": mark("Taken out of the library")}


class ClauseDesk:
    """Shows the library and carries out what its forms ask, by the same handlers as the API."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def listed(self, request: Request, actor: Actor, refused: own.Refused | None = None) -> Response:
        words = request.query_params.get("q", "")[:100]
        known = await _library(request, actor)
        return self._pages.render(
            request,
            "clauses.html",
            status=refused.status if refused else 200,
            message=refused.message if refused else None,
            q=words,
            clauses=found_by(known, words),
            known=len(known),
            form=refused.form if refused else Form.of().called("keep"),
        )

    async def show(self, request: Request, actor: Actor, code: str, refused: own.Refused | None = None) -> Response:
        known = await _library(request, actor)
        clause = next((one for one in known if one.code == code), None)
        if clause is None:
            with refusals_as_problems():
                raise UnknownInstrument
        async with units_of(request).reading() as store:
            history = await store.clauses.history(scope_of(actor), code)
        forms: dict[str, Form[Any]] = {"change": own.filled(clause), "remove": Form.of().called("remove")}
        return self._pages.render(
            request,
            "clause.html",
            status=refused.status if refused else 200,
            message=refused.message if refused else None,
            clause=clause,
            having=_having(clause),
            standings={name: _(text) for name, text in STANDINGS.items()},
            forms=forms | ({refused.name: refused.form} if refused else {}),
            history=[(one, _(ACTS[one.act])) for one in history],
        )

    async def keep(self, request: Request, actor: Actor) -> Response:
        form = (await parse_form(request, own.KeepForm)).called("keep")

        async def work(unit: AgreementsUnit, _expected: int | None) -> None:
            assert form.model is not None
            await clauses.keep(unit, actor, form.model.command())

        refused = await carried_out(request, actor, form, work)
        if refused:
            return await self.listed(request, actor, own.Refused("keep", form, *refused))
        return redirect(request, AT, _("The clause is in the library."))

    async def do(
        self, request: Request, actor: Actor, code: str, name: str, form: Form[Any], work: Work, done: str, to: str
    ) -> Response:
        refused = await carried_out(request, actor, form, work)
        if refused:
            return await self.show(request, actor, code, own.Refused(name, form, *refused))
        return redirect(request, to, done)


def add(routes: APIRouter, pages: Pages) -> None:
    """Adds `/agreements/toolkit/clauses`; comes before the pages of the instruments, whose codes look alike."""
    desk, instruments = ClauseDesk(pages), Toolkit(pages)

    @routes.get("/toolkit/clauses")
    async def listed(request: Request, actor: Legal) -> Response:
        return await desk.listed(request, actor)

    @routes.post("/toolkit/clauses")
    async def keep(request: Request, actor: Legal) -> Response:
        return await desk.keep(request, actor)

    @routes.get("/toolkit/clauses/{clause}")
    async def show(request: Request, actor: Legal, clause: ClauseCode) -> Response:
        return await desk.show(request, actor, clause)

    @routes.post("/toolkit/clauses/{clause}/change")
    async def change(request: Request, actor: Legal, clause: ClauseCode) -> Response:
        form = (await parse_form(request, own.ChangeForm)).called("change")

        async def work(unit: AgreementsUnit, expected: int | None) -> None:
            assert form.model is not None
            await clauses.change(unit, actor, clause, form.model.command(), expected)

        done = _("The clause has new words; each draft is published by itself.")
        return await desk.do(request, actor, clause, "change", form, work, done, f"{AT}/{clause}")

    @routes.post("/toolkit/clauses/{clause}/remove")
    async def remove(request: Request, actor: Legal, clause: ClauseCode) -> Response:
        form = (await parse_form(request, ReasonForm)).called("remove")

        async def work(unit: AgreementsUnit, expected: int | None) -> None:
            assert form.model is not None
            await clauses.remove(unit, actor, clause, RemoveClause(reason=form.model.reason), expected)

        done = _("The clause is no longer in the library.")
        return await desk.do(request, actor, clause, "remove", form, work, done, AT)

    @routes.post("/toolkit/{code}/take")
    async def take(request: Request, actor: Legal, code: Code) -> Response:
        form = (await parse_form(request, own.TakeForm)).called("take")

        async def work(unit: AgreementsUnit, expected: int | None) -> None:
            assert form.model is not None
            await clauses.take(unit, actor, code, form.model.command(), expected)

        return await instruments.do(request, actor, code, "take", form, work, _("The draft has the clause now."))


async def _library(request: Request, actor: Actor) -> tuple[LibraryClause, ...]:
    units = units_of(request)
    async with units.reading() as store:
        return await clauses.library_of(store, scope_of(actor), city_day(units.clock()))


def _having(clause: LibraryClause) -> list[tuple[str, str]]:
    """The instruments that have the clause, by their titles."""
    titles = {use.instrument: use.title.in_(current_language()) for use in clause.uses}
    return sorted(titles.items(), key=lambda one: one[1])
