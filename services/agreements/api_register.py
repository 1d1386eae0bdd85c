"""The public register over HTTP: JSON, Atom and CSV; what of it is hidden; its daily documents."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import date, datetime
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID, uuid5

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from chassis.auth import Actor, CurrentActor, require
from chassis.http.commands import Reply, command
from chassis.http.paging import After, Limit, Page, decode, encode, page, small
from chassis.http.problem import not_found
from chassis.scope import Scope
from chassis.service import units_of
from chassis.unit import Units
from chassis.web.i18n import current_language
from chassis.web.i18n import gettext as _
from chassis.web.vocabulary import label
from contracts.values import Slug
from services.agreements.api import DOCUMENTED, NO_NUL, LoggedIn, desk_of, scope_of
from services.agreements.domain.days import RegisterDay
from services.agreements.domain.redaction import Erase, Hide, Redaction, Show
from services.agreements.domain.register import Disclosure, Entry
from services.agreements.handlers import hiding
from services.agreements.handlers.desk import AgreementsUnit
from services.agreements.made_once import MadeOnce, Text, fingerprint
from services.agreements.problems import refusals_as_problems
from services.agreements.publication.amendments import PublicAmendment, what_changed
from services.agreements.publication.caching import cacheable, conditional
from services.agreements.publication.entries import RegisterView, register_line
from services.agreements.publication.feed import MEDIA_TYPE, Feed, Item, atom
from services.agreements.publication.tables import COLUMNS, csv_text, row
from services.agreements.store import Store
from services.agreements.store.public import Sought

FEED_SIZE = 25
_AT_ONCE = 100
KNOWN: dict[int | str, dict[str, Any]] = {304: {"description": "The client has it already"}}
router = APIRouter(prefix="/agreements/api/v1", tags=["register"], responses=DOCUMENTED)
Archivist = Annotated[Actor, Depends(require("legal", "operations"))]
Words = Annotated[str | None, Query(max_length=100, pattern=NO_NUL, description="number, subject or party")]
Year = Annotated[int | None, Query(ge=1900, le=2999)]
Before = Annotated[str | None, Query(max_length=500, description="`previous` of the next page")]


def sought(q: Words = None, year: Year = None, instrument: Slug | None = None, area: Slug | None = None) -> Sought:
    """What the register is narrowed to."""
    return Sought((q or "").strip() or None, year, (instrument,) if instrument else None, area)


Wished = Annotated[Sought, Depends(sought)]


class PublicAct(BaseModel):
    """One entry of the register about an agreement, with what is needed to recompute it.

    `hash` is the SHA-256 of the entry's canonical JSON (all other fields of it, keys sorted, no spaces);
    a commitment is the SHA-256 of salt, line feed and words.
    """

    entry: Entry
    disclosed: tuple[Disclosure, ...]


class RegisterEntryView(RegisterView):
    """One agreement with everything that the register says of it."""

    acts: tuple[PublicAct, ...]


def position_of(line: RegisterView) -> tuple[int, ...]:
    """Year and number: where a line stands in the list."""
    return tuple(int(part) for part in line.protocol.split("/"))


def asked(wished: Sought) -> dict[str, Any]:
    """The search as an address says it; what was not asked for is left out."""
    instrument = wished.instruments[0] if wished.instruments else None
    found = {"q": wished.words, "year": wished.year, "instrument": instrument, "area": wished.area}
    return {name: value for name, value in found.items() if value}


def address_of(request: Request, path: str, **query: Any) -> str:
    """An absolute address of this site."""
    kept = urlencode({name: value for name, value in query.items() if value})
    public: str = request.app.state.settings.public_url.rstrip("/")
    return public + path + (f"?{kept}" if kept else "")


@router.get("/register", response_model=Page[RegisterView], responses=KNOWN)
async def list_register(
    request: Request, actor: CurrentActor, wished: Wished, after: After = None, limit: Limit = 50
) -> Response:
    """The public register of signed agreements, newest first."""
    scope, start = scope_of(actor), decode(after, small, small)
    async with units_of(request).reading() as store:
        rows = await store.public.search(scope, wished, limit, start)
        changed_at = await store.public.changed_at(scope)
    lines = page([register_line(one) for one in rows], limit, position_of)
    return cacheable(request, lines.model_dump_json().encode(), "application/json", changed_at)


@router.get("/register.atom", response_class=Response, responses=KNOWN)
async def register_feed(
    request: Request, actor: CurrentActor, wished: Wished, after: After = None, before: Before = None
) -> Response:
    """The register as an Atom feed, 25 entries a page; `first`, `previous` and `next` lead from page to page.

    An amendment or renewal in force is an entry of its own, under its own number.
    """
    scope = scope_of(actor)
    start, end = decode(after, small, small), decode(before, small, small)
    async with units_of(request).reading() as store:
        rows = await store.public.search(scope, wished, FEED_SIZE, start, end, amended=True)
        changed_at = await store.public.changed_at(scope)
    more = len(rows) > FEED_SIZE
    lines = [register_line(one) for one in (rows[-FEED_SIZE:] if end else rows[:FEED_SIZE])]
    is_first, is_last = (not more, False) if end else (start is None, not more)
    names = asked(wished)
    here = "/agreements/api/v1/register.atom"
    feed = Feed(
        name=f"{scope.city}:register",
        title=_("Register of agreements"),
        author=desk_of(request).city_name(scope.city),
        language=current_language(),
        page=address_of(request, "/agreements/register", **names),
        itself=address_of(request, here, **names, after=after, before=before),
        first=address_of(request, here, **names),
        previous=None if is_first or not lines else address_of(request, here, **names, before=_cursor(lines[0])),
        next=None if is_last or not lines else address_of(request, here, **names, after=_cursor(lines[-1])),
        items=[_item(request, line) for line in lines],
    )
    return cacheable(request, atom(feed), MEDIA_TYPE, changed_at)


@router.get("/register.csv", response_class=StreamingResponse, responses=KNOWN)
async def register_table(request: Request, actor: CurrentActor, wished: Wished) -> Response:
    """The whole register, or what was searched for, as CSV."""
    units, scope = units_of(request), scope_of(actor)

    async def make(some: Sequence[UUID]) -> dict[UUID, str]:
        return {line.agreement_id: csv_text([row(line)]) for line in await lines_of(units, scope, some)}

    async with units.reading() as store:
        wanted = await store.public.versions(scope, wished)
        changed_at = await store.public.changed_at(scope)
    found = await made_once(request).texts(("register.csv", scope.city, current_language()), wanted, make)
    return table(request, "register.csv", csv_text([COLUMNS]), found, changed_at)


def table(request: Request, name: str, head: str, lines: list[Text], changed_at: datetime | None) -> Response:
    """A CSV file, sent a piece at a time, or 304."""
    headers, known = conditional(request, fingerprint(head, lines), changed_at)
    if known:
        return Response(status_code=304, headers=headers)
    headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return StreamingResponse(pieces(head, lines), media_type="text/csv; charset=utf-8", headers=headers)


async def pieces(head: str, texts: Sequence[Text], between: bytes = b"", end: str = "") -> AsyncIterator[bytes]:
    """`head`, the texts with `between` between them, `end`: some at a time."""
    yield head.encode()
    for first in range(0, len(texts), _AT_ONCE):
        some = between.join(one.content for one in texts[first : first + _AT_ONCE])
        yield (between if first else b"") + some
    yield end.encode()


def made_once(request: Request) -> MadeOnce:
    made: MadeOnce = request.app.state.made_once
    return made


async def lines_of(units: Units[Store], scope: Scope, agreements: Sequence[UUID]) -> list[RegisterView]:
    """The public lines of these agreements; no connection is held when they are there."""
    async with units.reading() as store:
        rows = await store.public.search(scope, Sought(agreements=tuple(agreements)), len(agreements))
    return [register_line(one) for one in rows]


@router.get("/register/days")
async def list_days(request: Request, actor: Archivist, after: After = None, limit: Limit = 50) -> Page[RegisterDay]:
    """The daily register documents, newest first."""
    start = decode(after, date.fromisoformat)
    async with units_of(request).reading() as store:
        days = await store.days.listed(scope_of(actor), start[0] if start else None, limit)
    return page(days, limit, lambda one: (one.day,))


@router.get("/register/days/{day}.pdf", response_class=Response)
async def get_day(request: Request, actor: Archivist, day: date) -> Response:
    """The register of one day as PDF/A."""
    async with units_of(request).reading() as store:
        document = await store.days.document(scope_of(actor), day)
    if document is None:
        raise not_found(
            "Il registro di quel giorno non c'è: nasce quando il giorno è finito.",
            "There is no register of that day: it is made once the day has ended.",
        )
    name = f"registro-{actor.city}-{day}.pdf"
    return Response(
        document, media_type="application/pdf", headers={"Content-Disposition": f'inline; filename="{name}"'}
    )


@router.get("/register/{year}/{number}", response_model=RegisterEntryView, responses=KNOWN)
async def get_entry(
    request: Request,
    actor: CurrentActor,
    year: Annotated[int, Path(ge=1900, le=2999)],
    number: Annotated[int, Path(ge=1, le=2**31 - 1)],
) -> Response:
    """One agreement by its protocol number, with the entries to recompute its hashes from."""
    async with units_of(request).reading() as store:
        view = await entry_view(store, scope_of(actor), year, number)
    return cacheable(request, view.model_dump_json().encode(), "application/json", view.changed_at)


async def entry_view(store: Store, scope: Scope, year: int, number: int) -> RegisterEntryView:
    """The public view of one agreement. Raises a 404 problem."""
    found = await store.public.one(scope, year, number)
    if found is None:
        raise not_found("Nel registro non c'è questo numero.", "The register has no such number.")
    line = register_line(found)
    acts = []
    for entry in await store.register.of_agreement(scope, line.agreement_id):
        kept = (await store.register.disclosures(scope, entry.position, entry.position)).get(entry.position, [])
        shown = tuple(one for one in kept if not line.lacks(one.name))
        acts.append(PublicAct(entry=entry, disclosed=shown))
    return RegisterEntryView(**{name: getattr(line, name) for name in RegisterView.model_fields}, acts=tuple(acts))


Hiding = Callable[[AgreementsUnit, UUID], Awaitable[tuple[Redaction, ...]]]
Position = Annotated[int, Path(ge=1, le=2**31 - 1, description="position of an entry in the register")]


async def _redact(request: Request, actor: Actor, position: int, change: Hiding) -> Response:
    async def work(unit: AgreementsUnit) -> Reply:
        with refusals_as_problems():
            redactions = await change(unit, await hiding.agreement_at(unit, actor, position))
        return Reply(200, [one.model_dump(mode="json") for one in redactions])

    return await command(request, units_of(request), scope_of(actor), work)


@router.post("/register/{position}/hide", response_model=list[Redaction])
async def hide(request: Request, actor: LoggedIn, position: Position, body: Hide) -> Response:
    """Takes subject or parties of the entry's agreement out of every public view; they can be shown again."""
    return await _redact(request, actor, position, lambda unit, one: hiding.hide(unit, actor, one, body))


@router.post("/register/{position}/show", response_model=list[Redaction])
async def show(request: Request, actor: LoggedIn, position: Position, body: Show) -> Response:
    """Shows again what was hidden."""
    return await _redact(request, actor, position, lambda unit, one: hiding.show(unit, actor, one, body))


@router.post("/register/{position}/erase", response_model=list[Redaction])
async def erase(request: Request, actor: LoggedIn, position: Position, body: Erase) -> Response:
    """Deletes words and salts for good; the chain stays valid."""
    return await _redact(request, actor, position, lambda unit, one: hiding.erase(unit, actor, one, body))


async def _of_file(request: Request, actor: Actor, agreement_id: UUID, change: Hiding) -> Response:
    async def work(unit: AgreementsUnit) -> Reply:
        with refusals_as_problems():
            redactions = await change(unit, agreement_id)
        return Reply(200, [one.model_dump(mode="json") for one in redactions])

    return await command(request, units_of(request), scope_of(actor), work)


@router.post("/agreements/{agreement_id}/hide", response_model=list[Redaction])
async def hide_of_file(request: Request, actor: LoggedIn, agreement_id: UUID, body: Hide) -> Response:
    """As for an entry of the register, before there is any: nothing of it is ever shown."""
    return await _of_file(request, actor, agreement_id, lambda unit, one: hiding.hide(unit, actor, one, body))


@router.post("/agreements/{agreement_id}/show", response_model=list[Redaction])
async def show_of_file(request: Request, actor: LoggedIn, agreement_id: UUID, body: Show) -> Response:
    """Shows again what was hidden."""
    return await _of_file(request, actor, agreement_id, lambda unit, one: hiding.show(unit, actor, one, body))


def shown_title(line: RegisterView) -> str:
    """The subject, or the word that it is left out."""
    return line.title or _("Subject omitted")


def _cursor(line: RegisterView) -> str:
    return encode(*position_of(line))


def _item(request: Request, line: RegisterView) -> Item:
    amendment = next((one for one in line.amendments if one.protocol == line.protocol), None)
    if amendment is not None:
        return _amended(request, line, amendment)
    parties = ", ".join((*line.parties, _("others omitted")) if line.lacks("parties") else line.parties)
    return Item(
        id=line.agreement_id.urn,
        title=f"{line.protocol}: {shown_title(line)}",
        address=address_of(request, "/agreements/register/" + "/".join(map(str, position_of(line)))),
        updated=line.changed_at,
        published=line.entered_at,
        summary=f"{label('instrument', line.instrument)}. {parties}. {label('agreement_state', line.state)}.",
        categories=(line.instrument, line.policy_area),
    )


def _amended(request: Request, line: RegisterView, one: PublicAmendment) -> Item:
    """The entry of an amendment: it leads to its place on the page of its agreement."""
    year, number = line.agreement_protocol.split("/")
    return Item(
        id=uuid5(line.agreement_id, f"amendment {one.number}").urn,
        title=f"{line.protocol}: {one.name}: {shown_title(line)}",
        address=address_of(request, f"/agreements/register/{year}/{int(number)}") + f"#amendment-{one.number}",
        updated=one.entered_at,
        published=one.entered_at,
        summary="; ".join(str(change) for change in what_changed(one, line.lines)) + ".",
        categories=(one.kind, line.instrument, line.policy_area),
    )
