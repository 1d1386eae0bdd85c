"""Every event becomes a line of its case's story, and work where the table of rules says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from chassis.delivery import Delivery
from chassis.membership import on_membership_changed
from chassis.unit import Unit
from contracts.event import Event
from contracts.events import intake as i
from contracts.events import matching as m
from services.notifications.domain.parts import merge
from services.notifications.domain.rules import parts_of
from services.notifications.domain.story import (
    STORIES,
    facts_of,
    ids_of,
    links_of,
    stakeholders_of,
    thread_of,
)
from services.notifications.store import Store
from services.notifications.store.timeline import CaseFile, Entry

Deliveries = Sequence[Delivery[Any]]
_ENDS: dict[type[Event], str] = {i.NeedWithdrawn: "withdrawn", i.NeedExpired: "expired", i.NeedFulfilled: "fulfilled"}


async def on_event(unit: Unit[Store], deliveries: Deliveries) -> None:
    """All that an event does here. ``deliveries`` are of one type and one city."""
    await tell(unit, deliveries)
    parts = merge(part for delivery in deliveries for part in parts_of(delivery.event, delivery.time))
    if parts:
        await unit.store.work.merge(unit.scope.city, parts, unit.now)


async def on_need_state(unit: Unit[Store], deliveries: Deliveries) -> None:
    """A need may have come with another account manager."""
    await on_event(unit, deliveries)
    await unit.store.work.case_moved(unit.scope.city, [delivery.event.need_id for delivery in deliveries])


async def on_manager_assigned(unit: Unit[Store], deliveries: Deliveries) -> None:
    """Open items of these organisations have another owner, or somebody who covers for them."""
    await on_event(unit, deliveries)
    await unit.store.work.stakeholder_moved(unit.scope.city, [delivery.event.stakeholder_id for delivery in deliveries])


async def on_membership(unit: Unit[Store], deliveries: Deliveries) -> None:
    await on_event(unit, deliveries)
    await on_membership_changed(unit, deliveries)


async def tell(unit: Unit[Store], deliveries: Deliveries) -> None:
    """The projection ``cases`` alone: what a replay runs."""
    city, timeline = unit.scope.city, unit.store.timeline
    await timeline.add(city, [_entry(delivery) for delivery in deliveries])
    if links := [link for delivery in deliveries for link in links_of(delivery.event)]:
        await timeline.link(city, links)
    if files := _files(deliveries):
        await timeline.file(city, files)
    await _cards(unit, [delivery.event for delivery in deliveries])


async def _cards(unit: Unit[Store], events: Sequence[Any]) -> None:
    city, timeline, first = unit.scope.city, unit.store.timeline, events[0]
    newest = sorted(events, key=lambda event: getattr(event, "version", 0))
    if isinstance(first, i.StakeholderRegistered | i.StakeholderChanged):
        await timeline.name(city, {one.stakeholder_id: (one.version, one.name) for one in newest})
    elif isinstance(first, i.AccountManagerAssigned):
        managers = {one.stakeholder_id: (one.version, one.account_manager_id, one.covered_by) for one in newest}
        await timeline.assign(city, managers)
    elif isinstance(first, m.MatchProposed | m.MatchAccepted):
        await timeline.match(city, {one.match_id: (one.version, one.need_id, stakeholders_of(one)) for one in newest})


def _entry(delivery: Delivery[Any]) -> Entry:
    event, envelope = delivery.event, delivery.envelope
    return Entry(
        source=envelope.source,
        event_id=envelope.id,
        thread=thread_of(event),
        happened_at=envelope.time,
        event_type=envelope.type,
        aggregate_version=getattr(event, "version", None),
        reach=STORIES[type(event)].reach,
        match_id=getattr(event, "match_id", None),
        stakeholder_ids=stakeholders_of(event),
        department=getattr(event, "department", None),
        ids=ids_of(event),
        facts=facts_of(event),
    )


def _files(deliveries: Deliveries) -> list[CaseFile]:
    """What the batch says of each case, each case once."""
    files: dict[UUID, CaseFile] = {}
    for delivery in deliveries:
        one = _file(delivery)
        if one is not None:
            known = files.get(one.case_id)
            files[one.case_id] = one if known is None else _both(known, one)
    return list(files.values())


def _file(delivery: Delivery[Any]) -> CaseFile | None:
    event, at = delivery.event, delivery.time
    case = getattr(event, "need_id", None)
    if case is None:
        return None
    seen = CaseFile(case, at, at)
    if isinstance(event, i.NeedRegistered | i.NeedChanged):
        return replace(
            seen,
            version=event.version,
            title=event.title,
            department=event.department,
            with_departments=event.with_departments,
            policy_area=event.policy_area,
            account_manager_id=event.account_manager_id,
            state_version=event.version,
        )
    if isinstance(event, m.MatchProposed | m.MatchAccepted):
        area, manager = event.policy_area, event.account_manager_id
        return replace(
            seen,
            version=0,
            title=event.need_title,
            department=event.department,
            policy_area=area,
            account_manager_id=manager,
        )
    if type(event) in _ENDS:
        return replace(seen, state_version=event.version, state=_ENDS[type(event)])
    return seen


def _both(known: CaseFile, other: CaseFile) -> CaseFile:
    content = other if other.version > known.version else known
    state = other if other.state_version > known.state_version else known
    return replace(
        content,
        state_version=state.state_version,
        state=state.state,
        first_at=min(known.first_at, other.first_at),
        last_at=max(known.last_at, other.last_at),
    )
