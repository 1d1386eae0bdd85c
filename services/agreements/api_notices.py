"""Public notices over HTTP: made by the Legal Office, read by everybody as JSON and as an Atom feed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from chassis.auth import Actor, CurrentActor
from chassis.http.commands import Reply, command
from chassis.http.etag import optional_version
from chassis.http.paging import After, Limit, Page, decode, page
from chassis.http.problem import not_found
from chassis.scope import Scope
from chassis.service import units_of
from chassis.web.i18n import current_language
from chassis.web.i18n import gettext as _
from contracts.values import Slug
from services.agreements.api import DOCUMENTED, LoggedIn, answer_change, desk_of, scope_of
from services.agreements.api_register import FEED_SIZE, KNOWN, address_of
from services.agreements.domain.publication import (
    OMITTED,
    OMITTED_REASON,
    CorrectNotice,
    Notice,
    NoticeWords,
    PublishNotice,
    WithdrawNotice,
    notice_rules,
)
from services.agreements.domain.rules import Bilingual
from services.agreements.handlers import publishing
from services.agreements.handlers.desk import AgreementsUnit, Desk, city_day, instrument_of
from services.agreements.problems import refusals_as_problems
from services.agreements.publication.caching import cacheable
from services.agreements.publication.feed import MEDIA_TYPE, Feed, Item, atom
from services.agreements.store import Store
from services.agreements.views import AgreementView

router = APIRouter(prefix="/agreements/api/v1", tags=["notices"], responses=DOCUMENTED)
Newest = Annotated[int, Query(ge=1, le=200)]


class NoticeView(BaseModel):
    """A notice as everybody sees it. `open` while its waiting period runs; words hidden since are omitted."""

    notice_id: UUID
    instrument: str
    state: Literal["published", "corrected", "withdrawn"]
    open: bool
    published_on: date
    until: date
    title: Bilingual
    text: Bilingual
    write_to: str
    link: str | None
    replaces: UUID | None
    reason: str | None
    omitted: bool
    changed_at: datetime


def _view(notice: Notice, today: date, hidden_since: datetime | None) -> NoticeView:
    """What was hidden since the notice was made takes its words along; what was hidden before, they never held."""
    omitted = hidden_since is not None and hidden_since > notice.made_at
    return NoticeView(
        **notice.model_dump(include={"notice_id", "instrument", "state", "published_on", "until", "replaces"}),
        link=None if omitted else notice.link,
        reason=OMITTED_REASON if omitted and notice.reason else notice.reason,
        open=notice.state == "published" and today < notice.until,
        title=OMITTED if omitted else notice.words.title,
        text=OMITTED if omitted else notice.words.text,
        write_to=notice.words.write_to,
        omitted=omitted,
        changed_at=max(notice.changed_at, hidden_since or notice.changed_at),
    )


async def notice_views(store: Store, scope: Scope, notices: list[Notice], today: date) -> list[NoticeView]:
    """The public view of some notices."""
    hidden = await store.redactions.since(scope, [one.agreement_id for one in notices])
    return [_view(one, today, hidden.get(one.agreement_id)) for one in notices]


@router.get("/notices", response_model=Page[NoticeView], responses=KNOWN)
async def list_notices(request: Request, actor: CurrentActor, after: After = None, limit: Limit = 50) -> Response:
    """Public notices, newest first; corrected and withdrawn ones are marked, never taken out."""
    units, scope = units_of(request), scope_of(actor)
    start, today = decode(after, date.fromisoformat, UUID), city_day(units.clock())
    async with units.reading() as store:
        notices = await store.notices.public(scope, today, start, limit)
        views = await notice_views(store, scope, notices, today)
    found = page(views, limit, lambda one: (one.published_on, one.notice_id))
    return cacheable(request, found.model_dump_json().encode(), "application/json", _changed(found.items))


@router.get("/notices.atom", response_class=Response, responses=KNOWN)
async def notice_feed(request: Request, actor: CurrentActor, after: After = None) -> Response:
    """Public notices as an Atom feed."""
    units, scope = units_of(request), scope_of(actor)
    start, today = decode(after, date.fromisoformat, UUID), city_day(units.clock())
    async with units.reading() as store:
        notices = await store.notices.public(scope, today, start, FEED_SIZE)
        views = await notice_views(store, scope, notices, today)
    found = page(views, FEED_SIZE, lambda one: (one.published_on, one.notice_id))
    here, language = "/agreements/api/v1/notices.atom", current_language()
    feed = Feed(
        name=f"{scope.city}:notices",
        title=_("Public notices"),
        author=desk_of(request).city_name(scope.city),
        language=language,
        page=address_of(request, "/agreements/notices"),
        itself=address_of(request, here, after=after),
        first=address_of(request, here),
        previous=None,
        next=address_of(request, here, after=found.next) if found.next else None,
        items=[_item(request, one, language) for one in found.items],
    )
    return cacheable(request, atom(feed), MEDIA_TYPE, _changed(found.items))


@router.get("/notices/{notice_id}", response_model=NoticeView, responses=KNOWN)
async def get_notice(request: Request, actor: CurrentActor, notice_id: UUID) -> Response:
    """One public notice."""
    units = units_of(request)
    async with units.reading() as store:
        view = await public_notice(store, scope_of(actor), notice_id, city_day(units.clock()))
    return cacheable(request, view.model_dump_json().encode(), "application/json", view.changed_at)


async def public_notice(store: Store, scope: Scope, notice_id: UUID, today: date) -> NoticeView:
    """The public view of a notice whose day has come. Raises a 404 problem."""
    notice = await store.notices.one(scope, notice_id)
    if notice is None or notice.published_on > today:
        raise not_found("Avviso non trovato.", "There is no such notice.")
    return (await notice_views(store, scope, [notice], today))[0]


class NoticeDraft(BaseModel):
    """The words a notice would have (none when the instrument asks for none), and the notices of the file so far."""

    words: NoticeWords | None
    notices: tuple[Notice, ...]


@router.get("/agreements/{agreement_id}/notice", response_model=NoticeDraft)
async def draft_notice(request: Request, actor: LoggedIn, agreement_id: UUID, term: Slug | None = None) -> Response:
    """What a notice of this file would say, to be edited before it is published."""
    desk = desk_of(request)

    async def work(unit: AgreementsUnit) -> NoticeDraft:
        with refusals_as_problems():
            return await drafted(unit, actor, agreement_id, desk, term)

    return Reply(200, await units_of(request).run(scope_of(actor), work)).response()


async def drafted(
    unit: AgreementsUnit, actor: Actor, agreement_id: UUID, desk: Desk, term: str | None = None
) -> NoticeDraft:
    """The draft of a notice for `term`, for whoever may make one. Raises Unknown, NotAllowed or NotPossible."""
    file = publishing.readable(actor, await unit.store.files.read(unit.scope, agreement_id))
    asked = notice_rules(await instrument_of(unit, file))
    words = await publishing.made_words(unit, file, PublishNotice(term=term), desk) if asked or term else None
    return NoticeDraft(words=words, notices=tuple(await unit.store.notices.of_agreement(unit.scope, agreement_id)))


@router.post("/agreements/{agreement_id}/notice", response_model=AgreementView, status_code=201)
async def publish_notice(
    request: Request, actor: LoggedIn, agreement_id: UUID, body: PublishNotice | None = None
) -> Response:
    """Publishes the notice that the instrument's waiting period counts from; words left out come from the file."""
    expected, desk, wanted = optional_version(request), desk_of(request), body or PublishNotice()
    return await answer_change(
        request,
        actor,
        lambda unit: publishing.publish_notice(unit, actor, agreement_id, wanted, desk, expected),
        201,
    )


@router.post("/notices/{notice_id}/correct", response_model=Notice, status_code=201)
async def correct_notice(request: Request, actor: LoggedIn, notice_id: UUID, body: CorrectNotice) -> Response:
    """Replaces a notice by another; both stay visible, and the waiting period starts anew."""
    desk = desk_of(request)

    async def work(unit: AgreementsUnit) -> Reply:
        with refusals_as_problems():
            return _noticed(201, await publishing.correct_notice(unit, actor, notice_id, body, desk))

    return await command(request, units_of(request), scope_of(actor), work, again=_again)


@router.post("/notices/{notice_id}/withdraw", response_model=Notice)
async def withdraw_notice(request: Request, actor: LoggedIn, notice_id: UUID, body: WithdrawNotice) -> Response:
    """Withdraws a notice; it stays visible as withdrawn."""

    async def work(unit: AgreementsUnit) -> Reply:
        with refusals_as_problems():
            return _noticed(200, await publishing.withdraw_notice(unit, actor, notice_id, body))

    return await command(request, units_of(request), scope_of(actor), work, again=_again)


def _noticed(status: int, notice: Notice) -> Reply:
    """The words may be erased, so they are not kept a second time for repeats."""
    return Reply(status, notice, reference={"notice_id": str(notice.notice_id)})


async def _again(unit: AgreementsUnit, reference: dict[str, str]) -> Notice:
    notice = await unit.store.notices.one(unit.scope, UUID(reference["notice_id"]))
    if notice is None:
        raise not_found("Avviso non trovato.", "There is no such notice.")
    return notice


def _changed(views: list[NoticeView]) -> datetime | None:
    return max((one.changed_at for one in views), default=None)


def _item(request: Request, view: NoticeView, language: str) -> Item:
    marks = {"corrected": _("Corrected by another notice"), "withdrawn": _("Withdrawn")}
    mark = f"[{marks[view.state]}] " if view.state in marks else ""
    return Item(
        id=view.notice_id.urn,
        title=mark + view.title.in_(language),
        address=address_of(request, f"/agreements/notices/{view.notice_id}"),
        updated=view.changed_at,
        published=datetime.combine(view.published_on, time(), UTC),
        summary=view.text.in_(language),
        categories=(view.instrument,),
    )
