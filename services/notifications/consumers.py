"""Which handler takes which event."""

from __future__ import annotations

from collections.abc import Mapping

from chassis.inbox import Handler
from chassis.service import Projection
from contracts.event import Event
from contracts.events import intake as i
from contracts.subscriptions import CONSUMES
from services.notifications.handlers import events
from services.notifications.store.timeline import TABLES

_SPECIAL: Mapping[type[Event], Handler] = {
    i.NeedRegistered: events.on_need_state,
    i.NeedChanged: events.on_need_state,
    i.AccountManagerAssigned: events.on_manager_assigned,
    i.StakeholderMembershipChanged: events.on_membership,
}
HANDLERS: Mapping[type[Event], Handler] = {
    event: _SPECIAL.get(event, events.on_event) for event in CONSUMES["notifications"]
}
PROJECTIONS = {"cases": Projection(TABLES, dict.fromkeys(CONSUMES["notifications"], events.tell))}
"""What ``sportello replay`` may rebuild. Work items are decisions of people too: they are never replayed."""
