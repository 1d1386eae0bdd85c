"""An account manager says to be there, away or gone."""

from __future__ import annotations

from datetime import date
from typing import Literal

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, Field

from chassis.auth import Actor
from chassis.http.problem import Problem
from chassis.web.flash import redirect
from chassis.web.forms import Form, parse_form
from chassis.web.i18n import gettext as _
from chassis.web.pages import Pages
from contracts.values import Slug
from services.intake.domain.stakeholders import Subject
from services.intake.endpoints.speaking import AccountManagers
from services.intake.handlers import IntakeUnit
from services.intake.handlers.account_managers import set_availability
from services.intake.pages.asking import act_once, scope_of, units
from services.intake.pages.forms import end_of
from services.intake.store.people import AccountManager

HERE = "/intake/availability"


class AvailabilityForm(BaseModel):
    """Present, away until a day (included), or no longer an account manager."""

    presence: Literal["here", "away", "gone"]
    policy_areas: list[Slug] = Field(default=[], max_length=50)
    away_until: date | None = None
    covered_by: Subject | None = None

    def says(self, actor: Actor) -> AccountManager:
        away = self.presence == "away" and self.away_until is not None
        return AccountManager(
            actor.subject,
            active=self.presence != "gone",
            policy_areas=tuple(dict.fromkeys(self.policy_areas)),
            away_until=end_of(self.away_until) if away and self.away_until else None,
            covered_by=self.covered_by if away else None,
            display_name=actor.name or None,
        )


def router(pages: Pages) -> APIRouter:
    routes = pages.router()

    async def show(request: Request, actor: Actor, form: Form[AvailabilityForm], status: int = 200) -> HTMLResponse:
        colleagues = [
            (one.subject, one.display_name or one.subject)
            for one in await _everybody(request, actor)
            if one.active and one.subject != actor.subject
        ]
        return pages.render(request, "availability.html", status=status, form=form, colleagues=colleagues)

    @routes.get(HERE)
    async def availability(request: Request, actor: AccountManagers) -> HTMLResponse:
        mine = next((one for one in await _everybody(request, actor) if one.subject == actor.subject), None)
        return await show(request, actor, Form(values=_values(mine)))

    @routes.post(HERE)
    async def say(request: Request, actor: AccountManagers) -> Response:
        form = await parse_form(request, AvailabilityForm)
        if form.model is not None and form.model.presence == "away" and form.model.away_until is None:
            form.refuse("away_until", _("Say until when."))
        if form.model is None or form.errors:
            return await show(request, actor, form, 422)
        said = form.model.says(actor)

        async def work(unit: IntakeUnit) -> None:
            await set_availability(unit, actor, said)

        try:
            await act_once(request, actor, form, work)
        except Problem as problem:
            names = {"absence.until": "away_until", "absence.covered_by": "covered_by"}
            form.refuse_all(problem.errors)
            form.errors = {names.get(name, name): text for name, text in form.errors.items()}
            return await show(request, actor, form, 422)
        return redirect(request, HERE, _("Noted: work is assigned accordingly."))

    return routes


async def _everybody(request: Request, actor: Actor) -> list[AccountManager]:
    async with units(request).reading() as store:
        return await store.people.account_managers(scope_of(actor))


def _values(mine: AccountManager | None) -> dict[str, object]:
    if mine is None:
        return {}
    presence = "gone" if not mine.active else ("away" if mine.away_until else "here")
    return {
        "presence": presence,
        "policy_areas": list(mine.policy_areas),
        "away_until": mine.away_until.date().isoformat() if mine.away_until else "",
        "covered_by": mine.covered_by,
    }
