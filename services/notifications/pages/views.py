"""The inbox, the stories of cases, and the forms of the inbox. All of it works without scripts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, time, timedelta
from itertools import groupby
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from chassis.auth import Actor, require
from chassis.http.commands import Reply, fingerprint, once
from chassis.http.paging import After, encode
from chassis.http.problem import Problem
from chassis.scope import Scope
from chassis.service import units_of
from chassis.unit import Unit
from chassis.web.flash import redirect
from chassis.web.formats import CITY_TIME
from chassis.web.forms import Form, parse_form
from chassis.web.i18n import gettext as _
from chassis.web.i18n import ngettext
from chassis.web.pages import Pages
from services.notifications import shapes, wording
from services.notifications.access import READERS, reader_of
from services.notifications.api import CaseState, InboxState
from services.notifications.domain.handling import Command
from services.notifications.domain.kinds import Urgency
from services.notifications.handlers import inbox, reading
from services.notifications.pages.shown import ShownEntry, ShownItem
from services.notifications.store import Store

Someone = Annotated[Actor, Depends(require(*READERS))]
Kind = Annotated[str | None, Query(max_length=64)]
PAGE = 50
_MORNING = time(7, 30, tzinfo=CITY_TIME)


class Filters(BaseModel):
    """Where the reader was, carried by every form so that they come back to it."""

    state: InboxState = "open"
    kind: str | None = None

    @property
    def address(self) -> str:
        asked = {"state": self.state if self.state != "open" else None, "kind": self.kind}
        query = urlencode({name: value for name, value in asked.items() if value})
        return "/notifications/inbox" + (f"?{query}" if query else "")


class OneForm(Filters):
    """A button on one item."""


class SeveralForm(Filters):
    """Ticked items."""

    items: list[UUID] = []


class SnoozeForm(Filters):
    days: Annotated[int, Field(ge=1, le=30)] = 1


def router(pages: Pages) -> APIRouter:
    """The service's pages."""
    routes = pages.router(prefix="/notifications")

    @routes.get("/inbox")
    async def show_inbox(
        request: Request, actor: Someone, state: InboxState = "open", kind: Kind = None, after: After = None
    ) -> Response:
        return pages.render(request, "inbox.html", **await _inbox(request, actor, state, kind, after))

    @routes.get("/inbox/items")
    async def show_items(
        request: Request, actor: Someone, state: InboxState = "open", kind: Kind = None, after: After = None
    ) -> Response:
        return pages.render(request, "items.html", **await _inbox(request, actor, state, kind, after))

    @routes.post("/inbox/done")
    async def finish(request: Request, actor: Someone) -> Response:
        form = await parse_form(request, SeveralForm)
        if form.model is None or not form.model.items:
            back = form.model.address if form.model else Filters().address
            return redirect(request, back, _("Tick the items that are done first."), "info")
        ticked = form.model.items

        async def work(unit: Unit[Store]) -> Reply:
            return Reply(200, {"done": await inbox.finish(unit, reader_of(actor), ticked)})

        await _once(request, actor, form, work)
        message = ngettext("%(num)s item is done.", "%(num)s items are done.", len(ticked))
        return redirect(request, form.model.address, message)

    @routes.post("/inbox/{item_id}/snooze")
    async def snooze(request: Request, actor: Someone, item_id: UUID) -> Response:
        form = await parse_form(request, SnoozeForm)
        days = form.model.days if form.model else 1
        until = _morning_in(days, units_of(request).clock())
        return await _handle(request, actor, item_id, "snooze", form, _("Put off. It comes back by itself."), until)

    @routes.post("/inbox/{item_id}/{name}")
    async def handle(
        request: Request, actor: Someone, item_id: UUID, name: Literal["done", "undo", "take", "give_back"]
    ) -> Response:
        said = {
            "done": _("Done. You can take it back under “Done”."),
            "undo": _("It is back among the things to do."),
            "take": _("It is yours now."),
            "give_back": _("It is back in the queue."),
        }
        return await _handle(request, actor, item_id, name, await parse_form(request, OneForm), said[name])

    @routes.get("/cases")
    async def search(
        request: Request,
        actor: Someone,
        q: Annotated[str | None, Query(max_length=200)] = None,
        department: Annotated[str | None, Query(max_length=64)] = None,
        state: CaseState | Literal[""] | None = None,
        after: After = None,
    ) -> Response:
        reader = reader_of(actor)
        query = {name: value for name, value in {"q": q, "department": department, "state": state}.items() if value}
        async with units_of(request).reading() as store:
            rows, following = await reading.case_page(
                store, reader, q or None, department or None, state or None, after, PAGE
            )
            departments = await store.cases.departments(reader)
        return pages.render(
            request,
            "cases.html",
            form=Form.of(**query),
            cases=[shapes.case(row, reader) for row in rows],
            departments=[(code, wording.department(code)) for code in departments],
            first=f"/notifications/cases?{urlencode(query)}" if after else None,
            next=f"/notifications/cases?{urlencode({**query, 'after': encode(*following)})}" if following else None,
            department_name=wording.department,
        )

    @routes.get("/cases/{thread}")
    async def tell(request: Request, actor: Someone, thread: UUID, after: After = None) -> Response:
        reader = reader_of(actor)
        async with units_of(request).reading() as store:
            story = await reading.story(store, reader, thread, after, 200)
        told = shapes.story(story, reader, thread, 200)
        entries = [ShownEntry.of(row, story.names) for row in story.entries[:200]]
        return pages.render(
            request,
            "case.html",
            case=told.case,
            thread=thread,
            runs=[list(run) for _of, run in groupby(entries, key=lambda one: one.of_organisation)],
            agreement=_only(one.ids.get("agreement_id") for one in entries),
            plan=_only(one.ids.get("plan_id") for one in entries),
            first=f"/notifications/cases/{thread}" if after else None,
            next=f"/notifications/cases/{thread}?{urlencode({'after': told.next})}" if told.next else None,
            department_name=wording.department,
        )

    return routes


async def _inbox(
    request: Request, actor: Actor, state: InboxState, kind: str | None, after: str | None
) -> dict[str, Any]:
    units, reader = units_of(request), reader_of(actor)
    kind = kind if kind in wording.KIND else None
    now = units.clock()
    async with units.reading() as store:
        page = await reading.inbox_page(store, reader, state, kind, now, after, PAGE)
        counts = shapes.counts(await store.inbox.counts(reader, now))
    filters = Filters(state=state, kind=kind)
    shown = [ShownItem.of(one, reader, now) for one in page.items]
    following = encode(*page.next) if page.next else None
    return {
        "groups": _groups(shown, state),
        "counts": counts,
        "kinds": [(code, _(wording.KIND[code]), count) for code, count in counts.by_kind.items()],
        "filters": filters,
        "tabs": [(one, Filters(state=one, kind=kind).address) for one in ("open", "snoozed", "done")],
        "kind_address": lambda code: Filters(state=state, kind=code).address,
        "partial": _and(filters.address.replace("/inbox", "/inbox/items", 1), after),
        "first": filters.address if after else None,
        "next": _and(filters.address, following) if following else None,
    }


def _only(ids: Iterable[str | None]) -> str | None:
    """The one that all name; None when there is none or several, of which no link is the right one."""
    found = {one for one in ids if one}
    return found.pop() if len(found) == 1 else None


def _groups(shown: list[ShownItem], state: InboxState) -> list[tuple[str | None, list[ShownItem]]]:
    """By urgency while there is something to do."""
    if state == "done":
        return [(None, shown)] if shown else []
    return [(Urgency(rank).code, list(group)) for rank, group in groupby(shown, key=lambda one: one.rank)]


def _and(address: str, after: str | None) -> str:
    if not after:
        return address
    return f"{address}{'&' if '?' in address else '?'}{urlencode({'after': after})}"


def _morning_in(days: int, now: datetime) -> datetime:
    """The morning of the day that many days ahead, in the city's time."""
    day = (now.astimezone(CITY_TIME) + timedelta(days=days)).date()
    return datetime.combine(day, _MORNING)


async def _handle(
    request: Request,
    actor: Actor,
    item_id: UUID,
    name: Command,
    form: Form[Any],
    said: str,
    until: datetime | None = None,
) -> Response:
    back = form.model.address if form.model else Filters().address

    async def work(unit: Unit[Store]) -> Reply:
        await inbox.handle(unit, reader_of(actor), item_id, name, until)
        return Reply(204)

    try:
        await _once(request, actor, form, work)
    except Problem as problem:
        if problem.status not in (404, 409):
            raise
        # Somebody else, or what happened meanwhile, was quicker: the fresh list says what is left.
        return redirect(
            request, back, _("That item has changed in the meantime: this is how things stand now."), "info"
        )
    return redirect(request, back, said)


async def _once(
    request: Request, actor: Actor, form: Form[Any], work: Callable[[Unit[Store]], Awaitable[Reply]]
) -> None:
    units, scope = units_of(request), Scope(actor.city, actor.subject)
    if form.idempotency_key is None:
        await units.run(scope, work)
        return
    print_ = fingerprint(request.url.path, repr(sorted(form.values.items())))
    await once(units, scope, form.idempotency_key, print_, work)
