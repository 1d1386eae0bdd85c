"""The timeline: to which thread an event belongs, what is told of it, to whom, and which threads it ties together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID, uuid5

from contracts.event import Event
from contracts.events import agreements as a
from contracts.events import departments as d
from contracts.events import impact as p
from contracts.events import intake as i
from contracts.events import matching as m

_SUBMISSIONS = UUID("5b9d1c1e-6d0f-5c8e-9a52-4d3f7c1b2a60")
Reach = Literal["case", "own"]


@dataclass(frozen=True)
class Story:
    """``tells`` are the fields shown to people: no free text, which may name somebody.

    ``reach`` "case" = everybody who may see the case; "own" = the organisation itself and those who see every case.
    """

    tells: tuple[str, ...]
    reach: Reach = "case"


STORIES: dict[type[Event], Story] = {
    i.StakeholderRegistered: Story(("name", "stakeholder_type"), "own"),
    i.StakeholderChanged: Story(("name", "stakeholder_type"), "own"),
    i.StakeholderVetted: Story(("outcome", "valid_until"), "own"),
    i.StakeholderMembershipChanged: Story(("active",), "own"),
    i.AccountManagerAssigned: Story((), "own"),
    i.NeedRegistered: Story(("title", "department", "policy_area", "lines")),
    i.NeedChanged: Story(("title", "department", "policy_area", "lines")),
    i.NeedWithdrawn: Story(()),
    i.NeedExpired: Story(()),
    i.NeedFulfilled: Story(()),
    i.OfferReceived: Story(("title", "lines", "expected_return")),
    i.OfferChanged: Story(("title", "lines", "expected_return")),
    i.OfferWithdrawn: Story(()),
    i.OfferExpired: Story(()),
    m.MatchProposed: Story(
        ("need_title", "parties", "score", "triangulation", "expires_at", "replaces_because", "consented")
    ),
    m.MatchConsentGiven: Story(("party_id", "channel", "awaited")),
    m.MatchCountered: Story(("need_title", "parties", "party_id", "channel", "changes", "awaited", "expires_at")),
    m.MatchPostponed: Story(("party_id", "until", "expires_at")),
    m.MatchDecisionUndone: Story(("need_title", "parties", "party_id", "undone", "awaited", "expires_at")),
    m.MatchAccepted: Story(("need_title", "parties", "triangulation")),
    m.MatchDeclined: Story(("party_id", "reason_code")),
    m.MatchExpired: Story(("reason_code",)),
    m.MatchReleased: Story(("reason_code",)),
    m.MatchEndAsked: Story(("reason_code",)),
    m.MatchEndRefused: Story(("reason_code", "because")),
    a.AgreementDrafted: Story(("title",)),
    a.AgreementReviewRequested: Story(("title", "instrument")),
    a.AgreementSentBack: Story(("title",)),
    a.AgreementApproved: Story(("title", "instrument", "signatories")),
    a.AgreementSignatureGiven: Story(("title", "party_id", "awaited", "missing")),
    a.AgreementRejected: Story(()),
    a.AgreementSigned: Story(("title", "instrument", "protocol_number", "parties", "signed_on", "valid_to")),
    a.AgreementActivated: Story(("effective_on",)),
    a.AgreementAmended: Story(("amendment", "valid_to")),
    a.AgreementAmendmentChanged: Story(("title", "amendment", "state")),
    a.AgreementSuspended: Story(()),
    a.AgreementCompleted: Story(()),
    a.AgreementTerminated: Story(("effective_on",)),
    p.ImpactPlanOpened: Story(("title", "indicators", "commitments")),
    p.PlanFulfilled: Story(()),
    p.DeliveryRecorded: Story(("quantity", "unit", "value_cents", "delivered_on")),
    p.IndicatorMeasured: Story(("indicator", "value", "unit", "measured_on", "final")),
    p.ResultCorrected: Story(("corrects", "before", "after", "indicator")),
    d.SubmissionRejected: Story(("external_ref", "department", "errors")),
}
"""What is told of every event this service reads."""

_COUNTED = ("indicators", "commitments", "errors", "signatories")
_NOT_IDS = frozenset({"account_manager_id", "submission_id", "party_id"})


@dataclass(frozen=True)
class Link:
    """From now on the case tells the thread's story too."""

    case_id: UUID
    thread: UUID
    kind: Literal["offer", "stakeholder", "submission"]


def facts_of(event: Event) -> dict[str, Any]:
    """The told fields as JSON: lists of things that people only need counted are counted."""
    names = STORIES[type(event)].tells
    facts: dict[str, Any] = event.model_dump(mode="json", include=set(names), exclude_none=True)
    for name in _COUNTED:
        if name in facts:
            facts[name] = len(facts[name])
    if "lines" in facts:
        facts["lines"] = [
            {"kind": line.kind, "unit": line.unit, "quantity": _text(line.total_quantity)}
            for line in getattr(event, "lines", ())
        ]
    if "changes" in facts:
        told = ("kind", "capability", "unit", "before", "after")
        facts["changes"] = [{key: one[key] for key in told if key in one} for one in facts["changes"]]
    if "parties" in facts:
        facts["parties"] = [{key: one[key] for key in ("party_id", "role", "name")} for one in facts["parties"]]
    return facts


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def ids_of(event: Event) -> dict[str, str]:
    """What the event is about, by id."""
    named = {name: getattr(event, name) for name in type(event).model_fields if name.endswith("_id")}
    return {name: str(value) for name, value in named.items() if value is not None and name not in _NOT_IDS}


def thread_of(event: Any) -> UUID:
    """The need's id where there is one, else the offer's, the stakeholder's, or the submission's."""
    if isinstance(event, d.SubmissionRejected):
        return submission_of(event) or event.rejection_id
    for name in ("need_id", "offer_id", "stakeholder_id"):
        found = getattr(event, name, None)
        if isinstance(found, UUID):
            return found
    raise TypeError(f"{type(event).__name__} belongs to no thread")


def submission_of(event: Any) -> UUID | None:
    """The thread of what a department submits under one reference; None when it named none."""
    if event.department is None or event.external_ref is None:
        return None
    return uuid5(_SUBMISSIONS, f"{event.department}\n{event.external_ref}")


def stakeholders_of(event: Any) -> tuple[UUID, ...]:
    """Every organisation the event concerns, in a fixed order."""
    found: set[UUID] = set(getattr(event, "stakeholder_ids", ()))
    if getattr(event, "stakeholder_id", None):
        found.add(event.stakeholder_id)
    found.update(one.stakeholder_id for one in getattr(event, "partners", ()))
    for party in getattr(event, "parties", ()):
        if party.stakeholder_id:
            found.add(party.stakeholder_id)
        found.update(one.stakeholder_id for one in party.partners)
    party_id = getattr(event, "party_id", "")
    if party_id.startswith("stakeholder:"):
        found.add(UUID(party_id.removeprefix("stakeholder:")))
    return tuple(sorted(found))


def links_of(event: Any) -> list[Link]:
    """The threads that belong to a case because of this event."""
    case = getattr(event, "need_id", None) or getattr(event, "answers_need_id", None)
    if case is None:
        return []
    stakeholders = {*stakeholders_of(event), *getattr(event, "receivers", ())}
    offers = {one.offer_id for one in getattr(event, "allocations", None) or ()}
    if isinstance(event, i.OfferReceived | i.OfferChanged):
        offers.add(event.offer_id)
    links = [Link(case, one, "stakeholder") for one in sorted(stakeholders)]
    links += [Link(case, one, "offer") for one in sorted(offers)]
    if isinstance(event, i.NeedRegistered | i.NeedChanged):
        submission = submission_of(event)
        links += [Link(case, submission, "submission")] if submission else []
    return links
