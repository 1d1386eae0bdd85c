"""Needs: open ones for everybody, changes for their department and account managers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from chassis.auth import Actor, CurrentActor, require
from chassis.http import etag
from chassis.http.commands import Reply, command
from chassis.http.documented import answers, problems
from chassis.http.paging import After, Limit, Page, encode
from contracts.places import Place, PlaceLimit
from contracts.values import (
    ExternalRef,
    Instant,
    Line,
    LongText,
    ResourceKind,
    ShortText,
    Slug,
    StakeholderType,
    Window,
)
from services.intake.domain.lines import LineBalance
from services.intake.domain.needs import MAX_LINES, Need, NeedContent
from services.intake.endpoints.speaking import (
    PREFIX,
    UNCHANGED,
    Reason,
    Reference,
    Search,
    position,
    scope_of,
    store_units,
)
from services.intake.endpoints.views import NeedView, already_known, need_view
from services.intake.handlers import IntakeUnit, refusals
from services.intake.handlers import needs as handlers
from services.intake.store.needs import NeedFilter

router = APIRouter(prefix=f"{PREFIX}/needs", tags=["needs"])
Handling = Annotated[Actor, Depends(require("department", "account_manager"))]


class NewNeed(BaseModel):
    """A need to register; ``department`` is the caller's own unless it says otherwise."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    department: Slug | None = None
    with_departments: tuple[Slug, ...] = Field(default=(), max_length=50)
    title: ShortText
    description: LongText | None = None
    beneficiaries: LongText | None = None
    policy_area: Slug
    lines: tuple[Line, ...] = Field(min_length=1, max_length=MAX_LINES)
    requires: tuple[Slug, ...] = Field(default=(), max_length=50)
    receivers: tuple[UUID, ...] = Field(default=(), max_length=50)
    place: Place | None = None
    window: Window | None = None
    valid_until: Instant | None = None
    external_ref: ExternalRef | None = None
    only_in: PlaceLimit | None = None
    excluded_stakeholders: tuple[UUID, ...] = Field(default=(), max_length=50)
    excluded_stakeholder_types: tuple[StakeholderType, ...] = Field(default=(), max_length=50)

    def content(self, department: str | None) -> NeedContent:
        """Raises a 403 problem when nobody says which department asks."""
        code = self.department or department
        if code is None:
            raise refusals.not_your_department()
        return NeedContent.model_construct(**self.__dict__ | {"department": code})


class NeedPatch(BaseModel):
    """What changes; fields that are absent stay, optional ones may be set to null."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    with_departments: tuple[Slug, ...] = Field(default=UNCHANGED, max_length=50)
    title: ShortText = UNCHANGED
    description: LongText | None = UNCHANGED
    beneficiaries: LongText | None = UNCHANGED
    policy_area: Slug = UNCHANGED
    lines: tuple[Line, ...] = Field(default=UNCHANGED, min_length=1, max_length=MAX_LINES)
    requires: tuple[Slug, ...] = Field(default=UNCHANGED, max_length=50)
    receivers: tuple[UUID, ...] = Field(default=UNCHANGED, max_length=50)
    place: Place | None = UNCHANGED
    window: Window | None = UNCHANGED
    valid_until: Instant | None = UNCHANGED
    only_in: PlaceLimit | None = UNCHANGED
    excluded_stakeholders: tuple[UUID, ...] = Field(default=UNCHANGED, max_length=50)
    excluded_stakeholder_types: tuple[StakeholderType, ...] = Field(default=UNCHANGED, max_length=50)


@router.post("", status_code=201, responses=answers(NeedView, 200, 201, problem=(401, 403, 422)))
async def register_need(request: Request, actor: Handling, body: NewNeed) -> Response:
    """Registers a need. Repeating a department's ``external_ref`` answers 200 with the need of then."""

    async def work(unit: IntakeUnit) -> Reply:
        content = body.content(actor.department)
        need, new = await handlers.register_need(unit, actor, content)
        warnings = () if new else already_known(need.submitted_digest, content.digest())
        headers = {"Location": f"{PREFIX}/needs/{need.need_id}", "ETag": etag.etag(need.version)}
        return Reply(201 if new else 200, need_view(need, warnings=warnings), headers)

    return await command(request, store_units(request), scope_of(actor), work)


@router.get("", responses=problems(400, 422))
async def list_needs(
    request: Request,
    actor: CurrentActor,
    state: Literal["open", "fulfilled", "withdrawn", "expired", "any"] = "open",
    policy_area: Annotated[Slug | None, Query()] = None,
    kind: Annotated[ResourceKind | None, Query()] = None,
    department: Annotated[Slug | None, Query()] = None,
    q: Search = None,
    external_ref: Reference = None,
    limit: Limit = 50,
    after: After = None,
) -> Page[NeedView]:
    """Needs, newest first; no login needed. ``state=any`` lists closed ones too."""
    wanted = NeedFilter(
        state=None if state == "any" else state,
        policy_area=policy_area,
        department=department,
        kind=kind,
        text=q or None,
        external_ref=external_ref,
        before=position(after),
        limit=limit,
    )
    scope = scope_of(actor)
    async with store_units(request).reading() as store:
        found = await store.needs.find(scope, wanted)
        shown = found[:limit]
        balances = await store.balances.of(scope, [need.need_id for need in shown]) if shown else {}
    items = [_shown(actor, need, balances.get(need.need_id, ())) for need in shown]
    return Page.model_construct(items=items, next=encode(shown[-1].need_id) if len(found) > limit else None)


@router.get("/{need_id}", responses=answers(NeedView, 200, problem=(404, 422)))
async def get_need(request: Request, actor: CurrentActor, need_id: UUID) -> Response:
    """One need with its balances; no login needed."""
    scope = scope_of(actor)
    async with store_units(request).reading() as store:
        need = await store.needs.get(scope, need_id)
        if need is None:
            raise refusals.no_need()
        balances = await store.balances.of(scope, [need_id])
    view = _shown(actor, need, balances.get(need_id, ()))
    return Reply(200, view, {"ETag": etag.etag(need.version)}).response()


@router.patch("/{need_id}", responses=answers(NeedView, 200, problem=(401, 403, 404, 409, 412, 422, 428)))
async def change_need(request: Request, actor: Handling, need_id: UUID, body: NeedPatch) -> Response:
    """Changes a need; ``If-Match`` carries the ETag that was read."""
    expected = etag.expected_version(request)
    changes = {name: getattr(body, name) for name in body.model_fields_set}

    async def work(unit: IntakeUnit) -> Reply:
        need = await handlers.change_need(unit, actor, need_id, expected, changes)
        return Reply(200, need_view(need), {"ETag": etag.etag(need.version)})

    return await command(request, store_units(request), scope_of(actor), work)


@router.post("/{need_id}/withdraw", responses=answers(NeedView, 200, problem=(401, 403, 404, 409, 412, 422)))
async def withdraw_need(request: Request, actor: Handling, need_id: UUID, body: Reason | None = None) -> Response:
    """Takes a need back. ``If-Match`` is honoured when it comes."""
    expected = etag.optional_version(request)

    async def work(unit: IntakeUnit) -> Reply:
        need = await handlers.withdraw_need(unit, actor, need_id, expected, body.reason if body else None)
        return Reply(200, need_view(need), {"ETag": etag.etag(need.version)})

    return await command(request, store_units(request), scope_of(actor), work)


def _shown(actor: Actor, need: Need, balances: Sequence[LineBalance]) -> NeedView:
    inside = handlers.sees_exclusions(actor, need.content.department)
    return need_view(need, balances, public=actor.is_anonymous, inside=inside)
