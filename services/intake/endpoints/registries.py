"""Registries: departments and account managers; and the submissions that were refused."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from chassis.auth import Actor, CurrentActor, require
from chassis.http.commands import Reply, command
from chassis.http.documented import answers, problems
from chassis.http.paging import After, Limit, Page, encode
from contracts.values import Instant, ShortText, Slug
from services.intake.domain.stakeholders import Subject
from services.intake.endpoints.speaking import PREFIX, AccountManagers, Coordinators, position, scope_of, store_units
from services.intake.endpoints.views import AbsenceView, AccountManagerView, DepartmentView, RejectionView
from services.intake.handlers import IntakeUnit
from services.intake.handlers import account_managers as handlers
from services.intake.store.people import AccountManager, Department

router = APIRouter(prefix=PREFIX, tags=["registries"])


class DepartmentBody(BaseModel):
    """What a department is called."""

    model_config = ConfigDict(extra="forbid")

    name: ShortText


class Absence(BaseModel):
    """Away until then, covered by another account manager."""

    model_config = ConfigDict(extra="forbid")

    until: Instant
    covered_by: Subject | None = None


class Availability(BaseModel):
    """What an account manager says of itself; no policy areas = all of them."""

    model_config = ConfigDict(extra="forbid")

    active: bool = True
    policy_areas: list[Slug] = Field(default=[], max_length=50)
    absence: Absence | None = None


@router.put("/departments/{code}", responses=answers(DepartmentView, 200, 201, problem=(401, 403, 422)))
async def put_department(
    request: Request, actor: Coordinators, code: Annotated[Slug, Path()], body: DepartmentBody
) -> Response:
    """Puts a department into the registry, or renames it."""

    async def work(unit: IntakeUnit) -> Reply:
        new = await unit.store.people.save_department(unit.scope, Department(code, body.name), unit.now)
        return Reply(201 if new else 200, DepartmentView(code=code, name=body.name))

    return await command(request, store_units(request), scope_of(actor), work)


@router.get("/departments")
async def list_departments(request: Request, actor: CurrentActor) -> Page[DepartmentView]:
    """All departments in the registry; no login needed."""
    async with store_units(request).reading() as store:
        found = await store.people.departments(scope_of(actor))
    return Page(items=[DepartmentView(code=one.code, name=one.name) for one in found])


@router.put("/account-managers/me", responses=answers(AccountManagerView, 200, problem=(401, 403, 422)))
async def put_own_availability(request: Request, actor: AccountManagers, body: Availability) -> Response:
    """An account manager says to be there, away or gone; unassigned work finds its way."""
    absence = body.absence
    wanted = AccountManager(
        actor.subject,
        body.active,
        tuple(dict.fromkeys(body.policy_areas)),
        absence.until if absence else None,
        absence.covered_by if absence else None,
        display_name=actor.name or None,
    )

    async def work(unit: IntakeUnit) -> Reply:
        return Reply(200, _manager_view(await handlers.set_availability(unit, actor, wanted), with_load=False))

    return await command(request, store_units(request), scope_of(actor), work)


@router.get("/account-managers", responses=problems(401, 403))
async def list_account_managers(
    request: Request, actor: Annotated[Actor, Depends(require("coordinator", "account_manager", "operations"))]
) -> Page[AccountManagerView]:
    """Who guides partners, and how much each holds."""
    async with store_units(request).reading() as store:
        found = await store.people.account_managers(scope_of(actor))
    return Page(items=[_manager_view(one) for one in found])


@router.get("/submissions/rejected", responses=problems(400, 401, 403, 422))
async def list_rejected(
    request: Request,
    actor: Annotated[Actor, Depends(require("department", "coordinator", "operations"))],
    limit: Limit = 50,
    after: After = None,
) -> Page[RejectionView]:
    """Submissions that were not taken, newest first: of its own for a department, else all."""
    department = rejections_of(actor)
    async with store_units(request).reading() as store:
        found = await store.rejections.find(scope_of(actor), department, position(after), limit)
    shown = found[:limit]
    items = [RejectionView.model_construct(**one.__dict__, id=one.rejection_id) for one in shown]
    return Page.model_construct(items=items, next=encode(shown[-1].rejection_id) if len(found) > limit else None)


def rejections_of(actor: Actor) -> str | None:
    """The department whose rejected submissions the actor sees; None = all."""
    return None if actor.has("coordinator", "operations") else actor.department or ""


def _manager_view(one: AccountManager, *, with_load: bool = True) -> AccountManagerView:
    absence = AbsenceView(until=one.away_until, covered_by=one.covered_by) if one.away_until else None
    return AccountManagerView(
        id=one.subject,
        active=one.active,
        policy_areas=list(one.policy_areas),
        absence=absence,
        load=one.load if with_load else None,
    )
