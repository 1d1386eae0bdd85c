"""The account managers' queue of organisations to check, and the submissions that were refused."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response

from chassis.auth import Actor, require
from chassis.http.paging import encode
from chassis.web.flash import redirect
from chassis.web.forms import parse_form
from chassis.web.i18n import gettext as _
from chassis.web.pages import Pages
from services.intake.domain.stakeholders import Vetted
from services.intake.endpoints.registries import rejections_of
from services.intake.endpoints.speaking import AccountManagers, LoggedIn, position
from services.intake.handlers import IntakeUnit, refusals
from services.intake.handlers.stakeholders import vet_stakeholder
from services.intake.pages.asking import act_once, address, distinct, scope_of, units
from services.intake.store.offers import OfferFilter
from services.intake.store.stakeholders import StakeholderFilter

PER_PAGE = 20
Readers = Annotated[Actor, Depends(require("department", "coordinator", "operations"))]


def router(pages: Pages) -> APIRouter:
    routes = pages.router(prefix="/intake")

    @routes.get("/stakeholders")
    async def queue(
        request: Request,
        actor: AccountManagers,
        vetting: Literal["pending", "approved", "refused"] = "pending",
        after: str | None = None,
    ) -> HTMLResponse:
        scope = scope_of(actor)
        wanted = StakeholderFilter(vetting=vetting, before=position(after), limit=PER_PAGE)
        async with units(request).reading() as store:
            found = await store.stakeholders.find(scope, wanted)
            guides = await store.people.guides(scope, distinct(one.account_manager_id for one in found))
        shown = found[:PER_PAGE]
        following = encode(shown[-1].stakeholder_id) if len(found) > PER_PAGE else None
        return pages.render(
            request,
            "stakeholders.html",
            vetting=vetting,
            stakeholders=shown,
            guides=guides,
            first=address("/intake/stakeholders", vetting=vetting) if after else None,
            next=address("/intake/stakeholders", vetting=vetting, after=following) if following else None,
        )

    @routes.get("/stakeholders/{stakeholder_id}")
    async def stakeholder(request: Request, actor: LoggedIn, stakeholder_id: UUID) -> HTMLResponse:
        scope = scope_of(actor)
        vets = actor.has("account_manager")
        if not vets and not actor.acts_for(stakeholder_id):
            raise refusals.not_your_stakeholder()
        async with units(request).reading() as store:
            one = await store.stakeholders.get(scope, stakeholder_id)
            if one is None:
                raise refusals.no_stakeholder()
            contact = await store.stakeholders.contact(scope, stakeholder_id)
            offers = await store.offers.find(scope, OfferFilter(stakeholders=[stakeholder_id], limit=PER_PAGE))
            guides = await store.people.guides(scope, distinct([one.account_manager_id]))
        return pages.render(
            request,
            "stakeholder.html",
            one=one,
            contact=contact,
            offers=offers[:PER_PAGE],
            guides=guides,
            vets=vets,
        )

    @routes.post("/stakeholders/{stakeholder_id}/vet")
    async def vet(request: Request, actor: AccountManagers, stakeholder_id: UUID) -> Response:
        form = await parse_form(request, Vetted)
        if form.model is None:
            message = _("Nothing was changed: a refusal needs a reason.")
            return redirect(request, "/intake/stakeholders", message, "danger")
        vetted = form.model

        async def work(unit: IntakeUnit) -> None:
            await vet_stakeholder(unit, actor, stakeholder_id, None, vetted)

        await act_once(request, actor, form, work)
        done = _("The organisation is admitted.") if vetted.outcome == "approved" else _("The organisation is refused.")
        return redirect(request, "/intake/stakeholders", done)

    @routes.get("/rejected")
    async def rejected(request: Request, actor: Readers, after: str | None = None) -> HTMLResponse:
        async with units(request).reading() as store:
            found = await store.rejections.find(scope_of(actor), rejections_of(actor), position(after), PER_PAGE)
        shown = found[:PER_PAGE]
        following = encode(shown[-1].rejection_id) if len(found) > PER_PAGE else None
        return pages.render(
            request,
            "rejected.html",
            rejections=shown,
            first="/intake/rejected" if after else None,
            next=address("/intake/rejected", after=following) if following else None,
        )

    return routes
