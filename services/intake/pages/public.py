"""What everybody sees: the open needs, and each of them."""

from __future__ import annotations

from typing import get_args
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from chassis.auth import Actor, CurrentActor
from chassis.http.paging import encode
from chassis.web.flash import redirect
from chassis.web.forms import Form, parse_form
from chassis.web.i18n import gettext as _
from chassis.web.pages import Pages
from contracts.values import ResourceKind
from services.intake.domain.lines import whole_warnings
from services.intake.endpoints.speaking import LoggedIn, position
from services.intake.handlers import IntakeUnit, refusals
from services.intake.handlers.needs import change_need, may_manage, sees_exclusions
from services.intake.pages.asking import act_once, address, refused_fields, scope_of, shown_needs, units, words
from services.intake.pages.forms import RenewForm, end_of
from services.intake.pages.limits import need_limits
from services.intake.store.needs import NeedFilter

PER_PAGE = 12
KINDS: tuple[str, ...] = get_args(ResourceKind)


def router(pages: Pages) -> APIRouter:
    routes = pages.router()

    @routes.get("/")
    async def home(
        request: Request,
        actor: CurrentActor,
        q: str = "",
        policy_area: str = "",
        kind: str = "",
        after: str | None = None,
    ) -> HTMLResponse:
        text = q.replace("\x00", "")[:200].strip()
        wanted = NeedFilter(
            state="open",
            policy_area=policy_area.replace("\x00", "") or None,
            kind=kind if kind in KINDS else None,
            text=text or None,
            before=position(after),
            limit=PER_PAGE,
        )
        scope = scope_of(actor)
        async with units(request).reading() as store:
            found = await store.needs.find(scope, wanted)
            shown = await shown_needs(store, scope, found[:PER_PAGE], public=True)
        filters = {"q": text, "policy_area": policy_area, "kind": kind}
        following = encode(shown[-1].view.id) if len(found) > PER_PAGE else None
        return pages.render(
            request,
            "home.html",
            needs=shown,
            form=Form.of(**filters),
            filtered=any(filters.values()),
            first=address("/", **filters) if after else None,
            next=address("/", **filters, after=following) if following else None,
        )

    async def show(
        request: Request, actor: Actor, need_id: UUID, form: Form[RenewForm], status: int = 200
    ) -> HTMLResponse:
        scope = scope_of(actor)
        async with units(request).reading() as store:
            need = await store.needs.get(scope, need_id)
            if need is None:
                raise refusals.no_need()
            inside = sees_exclusions(actor, need.content.department)
            [shown] = await shown_needs(store, scope, [need], public=actor.is_anonymous, inside=inside)
            receivers = await store.stakeholders.names(scope, need.content.receivers)
            names = {one.code: one.name for one in await store.people.departments(scope)}
            limits = await need_limits(store, scope, shown.view)
        manages = may_manage(actor, need.content.department)
        return pages.render(
            request,
            "need.html",
            status=status,
            form=form,
            need=shown.view,
            shown=shown,
            receivers=sorted(receivers.values()),
            others=[names.get(code, code) for code in need.content.with_departments],
            balances={balance.line: balance for balance in shown.view.balances},
            may_manage=manages,
            warnings=words(whole_warnings(need.content.lines)) if manages and need.state == "open" else [],
            limits=limits,
        )

    @routes.get("/intake/needs/{need_id}")
    async def need_page(request: Request, actor: CurrentActor, need_id: UUID) -> HTMLResponse:
        return await show(request, actor, need_id, Form.of())

    @routes.post("/intake/needs/{need_id}/renew")
    async def renew(request: Request, actor: LoggedIn, need_id: UUID) -> Response:
        form = await parse_form(request, RenewForm)
        if form.model is None:
            return await show(request, actor, need_id, form, 422)
        changes = {"valid_until": end_of(form.model.last_day)}

        async def work(unit: IntakeUnit) -> None:
            await change_need(unit, actor, need_id, None, changes)

        wrong = await refused_fields(act_once(request, actor, form, work), form)
        if wrong:
            return await show(request, actor, need_id, form, 422)
        return redirect(request, f"/intake/needs/{need_id}", _("The need stays open until the new day."))

    return routes
