"""Plans as pages: ask for one, watch it being made, see what it would do and what that costs, and use it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from chassis import log
from chassis.auth import Actor, CurrentActor
from chassis.auth.dependencies import refuse_unless
from chassis.http.commands import Reply, fingerprint, once
from chassis.http.problem import Problem
from chassis.service import units_of
from chassis.web.flash import redirect
from chassis.web.forms import Form, parse_form
from chassis.web.i18n import gettext as _
from chassis.web.i18n import ngettext
from chassis.web.in_words import problem_in_words
from chassis.web.pages import Pages
from chassis.web.vocabulary import choices
from contracts.values import Quantity
from services.matching.api_plans import (
    PLANNERS,
    adopting,
    asking,
    cancelling,
    lines_of,
    plan_for,
    plans_page,
    priced,
    scope_of,
)
from services.matching.decisions import Work
from services.matching.pages import plan_texts, spreadsheet
from services.matching.plan_views import AdoptedView, LineView, Position, PriceView
from services.matching.planning.parameters import Choice, Parameters
from services.matching.settings import MatchingSettings

_logger = log.get("matching.plans")
_PAGE, _LINES, _MOST = 20, 50, 200
_LINE = r"^[0-9a-f-]{36}/[0-9]{1,4}$"


class InsistForm(BaseModel):
    """``need`` and ``offer`` are an id and the number of a line."""

    need: str = Field(pattern=_LINE)
    offer: str = Field(pattern=_LINE)
    quantity: Quantity

    def choice(self) -> Choice:
        (need, need_line), (offer, offer_line) = self.need.split("/"), self.offer.split("/")
        return Choice(
            need_id=UUID(need),
            need_line=int(need_line),
            offer_id=UUID(offer),
            offer_line=int(offer_line),
            quantity=self.quantity,
        )


class AdoptForm(BaseModel):
    """The ticked lines, or all."""

    positions: list[Position] = Field(default_factory=list, max_length=_MOST)
    everything: bool = False


class NothingForm(BaseModel):
    """A button."""


def router(pages: Pages) -> APIRouter:
    """``/matching/plans`` and what belongs to it."""
    routes = pages.router(prefix="/matching")

    @routes.get("/plans")
    async def plans(request: Request, actor: CurrentActor, after: str | None = None) -> Response:
        settings: MatchingSettings = request.app.state.settings
        form: Form[Parameters] = Form.of(fairness=settings.plan_fairness, most_givers=5, smallest_share=0.1)
        return await _list(pages, request, actor, form, after=after)

    @routes.post("/plans")
    async def ask(request: Request, actor: CurrentActor) -> Response:
        refuse_unless(actor, *PLANNERS)
        form = await parse_form(request, Parameters)
        if form.model is None:
            return await _list(pages, request, actor, form, status=422)
        reply = await _once(request, actor, form, asking(form.model))
        return redirect(request, reply.headers["Location"].replace("/matching/api/v1/allocations", "/matching/plans"))

    @routes.get("/plans/{plan_id}")
    async def plan(
        request: Request, actor: CurrentActor, plan_id: UUID, change: str | None = None, after: str | None = None
    ) -> Response:
        return await _show(pages, request, actor, plan_id, change=change, after=after)

    @routes.get("/plans/{plan_id}/progress")
    async def progress(request: Request, actor: CurrentActor, plan_id: UUID) -> Response:
        """How far it is; once it is over, the whole page is fetched anew."""
        found = await plan_for(request, actor, plan_id)
        response = pages.render(request, "plan_progress.html", plan=found, text=plan_texts.text)
        if found.is_over:
            response.headers["HX-Refresh"] = "true"
        return response

    @routes.post("/plans/{plan_id}/cancel")
    async def cancel(request: Request, actor: CurrentActor, plan_id: UUID) -> Response:
        refuse_unless(actor, *PLANNERS)
        form = await parse_form(request, NothingForm)
        try:
            await _once(request, actor, form, cancelling(plan_id))
        except Problem as problem:
            return await _show(pages, request, actor, plan_id, status=problem.status, warning=problem_in_words(problem))
        return redirect(request, f"/matching/plans/{plan_id}", _("Cancelled: nothing of it is kept."), "info")

    @routes.post("/plans/{plan_id}/insist")
    async def insist(request: Request, actor: CurrentActor, plan_id: UUID) -> Response:
        form = await parse_form(request, InsistForm)
        if form.model is None:
            return await _show(pages, request, actor, plan_id, status=422, insist_form=form)
        price = await priced(request, actor, plan_id, form.model.choice())
        return await _show(pages, request, actor, plan_id, insist_form=form, price=price)

    @routes.post("/plans/{plan_id}/propose")
    async def propose(request: Request, actor: CurrentActor, plan_id: UUID) -> Response:
        refuse_unless(actor, *PLANNERS)
        form = await parse_form(request, AdoptForm)
        if form.model is None or not (form.model.everything or form.model.positions):
            warning = _("Tick at least one line.")
            return await _show(pages, request, actor, plan_id, status=422, warning=warning)
        settings: MatchingSettings = request.app.state.settings
        positions = None if form.model.everything else form.model.positions
        try:
            reply = await _once(request, actor, form, adopting(plan_id, positions, settings))
        except Problem as problem:
            return await _show(pages, request, actor, plan_id, status=problem.status, warning=problem_in_words(problem))
        except Exception:
            # One transaction: whatever broke it, nothing of it is there. Who asked should read that, not guess.
            _logger.exception("plan.not_proposed", plan=str(plan_id))
            warning = _("Something went wrong: nothing was proposed and today's proposals are as they were. Try again.")
            return await _show(pages, request, actor, plan_id, status=500, warning=warning)
        return redirect(request, f"/matching/plans/{plan_id}", _done(AdoptedView.model_validate_json(reply.content())))

    @routes.get("/plans/{plan_id}/lines.csv")
    async def as_csv(request: Request, actor: CurrentActor, plan_id: UUID) -> Response:
        await plan_for(request, actor, plan_id)
        return spreadsheet.as_file(
            f"plan-{plan_id}", _COLUMNS, lambda after: lines_of(request, actor, plan_id, None, after, _MOST)
        )

    return routes


async def _list(
    pages: Pages, request: Request, actor: Actor, form: Form[Parameters], *, after: str | None = None, status: int = 200
) -> Response:
    found = await plans_page(request, actor, after, _PAGE)
    return pages.render(
        request,
        "plans.html",
        status=status,
        plans=found.items,
        form=form,
        fairness=_with(plan_texts.choices("fairness"), form.text("fairness")),
        shares=plan_texts.choices("smallest_share"),
        kinds=choices("kind"),
        policy_areas=choices("policy_area"),
        text=plan_texts.text,
        tone_of=plan_texts.tone,
        first="?" if after else None,
        next=f"?{urlencode({'after': found.next})}" if found.next else None,
    )


async def _show(
    pages: Pages,
    request: Request,
    actor: Actor,
    plan_id: UUID,
    *,
    change: str | None = None,
    after: str | None = None,
    status: int = 200,
    warning: str = "",
    insist_form: Form[InsistForm] | None = None,
    price: PriceView | None = None,
) -> Response:
    plan = await plan_for(request, actor, plan_id)
    known = change if change in plan_texts.TEXTS["change"] else None
    lines = await lines_of(request, actor, plan_id, known, after, _LINES)
    all_of_it = await lines_of(request, actor, plan_id, None, None, _MOST)
    asked = {"change": known} if known else {}
    return pages.render(
        request,
        "plan.html",
        status=status,
        plan=plan,
        lines=lines.items,
        change=known,
        needs=_named({f"{line.need_id}/{line.need_line}": line.need_title for line in all_of_it.items}),
        offers=_named(
            {f"{line.offer_id}/{line.offer_line}": f"{line.offer_title} ({line.giver})" for line in all_of_it.items}
        ),
        warning=warning,
        insist_form=insist_form or Form.of(),
        price=price,
        text=plan_texts.text,
        tone_of=plan_texts.tone,
        first=f"?{urlencode(asked)}" if after else None,
        next=f"?{urlencode(asked | {'after': lines.next})}" if lines.next else None,
    )


async def _once(request: Request, actor: Actor, form: Form[Any], work: Work) -> Reply:
    """Once per form."""
    units, model = units_of(request), form.model
    if form.idempotency_key is None or model is None:
        return await units.run(scope_of(actor), work)
    print_ = fingerprint(request.url.path, model.model_dump_json())
    return await once(units, scope_of(actor), form.idempotency_key, print_, work)


def _named(found: dict[str, str]) -> list[tuple[str, str]]:
    return sorted(found.items(), key=lambda one: one[1].casefold())


def _with(found: list[tuple[str, str]], chosen: str) -> list[tuple[str, str]]:
    """The choices and, where the installation has set another one, that one."""
    return found if not chosen or any(code == chosen for code, _words in found) else [*found, (chosen, chosen)]


def _done(adopted: AdoptedView) -> str:
    """What became of it, in a sentence or two."""
    said = ngettext("%(num)s proposal was made.", "%(num)s proposals were made.", len(adopted.proposed))
    sentences = [said % {"num": len(adopted.proposed)}]
    for code in dict.fromkeys(adopted.left_out.values()):
        count = sum(one == code for one in adopted.left_out.values())
        sentences.append(f"{plan_texts.text('not_proposed', code)}: {count}.")
    if adopted.more:
        sentences.append(_("There are more: propose again."))
    return " ".join(sentences)


_COLUMNS: dict[str, Callable[[LineView], object]] = {
    "change": lambda line: line.change,
    "need": lambda line: line.need_title,
    "need_id": lambda line: line.need_id,
    "need_line": lambda line: line.need_line,
    "department": lambda line: line.department,
    "policy_area": lambda line: line.policy_area,
    "nil": lambda line: line.nil,
    "offer": lambda line: line.offer_title,
    "offer_id": lambda line: line.offer_id,
    "offer_line": lambda line: line.offer_line,
    "giver": lambda line: line.giver,
    "kind": lambda line: line.kind,
    "unit": lambda line: line.unit,
    "asked": lambda line: line.asked,
    "quantity": lambda line: line.quantity,
    "today": lambda line: line.today,
    "score": lambda line: line.score,
    "reasons_it": lambda line: "; ".join(reason.text_it for reason in line.reasons),
    "reasons_en": lambda line: "; ".join(reason.text_en for reason in line.reasons),
}
