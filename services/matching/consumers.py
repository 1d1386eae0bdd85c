"""Which handler takes which event."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from chassis.inbox import Handler
from chassis.membership import on_membership_changed
from chassis.service import Projection
from contracts.event import Event
from contracts.events import agreements as a
from contracts.events import impact as p
from contracts.events import intake as i
from services.matching.domain.policy import Policy
from services.matching.handlers import agreements, needs, offers, rebuilding, results, stakeholders, steering


def handlers(policy: Policy) -> Mapping[type[Event], Handler]:
    """The handlers of this service under the installation's policy."""
    under_policy: dict[type[Event], Callable[..., Awaitable[None]]] = {
        i.StakeholderRegistered: stakeholders.on_stakeholder_named,
        i.StakeholderChanged: stakeholders.on_stakeholder_named,
        i.StakeholderVetted: stakeholders.on_stakeholder_vetted,
        i.AccountManagerAssigned: stakeholders.on_account_manager_assigned,
        i.NeedRegistered: needs.on_need_registered,
        i.NeedChanged: needs.on_need_changed,
        i.NeedWithdrawn: needs.on_need_withdrawn,
        i.NeedExpired: needs.on_need_expired,
        i.NeedFulfilled: needs.on_need_fulfilled,
        i.OfferReceived: offers.on_offer_received,
        i.OfferChanged: offers.on_offer_changed,
        i.OfferWithdrawn: offers.on_offer_withdrawn,
        i.OfferExpired: offers.on_offer_expired,
        a.InstrumentPublished: steering.on_instrument_published,
        i.PrioritiesSet: steering.on_priorities_set,
        i.NeighbourhoodIndicatorsLoaded: steering.on_indicators_loaded,
        a.AgreementReviewRequested: agreements.on_agreement_under_way,
        a.AgreementApproved: agreements.on_agreement_under_way,
        a.AgreementSignatureGiven: agreements.on_agreement_under_way,
        a.AgreementSigned: agreements.on_agreement_signed,
        a.AgreementAmended: agreements.on_agreement_amended,
        a.AgreementRejected: agreements.on_agreement_rejected,
        a.AgreementTerminated: agreements.on_agreement_terminated,
        p.DeliveryRecorded: results.on_delivery_recorded,
        p.ResultCorrected: results.on_result_corrected,
    }
    bound: dict[type[Event], Handler] = {
        event: partial(handler, policy=policy) for event, handler in under_policy.items()
    }
    return bound | {i.StakeholderMembershipChanged: on_membership_changed}


HANDLERS = handlers(Policy())
"""The handlers with the policy an installation has when it sets nothing."""

PROJECTIONS: Mapping[str, Projection] = {
    "needs": Projection(
        ("need", "need_requirement", "need_receiver", "need_trait", "need_key"),
        {
            i.NeedRegistered: rebuilding.note_needs,
            i.NeedChanged: rebuilding.note_needs,
            i.NeedWithdrawn: rebuilding.note_need_withdrawn,
            i.NeedExpired: rebuilding.note_need_expired,
            i.NeedFulfilled: rebuilding.note_need_fulfilled,
        },
    ),
    "offers": Projection(
        ("offer", "offer_trait", "offer_key"),
        {
            i.OfferReceived: rebuilding.note_offers,
            i.OfferChanged: rebuilding.note_offers,
            i.OfferWithdrawn: rebuilding.note_offer_withdrawn,
            i.OfferExpired: rebuilding.note_offer_expired,
        },
    ),
    "stakeholders": Projection(
        ("stakeholder", "membership"),
        {
            i.StakeholderRegistered: rebuilding.note_names,
            i.StakeholderChanged: rebuilding.note_names,
            i.StakeholderVetted: rebuilding.note_vetting,
            i.AccountManagerAssigned: rebuilding.note_managers,
            i.StakeholderMembershipChanged: on_membership_changed,
        },
    ),
    "steering": Projection(
        ("priorities", "neighbourhood_indicator", "instrument"),
        {
            i.PrioritiesSet: steering.on_priorities_set,
            i.NeighbourhoodIndicatorsLoaded: steering.on_indicators_loaded,
            a.InstrumentPublished: rebuilding.note_instruments,
        },
    ),
}
"""Read models that can be rebuilt from the log. Matches and the ledger are decisions: they cannot."""
