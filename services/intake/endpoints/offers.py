"""Offers: for those who act for the stakeholder, and account managers on behalf."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from chassis.auth import Actor
from chassis.http import etag
from chassis.http.commands import Reply, command
from chassis.http.documented import answers, problems
from chassis.http.paging import After, Limit, Page, encode
from contracts.places import Place, PlaceLimit
from contracts.values import Instant, Line, LongText, OfferPartner, ShortText, Slug, Window
from services.intake.domain.needs import MAX_LINES
from services.intake.domain.offers import OfferContent
from services.intake.endpoints.speaking import (
    PREFIX,
    UNCHANGED,
    LoggedIn,
    Reason,
    Reference,
    own_stakeholders,
    position,
    scope_of,
    store_units,
)
from services.intake.endpoints.views import OfferView, already_known, offer_view
from services.intake.handlers import IntakeUnit, refusals
from services.intake.handlers import offers as handlers
from services.intake.handlers.needs import may_manage
from services.intake.store import Store
from services.intake.store.offers import OfferFilter

router = APIRouter(prefix=f"{PREFIX}/offers", tags=["offers"])
SEE_ALL = ("account_manager", "coordinator", "legal", "operations")


class NewOffer(OfferContent):
    """An offer. ``note`` says how it came when an account manager takes it on behalf (kept, never published)."""

    note: ShortText | None = None

    def content(self) -> OfferContent:
        return OfferContent.model_construct(**{name: getattr(self, name) for name in OfferContent.model_fields})


class OfferPatch(BaseModel):
    """What changes; fields that are absent stay, optional ones may be set to null."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    partners: tuple[OfferPartner, ...] = Field(default=UNCHANGED, max_length=50)
    title: ShortText = UNCHANGED
    description: LongText | None = UNCHANGED
    policy_area: Slug | None = UNCHANGED
    lines: tuple[Line, ...] = Field(default=UNCHANGED, min_length=1, max_length=MAX_LINES)
    expected_return: Literal["none", "visibility"] = UNCHANGED
    answers_need_id: UUID | None = UNCHANGED
    place: Place | None = UNCHANGED
    window: Window | None = UNCHANGED
    valid_until: Instant | None = UNCHANGED
    only_in: PlaceLimit | None = UNCHANGED
    excluded_departments: tuple[Slug, ...] = Field(default=UNCHANGED, max_length=50)
    excluded_policy_areas: tuple[Slug, ...] = Field(default=UNCHANGED, max_length=50)
    excluded_receivers: tuple[UUID, ...] = Field(default=UNCHANGED, max_length=50)


@router.post("", status_code=201, responses=answers(OfferView, 200, 201, problem=(401, 403, 409, 422)))
async def take_offer(request: Request, actor: LoggedIn, body: NewOffer) -> Response:
    """Takes an offer. Repeating a stakeholder's ``external_ref`` answers 200 with the offer of then."""

    async def work(unit: IntakeUnit) -> Reply:
        content = body.content()
        taken = await handlers.take_offer(unit, actor, content, body.note)
        offer = taken.offer
        warnings = taken.warnings if taken.new else already_known(offer.submitted_digest, content.digest())
        headers = {"Location": f"{PREFIX}/offers/{offer.offer_id}", "ETag": etag.etag(offer.version)}
        return Reply(201 if taken.new else 200, offer_view(offer, warnings=warnings), headers)

    return await command(request, store_units(request), scope_of(actor), work)


@router.get("", responses=problems(400, 401, 422))
async def list_offers(
    request: Request,
    actor: LoggedIn,
    state: Annotated[Literal["open", "withdrawn", "expired"] | None, Query()] = None,
    stakeholder_id: Annotated[UUID | None, Query()] = None,
    answers_need_id: Annotated[UUID | None, Query()] = None,
    external_ref: Reference = None,
    limit: Limit = 50,
    after: After = None,
) -> Page[OfferView]:
    """Offers, newest first: all for the city's staff, those in answer to its needs for a department, else one's own."""
    wanted = OfferFilter(
        stakeholders=_visible(actor, stakeholder_id),
        state=state,
        answers_need_id=answers_need_id,
        external_ref=external_ref,
        department=_department_only(actor),
        before=position(after),
        limit=limit,
    )
    scope = scope_of(actor)
    async with store_units(request).reading() as store:
        found = await store.offers.find(scope, wanted)
        shown = found[:limit]
        balances = await store.balances.of(scope, [offer.offer_id for offer in shown]) if shown else {}
    items = [
        offer_view(offer, balances.get(offer.offer_id, ()), inside=sees_exclusions(actor, offer.content))
        for offer in shown
    ]
    return Page.model_construct(items=items, next=encode(shown[-1].offer_id) if len(found) > limit else None)


@router.get("/{offer_id}", responses=answers(OfferView, 200, problem=(401, 403, 404, 422)))
async def get_offer(request: Request, actor: LoggedIn, offer_id: UUID) -> Response:
    """One offer with its balances."""
    scope = scope_of(actor)
    async with store_units(request).reading() as store:
        offer = await store.offers.get(scope, offer_id)
        if offer is None:
            raise refusals.no_offer()
        if not await may_read(store, actor, offer.content):
            raise refusals.not_your_stakeholder()
        balances = await store.balances.of(scope, [offer_id])
    view = offer_view(offer, balances.get(offer_id, ()), inside=sees_exclusions(actor, offer.content))
    return Reply(200, view, {"ETag": etag.etag(offer.version)}).response()


@router.patch("/{offer_id}", responses=answers(OfferView, 200, problem=(401, 403, 404, 409, 412, 422, 428)))
async def change_offer(request: Request, actor: LoggedIn, offer_id: UUID, body: OfferPatch) -> Response:
    """Changes an offer; ``If-Match`` carries the ETag that was read."""
    expected = etag.expected_version(request)
    changes = {name: getattr(body, name) for name in body.model_fields_set}

    async def work(unit: IntakeUnit) -> Reply:
        taken = await handlers.change_offer(unit, actor, offer_id, expected, changes)
        view = offer_view(taken.offer, warnings=taken.warnings)
        return Reply(200, view, {"ETag": etag.etag(taken.offer.version)})

    return await command(request, store_units(request), scope_of(actor), work)


@router.post("/{offer_id}/withdraw", responses=answers(OfferView, 200, problem=(401, 403, 404, 409, 412, 422)))
async def withdraw_offer(request: Request, actor: LoggedIn, offer_id: UUID, body: Reason | None = None) -> Response:
    """Takes back what is not yet committed. ``If-Match`` is honoured when it comes."""
    expected = etag.optional_version(request)

    async def work(unit: IntakeUnit) -> Reply:
        offer = await handlers.withdraw_offer(unit, actor, offer_id, expected, body.reason if body else None)
        return Reply(200, offer_view(offer), {"ETag": etag.etag(offer.version)})

    return await command(request, store_units(request), scope_of(actor), work)


def _visible(actor: Actor, stakeholder_id: UUID | None) -> list[UUID] | None:
    """Stakeholders whose offers are shown; None = all."""
    if actor.has(*SEE_ALL, "department"):
        return None if stakeholder_id is None else [stakeholder_id]
    own = own_stakeholders(actor)
    return own if stakeholder_id is None else [one for one in own if one == stakeholder_id]


def _department_only(actor: Actor) -> str | None:
    return None if actor.has(*SEE_ALL) or not actor.has("department") else actor.department or ""


def sees_exclusions(actor: Actor, content: OfferContent) -> bool:
    """Whether the actor sees for whom the offer is not: not departments, nor the partners behind it."""
    return actor.has(*SEE_ALL) or actor.acts_for(content.stakeholder_id)


async def may_read(store: Store, actor: Actor, content: OfferContent) -> bool:
    if actor.has(*SEE_ALL) or actor.acts_for(content.stakeholder_id):
        return True
    partners = {str(partner.stakeholder_id) for partner in content.partners}
    if actor.has("partner") and partners & actor.stakeholders:
        return True
    if actor.has("department") and content.answers_need_id is not None:
        need = await store.needs.get(scope_of(actor), content.answers_need_id)
        return need is not None and may_manage(actor, need.content.department)
    return False
