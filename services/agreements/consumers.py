"""Which event is handled by what."""

from __future__ import annotations

from collections.abc import Mapping

from chassis.inbox import Handler
from chassis.membership import on_membership_changed
from contracts.event import Event
from contracts.events.impact import DeliveryRecorded, PlanFulfilled, ResultCorrected
from contracts.events.intake import StakeholderChanged, StakeholderMembershipChanged, StakeholderRegistered
from contracts.events.matching import MatchAccepted, MatchEndAsked, MatchReleased
from services.agreements.handlers import events
from services.agreements.handlers.telling import telling_new_cities

DIRECTORY: Mapping[type[Event], Handler] = {
    StakeholderRegistered: events.on_stakeholder,
    StakeholderChanged: events.on_stakeholder,
    StakeholderMembershipChanged: on_membership_changed,
}
"""What fills the read models that may be rebuilt from the log."""

HANDLERS: Mapping[type[Event], Handler] = {
    **DIRECTORY,
    StakeholderRegistered: telling_new_cities(events.on_stakeholder),
    MatchAccepted: telling_new_cities(events.on_match_accepted),
    MatchReleased: events.on_match_released,
    MatchEndAsked: events.on_match_end_asked,
    PlanFulfilled: events.on_plan_fulfilled,
    DeliveryRecorded: events.on_delivery_recorded,
    ResultCorrected: events.on_result_corrected,
}
