"""The list of proposals: what is looked for, page by page and as a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from fastapi import APIRouter, Request
from fastapi.responses import Response

from chassis.auth import Actor, CurrentActor
from chassis.auth.dependencies import refuse_unless
from chassis.service import units_of
from chassis.web.flash import redirect
from chassis.web.forms import Form
from chassis.web.i18n import gettext as _
from chassis.web.pages import Pages
from chassis.web.vocabulary import choices, label
from contracts.neighbourhoods import NEIGHBOURHOODS
from services.matching.access import READERS, reach_of
from services.matching.api import due_by, matches_page, position, scope_of
from services.matching.pages import spreadsheet, texts
from services.matching.pages.asked import POSTPONED, SORTS, STATES, Asked
from services.matching.pages.forms import SeveralForm
from services.matching.pages.showing import answerable, awaited_of
from services.matching.store.listing import COUNTED
from services.matching.views import MatchView

_AT_ONCE = 200


def add(routes: APIRouter, pages: Pages) -> None:
    """Adds ``/matching/proposals`` and the same as a file."""

    @routes.get("/proposals")
    async def proposals(request: Request, actor: CurrentActor) -> Response:
        return await show(pages, request, actor, Asked.of(request.query_params))

    @routes.get("/proposals.csv")
    async def as_csv(request: Request, actor: CurrentActor) -> Response:
        refuse_unless(actor, *READERS)
        wanted = replace(Asked.of(request.query_params).wanted(request, actor), limit=_AT_ONCE)
        return spreadsheet.as_file(
            "proposals",
            _COLUMNS,
            lambda after: matches_page(request, actor, replace(wanted, after=position(after, wanted.sort))),
        )


async def show(
    pages: Pages,
    request: Request,
    actor: Actor,
    asked: Asked,
    *,
    answer: Form[SeveralForm] | None = None,
    status: int = 200,
) -> Response:
    """The page; ``answer`` is the one to several, sent back with what is wrong with it, as it was typed."""
    refuse_unless(actor, *READERS)
    wanted = asked.wanted(request, actor)
    found = await matches_page(request, actor, replace(wanted, after=position(asked.after, asked.sort)))
    if asked.first and not found.items:
        # All that followed has been answered. What somebody typed is not lost for it.
        if answer is None:
            return redirect(request, asked.first)
        return await show(pages, request, actor, replace(asked, after=None), answer=answer, status=status)
    async with units_of(request).reading() as store:
        count = await store.overview.count(scope_of(actor), reach_of(actor), wanted)
    return pages.render(
        request,
        "proposals.html",
        status=status,
        matches=found.items,
        count=min(count, COUNTED),
        many=count > COUNTED,
        asked=asked,
        own={match.match_id: awaited_of(actor, match) for match in found.items},
        selectable=answerable(actor, found.items),
        now=units_of(request).clock(),
        form=asked.form(),
        states=[
            ("all", _("All")),
            *((code, label("match_state", code)) for code in STATES),
            (POSTPONED, _("Put off")),
        ],
        policy_areas=choices("policy_area"),
        kinds=choices("kind"),
        neighbourhoods=sorted(((str(one.number), one.name) for one in NEIGHBOURHOODS.values()), key=lambda o: o[1]),
        days=[(str(days), _("within %(num)s days", num=days)) for days in (7, 14, 30, 60, 90)],
        sorts=[(code, texts.text("sort", code)) for code in SORTS],
        answer=(answer or Form.of(until=due_by(request, 7), act="postpone")).called("several"),
        labels=dict(texts.choices("answer")),
        manages=actor.has("account_manager"),
        channels=texts.choices("channel", "own"),
        decline_reasons=texts.choices("decline_reason"),
        next=asked.next(found.next),
    )


_COLUMNS: dict[str, Callable[[MatchView], object]] = {
    "match_id": lambda match: match.match_id,
    "state": lambda match: match.state,
    "need": lambda match: match.need_title,
    "need_id": lambda match: match.need_id,
    "department": lambda match: match.department,
    "policy_area": lambda match: match.policy_area,
    "givers": lambda match: "; ".join(one.name for one in match.parties if one.role == "giver"),
    "brings": lambda match: "; ".join(
        f"{one.capability or one.kind}: {'' if one.quantity is None else one.quantity} {one.unit}"
        for one in match.allocations
    ),
    "score": lambda match: round(match.score, 4),
    "needed_by": lambda match: match.due_on,
    "proposed_at": lambda match: match.proposed_at.isoformat(timespec="seconds"),
    "open_until": lambda match: match.expires_at.isoformat(timespec="seconds"),
    "put_off_until": lambda match: match.postponed_until and match.postponed_until.isoformat(timespec="seconds"),
    "awaited": lambda match: "; ".join(one.name for one in match.parties if one.consent == "pending"),
}
