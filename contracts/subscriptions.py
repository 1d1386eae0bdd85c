"""Who listens to what. A test holds each service's consumers to this table."""

from __future__ import annotations

from contracts.event import REGISTRY, Event
from contracts.events import agreements as a
from contracts.events import departments as d
from contracts.events import impact as p
from contracts.events import intake as i
from contracts.events import matching as m
from contracts.events import notifications as n

STAKEHOLDER_EVENTS: tuple[type[Event], ...] = (
    i.StakeholderRegistered,
    i.StakeholderChanged,
    i.StakeholderVetted,
    i.StakeholderMembershipChanged,
    i.AccountManagerAssigned,
)
NEED_EVENTS: tuple[type[Event], ...] = (
    i.NeedRegistered,
    i.NeedChanged,
    i.NeedWithdrawn,
    i.NeedExpired,
    i.NeedFulfilled,
)
OFFER_EVENTS: tuple[type[Event], ...] = (i.OfferReceived, i.OfferChanged, i.OfferWithdrawn, i.OfferExpired)
MATCH_EVENTS: tuple[type[Event], ...] = (
    m.MatchProposed,
    m.MatchConsentGiven,
    m.MatchCountered,
    m.MatchPostponed,
    m.MatchDecisionUndone,
    m.MatchAccepted,
    m.MatchDeclined,
    m.MatchExpired,
    m.MatchReleased,
    m.MatchEndAsked,
    m.MatchEndRefused,
)
AGREEMENT_EVENTS: tuple[type[Event], ...] = (
    a.AgreementDrafted,
    a.AgreementReviewRequested,
    a.AgreementSentBack,
    a.AgreementApproved,
    a.AgreementSignatureGiven,
    a.AgreementRejected,
    a.AgreementSigned,
    a.AgreementActivated,
    a.AgreementAmended,
    a.AgreementAmendmentChanged,
    a.AgreementSuspended,
    a.AgreementCompleted,
    a.AgreementTerminated,
)
RESULT_EVENTS: tuple[type[Event], ...] = (
    p.ImpactPlanOpened,
    p.PlanFulfilled,
    p.DeliveryRecorded,
    p.IndicatorMeasured,
    p.ResultCorrected,
)
MEMBERSHIP: tuple[type[Event], ...] = (i.StakeholderMembershipChanged,)

CONSUMES: dict[str, tuple[type[Event], ...]] = {
    "intake": (d.NeedSubmitted, d.NeedUpdateSubmitted, m.LineBalanceChanged),
    "matching": (
        *STAKEHOLDER_EVENTS,
        *NEED_EVENTS,
        *OFFER_EVENTS,
        a.InstrumentPublished,
        i.PrioritiesSet,
        i.NeighbourhoodIndicatorsLoaded,
        a.AgreementReviewRequested,
        a.AgreementApproved,
        a.AgreementSignatureGiven,
        a.AgreementRejected,
        a.AgreementSigned,
        a.AgreementAmended,
        a.AgreementTerminated,
        p.DeliveryRecorded,
        p.ResultCorrected,
    ),
    "agreements": (
        i.StakeholderRegistered,
        i.StakeholderChanged,
        *MEMBERSHIP,
        m.MatchAccepted,
        m.MatchEndAsked,
        m.MatchReleased,
        p.PlanFulfilled,
        p.DeliveryRecorded,
        p.ResultCorrected,
    ),
    "notifications": (
        *STAKEHOLDER_EVENTS,
        *NEED_EVENTS,
        *OFFER_EVENTS,
        *MATCH_EVENTS,
        *AGREEMENT_EVENTS,
        *RESULT_EVENTS,
        d.SubmissionRejected,
    ),
    "impact": (
        i.StakeholderRegistered,
        i.StakeholderChanged,
        *MEMBERSHIP,
        a.AgreementSigned,
        a.AgreementAmended,
        a.AgreementTerminated,
        a.AgreementDisclosureChanged,
    ),
    "departments": (d.SubmissionRejected,),
}
"""Event types by consumer; ``departments`` are the city's own systems."""

NOT_CONSUMED: dict[type[Event], str] = {
    p.IndicatorDefined: "published for open-data readers; agreements will offer the library when it deepens",
    n.NotificationDelivered: "published for operations; no service decides on it",
    n.NotificationFailed: "published for operations; no service decides on it",
}
"""Event types no service of ours reads, each with the reason."""

NOT_FOR: dict[type[Event], dict[str, str]] = {
    a.AgreementSignatureGiven: {
        "intake": "a need's balance moves with what matching says of its lines, not with signatures",
        "impact": "nothing is promised before the last signature",
    },
    a.AgreementDisclosureChanged: {
        "intake": "publishes nothing of agreements",
        "matching": "publishes nothing of agreements",
        "notifications": "inbox and story are for those concerned, to whom nothing of their agreement is hidden",
    },
}
"""Services that might be expected to read an event and do not, each with the reason."""


def unclaimed() -> set[type[Event]]:
    """Event types that neither have a consumer nor a reason for having none."""
    claimed = {event for events in CONSUMES.values() for event in events}
    return set(REGISTRY.values()) - claimed - set(NOT_CONSUMED)
