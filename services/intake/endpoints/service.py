"""The one call between services: whom to write to, at the moment of writing."""

from __future__ import annotations

import hmac
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request

from chassis.http.documented import answers
from chassis.http.problem import Problem, not_found
from chassis.scope import Scope
from contracts.values import CityCode
from services.intake.domain.stakeholders import Contact
from services.intake.endpoints.speaking import PREFIX, store_units

router = APIRouter(prefix=PREFIX, tags=["between services"])


class ContactView(Contact):
    """Personal data: not to be kept, not to be logged."""

    stakeholder_id: UUID


@router.get("/contacts/{stakeholder_id}", responses=answers(ContactView, 200, problem=(401, 404, 422)))
async def get_contact(
    request: Request,
    stakeholder_id: UUID,
    city: Annotated[CityCode | None, Query(description="IPA code; the installation's own when absent")] = None,
    authorization: Annotated[str, Header(description="Service <token>")] = "",
) -> ContactView:
    """The contact of a stakeholder, for services only."""
    expected = request.app.state.settings.service_token.get_secret_value()
    given = authorization.removeprefix("Service ")
    if not expected or given == authorization or not hmac.compare_digest(given.encode(), expected.encode()):
        raise Problem(
            401,
            "service-token-required",
            "Questa risorsa è riservata ai servizi.",
            "This is for services only.",
            headers={"WWW-Authenticate": "Service"},
        )
    scope = Scope(city or request.app.state.settings.default_city, "service")
    async with store_units(request).reading() as store:
        contact = await store.stakeholders.contact(scope, stakeholder_id)
    if contact is None:
        raise not_found("Nessun contatto registrato.", "No contact is registered.")
    return ContactView.model_construct(**contact.__dict__, stakeholder_id=stakeholder_id)
