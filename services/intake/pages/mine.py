"""What is mine: a partner's organisations and offers, a department's needs, an account manager's work."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from chassis.auth import Actor
from chassis.http.paging import encode
from chassis.scope import Scope
from chassis.web.pages import Pages
from services.intake.endpoints.speaking import LoggedIn, own_stakeholders, position
from services.intake.endpoints.views import OfferView, offer_view
from services.intake.pages.asking import ShownNeed, address, distinct, scope_of, shown_needs, units
from services.intake.store import Store
from services.intake.store.needs import NeedFilter
from services.intake.store.offers import OfferFilter
from services.intake.store.stakeholders import StakeholderFilter

PER_PAGE = 20


def router(pages: Pages) -> APIRouter:
    routes = pages.router(prefix="/intake")

    @routes.get("/mine")
    async def mine(
        request: Request, actor: LoggedIn, offers_after: str | None = None, needs_after: str | None = None
    ) -> HTMLResponse:
        scope = scope_of(actor)
        async with units(request).reading() as store:
            organisations = await store.stakeholders.find(scope, _own_organisations(actor))
            names = {one.stakeholder_id: one.name for one in organisations}
            offers, more_offers = await _offers(store, scope, list(names), position(offers_after))
            needs, more_needs = await _needs(store, scope, actor, position(needs_after))
            guides = await store.people.guides(
                scope, distinct(who for one in organisations for who in (one.account_manager_id, one.covered_by))
            )
        return pages.render(
            request,
            "mine.html",
            organisations=organisations,
            names=names,
            guides=guides,
            offers=offers,
            needs=needs,
            asks=actor.has("department"),
            guiding=actor.has("account_manager"),
            more_offers=address("/intake/mine", offers_after=more_offers) if more_offers else None,
            more_needs=address("/intake/mine", needs_after=more_needs) if more_needs else None,
        )

    return routes


def _own_organisations(actor: Actor) -> StakeholderFilter:
    if actor.has("account_manager"):
        return StakeholderFilter(account_manager_id=actor.subject, limit=100)
    return StakeholderFilter(ids=own_stakeholders(actor), limit=100)


async def _offers(
    store: Store, scope: Scope, stakeholders: list[UUID], before: UUID | None
) -> tuple[list[OfferView], str | None]:
    if not stakeholders:
        return [], None
    found = await store.offers.find(scope, OfferFilter(stakeholders=stakeholders, before=before, limit=PER_PAGE))
    shown = found[:PER_PAGE]
    balances = await store.balances.of(scope, [offer.offer_id for offer in shown])
    views = [offer_view(offer, balances.get(offer.offer_id, ())) for offer in shown]
    return views, encode(shown[-1].offer_id) if len(found) > PER_PAGE else None


async def _needs(store: Store, scope: Scope, actor: Actor, before: UUID | None) -> tuple[list[ShownNeed], str | None]:
    if not actor.has("department") or actor.department is None:
        return [], None
    found = await store.needs.find(scope, NeedFilter(department=actor.department, before=before, limit=PER_PAGE))
    shown = await shown_needs(store, scope, found[:PER_PAGE], public=False)
    return shown, encode(shown[-1].view.id) if len(found) > PER_PAGE else None
