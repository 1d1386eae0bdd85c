"""One offer: what became of it, and until when it stands."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from chassis.auth import Actor
from chassis.web.flash import redirect
from chassis.web.forms import Form, parse_form
from chassis.web.i18n import gettext as _
from chassis.web.pages import Pages
from services.intake.endpoints.offers import may_read, sees_exclusions
from services.intake.endpoints.speaking import LoggedIn, Reason
from services.intake.endpoints.views import offer_view
from services.intake.handlers import IntakeUnit, refusals
from services.intake.handlers import offers as handlers
from services.intake.pages.asking import act_once, refused_fields, scope_of, units, words
from services.intake.pages.forms import RenewForm, end_of
from services.intake.pages.limits import offer_limits


def router(pages: Pages) -> APIRouter:
    routes = pages.router(prefix="/intake/offers")

    async def show(
        request: Request, actor: Actor, offer_id: UUID, form: Form[RenewForm], status: int = 200
    ) -> HTMLResponse:
        scope = scope_of(actor)
        async with units(request).reading() as store:
            offer = await store.offers.get(scope, offer_id)
            if offer is None:
                raise refusals.no_offer()
            if not await may_read(store, actor, offer.content):
                raise refusals.not_your_stakeholder()
            balances = await store.balances.of(scope, [offer_id])
            partners = [partner.stakeholder_id for partner in offer.content.partners]
            names = await store.stakeholders.names(scope, [offer.content.stakeholder_id, *partners])
            shown = offer_view(offer, balances.get(offer_id, ()), inside=sees_exclusions(actor, offer.content))
            limits = await offer_limits(store, scope, shown)
            may_change = actor.has("account_manager") or actor.acts_for(offer.content.stakeholder_id)
            warnings = []
            if may_change and offer.state == "open":
                warnings = words(handlers.warnings(offer.content, await store.offers.context(scope, offer.content)))
        return pages.render(
            request,
            "offer.html",
            status=status,
            form=form,
            offer=shown,
            limits=limits,
            names=names,
            partners=sorted(names[one] for one in partners if one in names),
            balances={balance.line: balance for balance in balances.get(offer_id, ())},
            may_change=may_change,
            warnings=warnings,
        )

    @routes.get("/{offer_id}")
    async def offer_page(request: Request, actor: LoggedIn, offer_id: UUID) -> HTMLResponse:
        return await show(request, actor, offer_id, Form.of())

    @routes.post("/{offer_id}/renew")
    async def renew(request: Request, actor: LoggedIn, offer_id: UUID) -> Response:
        form = await parse_form(request, RenewForm)
        if form.model is None:
            return await show(request, actor, offer_id, form, 422)
        changes = {"valid_until": end_of(form.model.last_day)}

        async def work(unit: IntakeUnit) -> None:
            await handlers.change_offer(unit, actor, offer_id, None, changes)

        if await refused_fields(act_once(request, actor, form, work), form):
            return await show(request, actor, offer_id, form, 422)
        return redirect(request, f"/intake/offers/{offer_id}", _("The offer stands until the new day."))

    @routes.post("/{offer_id}/withdraw")
    async def withdraw(request: Request, actor: LoggedIn, offer_id: UUID) -> Response:
        form = await parse_form(request, Reason)
        reason = form.model.reason if form.model else None

        async def work(unit: IntakeUnit) -> None:
            await handlers.withdraw_offer(unit, actor, offer_id, None, reason)

        await act_once(request, actor, form, work)
        return redirect(request, "/intake/mine", _("The offer is withdrawn."))

    return routes
