"""Which handler applies which event."""

from __future__ import annotations

from collections.abc import Mapping

from chassis.inbox import Handler
from chassis.membership import on_membership_changed
from contracts.event import Event
from contracts.events.agreements import (
    AgreementAmended,
    AgreementDisclosureChanged,
    AgreementSigned,
    AgreementTerminated,
)
from contracts.events.intake import StakeholderChanged, StakeholderMembershipChanged, StakeholderRegistered
from services.impact.handlers.disclosures import on_disclosure_changed
from services.impact.handlers.plans import on_agreement_amended, on_agreement_signed, on_agreement_terminated
from services.impact.handlers.stakeholders import on_stakeholder_named

HANDLERS: Mapping[type[Event], Handler] = {
    StakeholderRegistered: on_stakeholder_named,
    StakeholderChanged: on_stakeholder_named,
    StakeholderMembershipChanged: on_membership_changed,
    AgreementSigned: on_agreement_signed,
    AgreementAmended: on_agreement_amended,
    AgreementTerminated: on_agreement_terminated,
    AgreementDisclosureChanged: on_disclosure_changed,
}

NAME_HANDLERS: Mapping[type[Event], Handler] = {
    StakeholderRegistered: on_stakeholder_named,
    StakeholderChanged: on_stakeholder_named,
}
DISCLOSURE_HANDLERS: Mapping[type[Event], Handler] = {AgreementDisclosureChanged: on_disclosure_changed}
"""Read models that are made of others' events alone, and may be rebuilt from the log."""
