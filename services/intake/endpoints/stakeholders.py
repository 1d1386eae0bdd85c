"""Stakeholders: registered by themselves or by an account manager, checked by account managers."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict

from chassis.http import etag
from chassis.http.commands import Reply, command
from chassis.http.documented import answers, problems
from chassis.http.paging import After, Limit, Page, encode
from contracts.values import ExternalRef, ShortText, StakeholderType
from services.intake.domain.stakeholders import Contact, Stakeholder, Subject, Vetted, Vetting
from services.intake.endpoints.speaking import (
    PREFIX,
    UNCHANGED,
    AccountManagers,
    LoggedIn,
    Reference,
    Search,
    own_stakeholders,
    position,
    scope_of,
    store_units,
)
from services.intake.endpoints.views import StakeholderView, stakeholder_view
from services.intake.handlers import IntakeUnit, refusals
from services.intake.handlers import stakeholders as handlers
from services.intake.handlers.offers import acts_for
from services.intake.store.stakeholders import StakeholderFilter

router = APIRouter(prefix=f"{PREFIX}/stakeholders", tags=["stakeholders"])
SEE_ALL = ("account_manager", "coordinator", "legal", "signatory", "operations", "department")


class NewStakeholder(BaseModel):
    """An organisation to register. The contact stays in intake."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: ShortText
    type: StakeholderType
    external_ref: ExternalRef | None = None
    contact: Contact | None = None


class StakeholderPatch(BaseModel):
    """What changes; ``contact`` null forgets the contact."""

    model_config = ConfigDict(extra="forbid")

    name: ShortText = UNCHANGED
    type: StakeholderType = UNCHANGED
    contact: Contact | None = UNCHANGED


class Member(BaseModel):
    """An account (OpenID Connect ``sub``) that may act for the organisation, or no longer."""

    model_config = ConfigDict(extra="forbid")

    subject: Subject
    active: bool = True


@router.post("", status_code=201, responses=answers(StakeholderView, 200, 201, problem=(401, 422)))
async def register_stakeholder(request: Request, actor: LoggedIn, body: NewStakeholder) -> Response:
    """Registers an organisation. Repeating an ``external_ref`` answers 200 with the organisation of then."""

    async def work(unit: IntakeUnit) -> Reply:
        one, new = await handlers.register_stakeholder(
            unit, actor, body.name, body.type, body.external_ref, body.contact
        )
        headers = {"Location": f"{PREFIX}/stakeholders/{one.stakeholder_id}", "ETag": etag.etag(one.version)}
        if new:
            return Reply(201, stakeholder_view(one, body.contact), headers)
        inside = actor.has(*SEE_ALL) or await acts_for(unit, actor, one.stakeholder_id)
        shown = one if inside else replace(one, vetting_reason=None)  # whoever guessed the reference
        return Reply(200, stakeholder_view(shown), headers)

    return await command(request, store_units(request), scope_of(actor), work)


@router.get("", responses=problems(400, 401, 422))
async def list_stakeholders(
    request: Request,
    actor: LoggedIn,
    vetting: Annotated[Vetting | None, Query()] = None,
    q: Search = None,
    external_ref: Reference = None,
    account_manager_id: Reference = None,
    limit: Limit = 50,
    after: After = None,
) -> Page[StakeholderView]:
    """Organisations, newest first: all for the city's staff, else those one acts for."""
    wanted = StakeholderFilter(
        ids=None if actor.has(*SEE_ALL) else own_stakeholders(actor),
        vetting=vetting,
        external_ref=external_ref,
        text=q or None,
        account_manager_id=account_manager_id,
        before=position(after),
        limit=limit,
    )
    async with store_units(request).reading() as store:
        found = await store.stakeholders.find(scope_of(actor), wanted)
    shown = found[:limit]
    return Page.model_construct(
        items=[stakeholder_view(one) for one in shown],
        next=encode(shown[-1].stakeholder_id) if len(found) > limit else None,
    )


@router.get("/{stakeholder_id}", responses=answers(StakeholderView, 200, problem=(401, 404, 422)))
async def get_stakeholder(request: Request, actor: LoggedIn, stakeholder_id: UUID) -> Response:
    """One organisation, for the city's staff and those who act for it; its contact not for all of the staff."""
    scope = scope_of(actor)
    async with store_units(request).reading() as store:
        one = await store.stakeholders.get(scope, stakeholder_id)
        member = actor.acts_for(stakeholder_id)
        if one is None or not (member or actor.has(*SEE_ALL)):
            raise refusals.no_stakeholder()
        inside = member or actor.has("account_manager")
        contact = await store.stakeholders.contact(scope, stakeholder_id) if inside else None
    return Reply(200, stakeholder_view(one, contact), {"ETag": etag.etag(one.version)}).response()


@router.patch("/{stakeholder_id}", responses=answers(StakeholderView, 200, problem=(401, 403, 404, 412, 422, 428)))
async def change_stakeholder(
    request: Request, actor: LoggedIn, stakeholder_id: UUID, body: StakeholderPatch
) -> Response:
    """Changes an organisation; ``If-Match`` carries the ETag that was read."""
    expected = etag.expected_version(request)
    changes = {name: getattr(body, name) for name in body.model_fields_set}
    if "type" in changes:
        changes["stakeholder_type"] = changes.pop("type")

    async def work(unit: IntakeUnit) -> Reply:
        return _reply(await handlers.change_stakeholder(unit, actor, stakeholder_id, expected, changes))

    return await command(request, store_units(request), scope_of(actor), work)


@router.post("/{stakeholder_id}/members", responses=answers(StakeholderView, 200, problem=(401, 403, 404, 422)))
async def change_membership(request: Request, actor: LoggedIn, stakeholder_id: UUID, body: Member) -> Response:
    """Lets an account act for the organisation (or, ``active`` false, no longer): by a member or an account manager."""

    async def work(unit: IntakeUnit) -> Reply:
        return _reply(await handlers.change_membership(unit, actor, stakeholder_id, body.subject, body.active))

    return await command(request, store_units(request), scope_of(actor), work)


@router.post("/{stakeholder_id}/vet", responses=answers(StakeholderView, 200, problem=(401, 403, 404, 412, 422)))
async def vet_stakeholder(request: Request, actor: AccountManagers, stakeholder_id: UUID, body: Vetted) -> Response:
    """Notes the result of checking the organisation; only approved ones are matched."""
    expected = etag.optional_version(request)

    async def work(unit: IntakeUnit) -> Reply:
        return _reply(await handlers.vet_stakeholder(unit, actor, stakeholder_id, expected, body))

    return await command(request, store_units(request), scope_of(actor), work)


def _reply(one: Stakeholder) -> Reply:
    return Reply(200, stakeholder_view(one), {"ETag": etag.etag(one.version)})
