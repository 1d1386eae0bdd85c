"""HTTP: the inbox, its live stream, and the stories of cases."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel, Field

from chassis.auth import Actor, require
from chassis.http.commands import Reply, command
from chassis.http.documented import problems
from chassis.http.etag import etag
from chassis.http.paging import After, Limit, encode
from chassis.scope import Scope
from chassis.service import units_of
from chassis.unit import Unit
from services.notifications import shapes
from services.notifications.access import READERS, reader_of
from services.notifications.domain.handling import Command, Reader
from services.notifications.handlers import inbox, reading
from services.notifications.live import Live
from services.notifications.store import Store

REFUSED = problems(400, 401, 403, 404, 409, 412, 422)
router = APIRouter(prefix="/notifications/api/v1", tags=["notifications"], responses=REFUSED)
Someone = Annotated[Actor, Depends(require(*READERS))]
InboxState = Literal["open", "snoozed", "done"]
CaseState = Literal["open", "withdrawn", "expired", "fulfilled"]


class Snooze(BaseModel):
    """Out of sight until then; with its UTC offset."""

    until: AwareDatetime


class Several(BaseModel):
    """Items by id."""

    items: list[UUID] = Field(min_length=1, max_length=200)


@router.get("/inbox")
async def show_inbox(
    request: Request,
    actor: Someone,
    state: InboxState = "open",
    kind: Annotated[str | None, Query(max_length=64)] = None,
    after: After = None,
    limit: Limit = 50,
) -> shapes.InboxShape:
    """What there is to do: the reader's own items, those of colleagues they cover for, and their queues."""
    units, reader = units_of(request), reader_of(actor)
    now = units.clock()
    async with units.reading() as store:
        page = await reading.inbox_page(store, reader, state, kind, now, after, limit)
        counts = await store.inbox.counts(reader, now)
    return shapes.InboxShape(
        items=[shapes.item(one, reader) for one in page.items],
        next=encode(*page.next) if page.next else None,
        counts=shapes.counts(counts),
    )


@router.get("/inbox/counts")
async def count_inbox(request: Request, actor: Someone) -> shapes.CountsShape:
    """How many items are open, urgent, overdue and snoozed, in all and by kind."""
    units = units_of(request)
    async with units.reading() as store:
        return shapes.counts(await store.inbox.counts(reader_of(actor), units.clock()))


@router.get("/inbox/stream", response_class=StreamingResponse)
async def stream_inbox(request: Request, actor: Someone) -> StreamingResponse:
    """Server-sent events: ``event: inbox`` with ``{open, urgent, item}`` whenever something of the reader's changes."""
    live: Live = request.app.state.live
    lines = live.stream(units_of(request), reader_of(actor), request.headers.get("last-event-id"))
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(lines, media_type="text/event-stream", headers=headers)


@router.get("/inbox/{item_id}")
async def show_item(request: Request, response: Response, actor: Someone, item_id: UUID) -> shapes.ItemShape:
    """One item, with its ETag."""
    units, reader = units_of(request), reader_of(actor)
    async with units.reading() as store:
        found = await _one(store, reader, item_id, units.clock())
    response.headers["ETag"] = etag(found.version)
    return found


@router.post("/inbox/done", response_model=shapes.DoneShape)
async def finish_several(request: Request, actor: Someone, several: Several) -> Response:
    """Marks items done, all at once; those that are not the reader's are left."""
    reader = reader_of(actor)

    async def work(unit: Unit[Store]) -> Reply:
        return Reply(200, shapes.DoneShape(done=await inbox.finish(unit, reader, several.items)))

    return await command(request, units_of(request), Scope(actor.city, actor.subject), work)


@router.post("/inbox/{item_id}/done", response_model=shapes.ItemShape)
async def mark_done(request: Request, actor: Someone, item_id: UUID) -> Response:
    """Done by a person, before or instead of the event that would settle it."""
    return await _handle(request, actor, item_id, "done")


@router.post("/inbox/{item_id}/undo", response_model=shapes.ItemShape)
async def undo(request: Request, actor: Someone, item_id: UUID) -> Response:
    """Takes back a done or a snooze. 409 when events have settled the item."""
    return await _handle(request, actor, item_id, "undo")


@router.post("/inbox/{item_id}/take", response_model=shapes.ItemShape)
async def take(request: Request, actor: Someone, item_id: UUID) -> Response:
    """Claims an item of a queue: from now on only the reader (and who covers for them) sees it."""
    return await _handle(request, actor, item_id, "take")


@router.post("/inbox/{item_id}/give-back", response_model=shapes.ItemShape)
async def give_back(request: Request, actor: Someone, item_id: UUID) -> Response:
    """Puts a taken item back where it was."""
    return await _handle(request, actor, item_id, "give_back")


@router.post("/inbox/{item_id}/snooze", response_model=shapes.ItemShape)
async def snooze(request: Request, actor: Someone, item_id: UUID, body: Snooze) -> Response:
    """Out of sight until a time in the future, at most a year ahead."""
    return await _handle(request, actor, item_id, "snooze", body.until)


async def _handle(
    request: Request, actor: Actor, item_id: UUID, name: Command, until: datetime | None = None
) -> Response:
    reader = reader_of(actor)

    async def work(unit: Unit[Store]) -> Reply:
        await inbox.handle(unit, reader, item_id, name, until)
        shape = await _one(unit.store, reader, item_id, unit.now)
        return Reply(200, shape, {"ETag": etag(shape.version)})

    return await command(request, units_of(request), Scope(actor.city, actor.subject), work)


async def _one(store: Store, reader: Reader, item_id: UUID, now: datetime) -> shapes.ItemShape:
    row = await store.inbox.one(reader, item_id, now)
    if row is None:
        raise inbox.no_such_item()
    [found] = await reading.items(store, reader, [row], now)
    return shapes.item(found, reader)


@router.get("/cases")
async def search_cases(
    request: Request,
    actor: Someone,
    q: Annotated[str | None, Query(max_length=200, description="Part of the title")] = None,
    department: Annotated[str | None, Query(max_length=64)] = None,
    state: CaseState | None = None,
    after: After = None,
    limit: Limit = 50,
) -> shapes.CasesShape:
    """Cases the reader may see, the one that moved last first."""
    reader = reader_of(actor)
    async with units_of(request).reading() as store:
        rows, following = await reading.case_page(store, reader, q, department, state, after, limit)
    return shapes.CasesShape(
        items=[shapes.case(row, reader) for row in rows], next=encode(*following) if following else None
    )


@router.get("/cases/{correlation_id}")
async def tell_case(
    request: Request, actor: Someone, correlation_id: UUID, after: After = None, limit: Limit = 200
) -> shapes.StoryShape:
    """The whole story of a case, event by event: as much of it as the reader may see."""
    reader = reader_of(actor)
    async with units_of(request).reading() as store:
        story = await reading.story(store, reader, correlation_id, after, limit)
    return shapes.story(story, reader, correlation_id, limit)
