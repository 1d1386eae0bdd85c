"""What the API answers with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from chassis.http.paging import encode
from services.notifications import links, wording
from services.notifications.domain.handling import Reader
from services.notifications.domain.kinds import Urgency
from services.notifications.handlers.reading import Item, Story


class Text(BaseModel):
    """The same sentence in both languages."""

    it: str
    en: str


class PartShape(BaseModel):
    """One thing the item is about: a proposal, an agreement, a submission."""

    id: UUID
    open: bool
    due_at: datetime
    facts: dict[str, Any]
    progress: dict[str, Any]


class ItemShape(BaseModel):
    """Something to do. ``owner`` is an account's ``sub``; null = it waits in the queue ``audience``."""

    id: UUID
    version: int
    kind: str
    state: str
    urgency: str
    title: Text
    case_id: UUID | None
    case: str | None
    department: str | None
    subject: UUID
    audience: str
    owner: str | None
    mine: bool
    taken: bool
    count: int
    opened_at: datetime
    due_at: datetime
    snoozed_until: datetime | None
    done_at: datetime | None
    done_by_event: bool
    link: str
    parts: list[PartShape]


class CountsShape(BaseModel):
    """Items not done."""

    open: int
    urgent: int
    overdue: int
    snoozed: int
    by_kind: dict[str, int]


class InboxShape(BaseModel):
    items: list[ItemShape]
    next: str | None
    counts: CountsShape


class DoneShape(BaseModel):
    """How many of the named items are done now."""

    done: int


class CaseShape(BaseModel):
    """A case. ``account_manager_id`` is shown to the city's own people only."""

    correlation_id: UUID
    title: str
    department: str
    with_departments: list[str]
    policy_area: str | None
    state: str
    account_manager_id: str | None
    first_at: datetime
    last_at: datetime


class CasesShape(BaseModel):
    items: list[CaseShape]
    next: str | None


class EntryShape(BaseModel):
    """One event of a story."""

    id: str
    source: str
    time: datetime
    service: str
    type: str
    thread: UUID
    version: int | None
    summary: Text
    ids: dict[str, str]


class StoryShape(BaseModel):
    """The story of a case; ``case`` is null for a thread that no case has yet."""

    correlation_id: UUID
    case: CaseShape | None
    events: list[EntryShape]
    next: str | None


def item(one: Item, reader: Reader) -> ItemShape:
    row, facts = one.row, one.facts
    return ItemShape(
        id=row["item_id"],
        version=row["version"],
        kind=row["kind"],
        state="done" if one.state == "settled" else one.state,
        urgency=Urgency(row["rank"]).code,
        title=Text(**wording.task_in_both(row["kind"], row["title"], row["parts"], facts, one.who)),
        case_id=row["case_id"],
        case=row["title"],
        department=row["department"] or facts.get("department"),
        subject=row["subject"],
        audience=row["audience"],
        owner=row["owner"],
        mine=row["owner"] == reader.subject,
        taken=row["taken_by"] is not None,
        count=row["parts"],
        opened_at=row["opened_at"],
        due_at=row["due_at"],
        snoozed_until=row["snoozed_until"],
        done_at=row["finished_at"],
        done_by_event=one.state == "settled",
        link=links.of(row["kind"], row["subject"], row["case_id"], one.parts),
        parts=[
            PartShape(
                id=part["part"],
                open=part["is_open"],
                due_at=part["due_at"],
                facts=part["facts"],
                progress=part["progress"],
            )
            for part in one.parts
        ],
    )


def counts(rows: Sequence[Mapping[str, Any]]) -> CountsShape:
    totals = {name: sum(row[name] for row in rows) for name in ("open", "urgent", "overdue", "snoozed")}
    return CountsShape(**totals, by_kind={row["kind"]: row["open"] for row in rows if row["open"]})


def case(row: Mapping[str, Any], reader: Reader) -> CaseShape:
    return CaseShape(
        correlation_id=row["case_id"],
        title=row["title"],
        department=row["department"],
        with_departments=row["with_departments"],
        policy_area=row["policy_area"],
        state=row["state"],
        account_manager_id=row["account_manager_id"] if reader.sees_every_case else None,
        first_at=row["first_at"],
        last_at=row["last_at"],
    )


def story(told: Story, reader: Reader, correlation_id: UUID, limit: int) -> StoryShape:
    shown = told.entries[:limit]
    following = None
    if len(told.entries) > limit:
        last = shown[-1]
        following = encode(last["happened_at"], last["source"], last["event_id"])
    file = told.file
    return StoryShape(
        correlation_id=correlation_id,
        case=case(file, reader) if file is not None and file["title"] is not None else None,
        events=[entry(row, told.names) for row in shown],
        next=following,
    )


def entry(row: Mapping[str, Any], names: Mapping[str, str]) -> EntryShape:
    return EntryShape(
        id=row["event_id"],
        source=row["source"],
        time=row["happened_at"],
        service=service_of(row["event_type"]),
        type=row["event_type"],
        thread=row["thread"],
        version=row["aggregate_version"],
        summary=Text(**wording.in_both(row["event_type"], row["facts"], who_of(row, names), names)),
        ids=row["ids"],
    )


def service_of(event_type: str) -> str:
    return event_type.split(".")[1]


def who_of(row: Mapping[str, Any], names: Mapping[str, str]) -> str | None:
    """The organisation an entry of its own thread is about."""
    known = (names.get(f"stakeholder:{one}") for one in row["stakeholder_ids"])
    return next((name for name in known if name), None)
