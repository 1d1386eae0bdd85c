"""The plans that concern whoever reads: a list, and one with all that is on record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import HTMLResponse

from chassis.auth import Actor, require
from chassis.http.paging import After, page
from chassis.service import units_of
from chassis.web.formats import number, quantity
from chassis.web.forms import Form
from chassis.web.i18n import either, gettext, mark
from chassis.web.pages import Pages
from chassis.web.vocabulary import label, unit_name
from services.impact import edge
from services.impact.domain.plan import Plan
from services.impact.domain.reports import CommitmentReport, IndicatorReport, PlanReport, PlanSummary
from services.impact.edge import scope_of

LoggedIn = Annotated[Actor, Depends(require())]
State = Annotated[Literal["open", "fulfilled", "closed", ""], Query()]
_PER_PAGE = 25
_DECLARED_BY = {
    "account_manager": mark("The account manager"),
    "department": mark("The department"),
    "partner": mark("The partner itself"),
    "system": mark("By itself"),
}


@dataclass(frozen=True)
class Rights:
    """What the reader may do with a plan. ``deliver`` holds the positions of the commitments they may report on."""

    deliver: frozenset[int]
    measure: bool

    @classmethod
    def of(cls, actor: Actor, plan: Plan) -> Rights:
        reporter = edge.reporter_of(actor)
        own = {one.position for one in plan.commitments if reporter.source_for(plan, one)}
        return cls(frozenset(own), reporter.source_for(plan) is not None)

    def may_correct(self, delivery: Any) -> bool:
        if delivery.accompanying or delivery.position not in self.deliver:
            return False
        return self.measure or bool(delivery.declared_by == "partner")


def add(routes: APIRouter, pages: Pages) -> None:
    @routes.get("/plans")
    async def plans(request: Request, actor: LoggedIn, state: State = "", after: After = None) -> HTMLResponse:
        reach = edge.reach_of(actor)
        position = edge.plan_position(after)
        found: list[PlanSummary] = []
        if reach is not None:
            async with units_of(request).reading() as store:
                found = await store.readings.page(
                    scope_of(actor),
                    reach,
                    limit=_PER_PAGE + 1,
                    state=state or None,
                    after=position,
                )
        shown = page(found, _PER_PAGE, lambda one: (one.signed_on, one.plan_id))
        return pages.render(
            request,
            "plans.html",
            plans=shown.items,
            state=state,
            first=f"/impact/plans?{urlencode({'state': state})}" if after else None,
            next=f"/impact/plans?{urlencode({'state': state, 'after': shown.next})}" if shown.next else None,
        )

    @routes.get("/plans/{plan_id}")
    async def plan(request: Request, actor: LoggedIn, plan_id: UUID) -> HTMLResponse:
        return await show_plan(pages, request, actor, plan_id)


async def show_plan(
    pages: Pages,
    request: Request,
    actor: Actor,
    plan_id: UUID,
    *,
    delivery: Form[Any] | None = None,
    measurement: Form[Any] | None = None,
) -> HTMLResponse:
    """The plan's page; with a form that was refused, as it was filled in."""
    async with units_of(request).reading() as store:
        plan, report = await edge.plan_for(store, actor, plan_id)
    rights = Rights.of(actor, plan)
    refused = delivery or measurement
    return pages.render(
        request,
        "plan.html",
        status=422 if refused and refused.errors else 200,
        plan=report,
        rights=rights,
        commitments={one.position: commitment_name(one) for one in report.commitments},
        deliverable=[
            (one.position, commitment_choice(one)) for one in report.commitments if one.position in rights.deliver
        ],
        measurable=[(one.code, f"{indicator_title(one)} ({unit_name(one.unit)})") for one in report.indicators],
        titles={one.code: indicator_title(one) for one in report.indicators},
        delivery=delivery or Form.of(),
        measurement=measurement or Form.of(),
        refused=refused,
        declared={code: gettext(text) for code, text in _DECLARED_BY.items()},
        facts=_history(report),
    )


def indicator_title(one: IndicatorReport) -> str:
    return either(one.title_it, one.title_en)


def commitment_name(one: CommitmentReport) -> str:
    """Short: what it is and whose."""
    what = one.description or label("capability", one.capability) if one.capability else one.description
    return f"{what or label('kind', one.kind)}, {one.stakeholder}"


def commitment_choice(one: CommitmentReport) -> str:
    done = f"{number(one.delivered_quantity)} / {quantity(one.committed_quantity, one.unit)}"
    return f"{commitment_name(one)} ({done})"


def _history(report: PlanReport) -> list[tuple[str, Any]]:
    """Every fact with its kind, the newest first."""
    facts: list[tuple[str, Any]] = [("delivery", one) for one in report.deliveries]
    facts += [("measurement", one) for one in report.measurements]
    facts += [("correction", one) for one in report.corrections]
    return sorted(facts, key=lambda fact: -int(fact[1].version))
