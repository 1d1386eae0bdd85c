"""What intake reads from the bus, and which handler applies it."""

from __future__ import annotations

from collections.abc import Mapping

from chassis.inbox import Handler, Unreadable
from contracts.event import Event
from contracts.events.departments import INBOUND, NeedSubmitted, NeedUpdateSubmitted
from contracts.events.matching import LineBalanceChanged
from services.intake.handlers.balances import on_line_balance_changed
from services.intake.handlers.rejections import on_unreadable
from services.intake.handlers.submissions import on_need_submitted, on_need_update_submitted

HANDLERS: Mapping[type[Event], Handler] = {
    NeedSubmitted: on_need_submitted,
    NeedUpdateSubmitted: on_need_update_submitted,
    LineBalanceChanged: on_line_balance_changed,
}

UNREADABLE: Mapping[str, Unreadable] = {INBOUND: on_unreadable}
"""Departments get an answer to a record that is no event; nobody reads dead letters for them."""
