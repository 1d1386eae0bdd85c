"""The one table: what each event asks of whom, and what it settles.

How to read a row: ``opens("review_agreement", MATCH, AGREEMENT)`` = there is a review to do; all agreements of one
match are one item with a part each. ``settles`` with the same names takes it away again. ``at`` says against what the
two are compared: the aggregate's version (both come from the same aggregate), the event's time (they come from
different ones), a fixed mark, or "final" = settled once and for all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from contracts.event import Event
from contracts.events import agreements as a
from contracts.events import departments as d
from contracts.events import impact as p
from contracts.events import intake as i
from contracts.events import matching as m
from services.notifications.domain import days
from services.notifications.domain.kinds import KINDS
from services.notifications.domain.parts import FINAL, Content, Part
from services.notifications.domain.steps import (
    At,
    Find,
    Moves,
    Nothing,
    Opens,
    OpensForParties,
    Progress,
    Settles,
    SettlesForParties,
    Step,
)
from services.notifications.domain.story import facts_of, stakeholders_of, submission_of, thread_of


def field(name: str) -> Find:
    """The id in the event's field ``name``."""

    def find(event: Any) -> UUID | None:
        found: UUID | None = getattr(event, name)
        return found

    return find


def submission_thread(event: Any) -> UUID | None:
    return submission_of(event) or getattr(event, "rejection_id", None)


NEED, OFFER, STAKEHOLDER = field("need_id"), field("offer_id"), field("stakeholder_id")
MATCH, AGREEMENT, REJECTION = field("match_id"), field("agreement_id"), field("rejection_id")
SUBMISSION: Find = submission_thread


def party_part(subject: UUID, party_id: str) -> UUID:
    """The part that is one party's of an item that asks each of them."""
    return uuid5(subject, party_id)


def _consenting(event: Any) -> UUID | None:
    return party_part(event.match_id, event.party_id)


PARTY: Find = _consenting


opens, settles = Opens, Settles


def _unguided(event: Any) -> bool:
    return event.account_manager_id is None


def _guided(event: Any) -> bool:
    return event.account_manager_id is not None


def _needs_another_way(event: m.MatchExpired) -> bool:
    """A proposal that made room for a better one, or whose need is closed, leaves nothing to look for."""
    return event.reason_code in ("timeout", "offer_closed")


def _parties(event: m.MatchProposed) -> list[str]:
    """Everybody has to consent: the department, every giver, every receiver that the need names.

    A yes that was said to the match this one replaces still stands where its part is the same.
    """
    return [party.party_id for party in event.parties if party.party_id not in (event.consented or ())]


def _awaited(event: m.MatchCountered | m.MatchDecisionUndone) -> tuple[str, ...]:
    return event.awaited


def _consented(event: m.MatchCountered | m.MatchDecisionUndone) -> tuple[str, ...]:
    return event.consented


def _organisations(parties: Iterable[str]) -> list[str]:
    """For the city its signatory signs, who has an item of the kind for that."""
    return [party_id for party_id in parties if party_id.startswith("stakeholder:")]


def _city_among(parties: Iterable[str]) -> bool:
    return any(not party_id.startswith("stakeholder:") for party_id in parties)


def _first_to_sign(event: a.AgreementApproved) -> tuple[str, ...]:
    return event.signatories if event.awaited is None else event.awaited


def _done_signing(event: a.AgreementSignatureGiven) -> list[str]:
    """A party of which further people sign now is not done yet."""
    return [] if event.party_id in event.awaited else [event.party_id]


_AMENDMENT_OVER = ("rejected", "withdrawn", "lapsed")


def _amendment_in(*states: str) -> Callable[[Any], bool]:
    return lambda event: event.state in states


def _first_to_sign_amendment(event: a.AgreementAmendmentChanged) -> tuple[str, ...]:
    if event.state != "approved":
        return ()
    return (event.signatories or ()) if event.awaited is None else event.awaited


def _city_signs_amendment(event: a.AgreementAmendmentChanged) -> bool:
    """Also where nobody was named: the city always signs."""
    first = _first_to_sign_amendment(event)
    return event.state == "approved" and (event.awaited is None or _city_among(first))


def _others_go_on(event: a.AgreementRejected | a.AgreementTerminated) -> bool:
    """One of several agreements of a match ended: nothing else says that its lines are looked for again."""
    return event.match_over is False


def _departmental(event: d.SubmissionRejected) -> bool:
    return event.department is not None


_AWAKE: tuple[Step, ...] = (
    Moves("decide_match", NEED, MATCH, due=days.expiry),
    Moves("give_consent", MATCH, due=days.expiry),
)
_ASLEEP: tuple[Step, ...] = (
    Moves("decide_match", NEED, MATCH, due=days.expiry, sleeps=days.asleep_until),
    Moves("give_consent", MATCH, due=days.expiry, sleeps=days.asleep_until),
)
_ASKED_AGAIN: tuple[Step, ...] = (
    OpensForParties("give_consent", MATCH, _awaited, due=days.expiry),
    SettlesForParties("give_consent", MATCH, _consented),
)
_MATCH_ENDED: tuple[Step, ...] = (
    settles("decide_match", NEED, MATCH),
    settles("give_consent", MATCH, at="final"),
)
_NEED_CLOSED: tuple[Step, ...] = (
    settles("triage_need", NEED),
    settles("find_replacement", NEED, at="final"),
)
_DRAFT_LEFT: tuple[Step, ...] = (
    settles("choose_instrument", MATCH, AGREEMENT),
    settles("fill_plans", MATCH, AGREEMENT),
    settles("mend_agreement", MATCH, AGREEMENT),
)
_SIGNATURES_OVER: tuple[Step, ...] = (
    *_DRAFT_LEFT,
    settles("review_agreement", MATCH, AGREEMENT),
    settles("collect_signatures", MATCH, AGREEMENT),
    settles("sign_agreement", MATCH, AGREEMENT),
    # Not once and for all: an amendment is signed too.
    settles("sign_as_party", AGREEMENT),
)
_DELIVERIES_OVER: tuple[Step, ...] = (
    settles("follow_deliveries", MATCH, AGREEMENT, at="final"),
    settles("record_delivery", MATCH, AGREEMENT, at="final"),
)
_TAKEN: tuple[Step, ...] = (
    settles("help_department", SUBMISSION, at="time"),
    settles("fix_submission", SUBMISSION, at="time"),
)

RULES: Mapping[type[Event], tuple[Step, ...] | Nothing] = {
    # -- organisations
    i.StakeholderRegistered: (opens("vet_stakeholder", STAKEHOLDER),),
    i.StakeholderVetted: (settles("vet_stakeholder", STAKEHOLDER),),
    i.StakeholderChanged: Nothing("whoever changed it knows; the new name is shown everywhere"),
    i.StakeholderMembershipChanged: Nothing("decides who may see and act, asks nothing"),
    i.AccountManagerAssigned: Nothing("moves open items to their new owner, adds none"),
    # -- needs
    i.NeedRegistered: (opens("triage_need", NEED, when=_unguided), *_TAKEN),
    i.NeedChanged: (
        opens("triage_need", NEED, when=_unguided),
        settles("triage_need", NEED, when=_guided),
        settles("renew_need", NEED),
        *_TAKEN,
    ),
    i.NeedWithdrawn: (*_NEED_CLOSED, settles("renew_need", NEED)),
    i.NeedExpired: (settles("triage_need", NEED), opens("renew_need", NEED)),
    i.NeedFulfilled: (*_NEED_CLOSED, settles("renew_need", NEED)),
    d.SubmissionRejected: (
        opens("help_department", SUBMISSION, REJECTION, at="time"),
        opens("fix_submission", SUBMISSION, REJECTION, at="time", when=_departmental),
    ),
    # -- offers
    i.OfferReceived: Nothing("matching answers an offer; its proposal is the work"),
    i.OfferChanged: (settles("renew_offer", OFFER),),
    i.OfferWithdrawn: (settles("renew_offer", OFFER),),
    i.OfferExpired: (opens("renew_offer", OFFER),),
    # -- matches: all proposals for one need are one item
    m.MatchProposed: (
        opens("decide_match", NEED, MATCH, due=days.expiry),
        OpensForParties("give_consent", MATCH, _parties, due=days.expiry),
        settles("find_replacement", NEED, at="time"),
    ),
    m.MatchConsentGiven: (Progress("decide_match", NEED, MATCH), settles("give_consent", MATCH, PARTY), *_AWAKE),
    m.MatchCountered: (Progress("decide_match", NEED, MATCH), *_ASKED_AGAIN, *_AWAKE),
    m.MatchPostponed: _ASLEEP,
    m.MatchDecisionUndone: (Progress("decide_match", NEED, MATCH), *_ASKED_AGAIN, *_ASLEEP),
    m.MatchAccepted: (
        *_MATCH_ENDED,
        settles("find_replacement", NEED, at="time"),
        opens("choose_instrument", MATCH, MATCH, at=1),
        opens("fill_plans", MATCH, MATCH, at=1),
    ),
    m.MatchDeclined: (*_MATCH_ENDED, opens("find_replacement", NEED, MATCH, at="time")),
    m.MatchExpired: (*_MATCH_ENDED, opens("find_replacement", NEED, MATCH, at="time", when=_needs_another_way)),
    m.MatchReleased: (
        *_MATCH_ENDED,
        settles("match_kept", MATCH, at="final"),
        settles("choose_instrument", MATCH, at="final"),
        settles("fill_plans", MATCH, at="final"),
        settles("mend_agreement", MATCH, at="final"),
        settles("review_agreement", MATCH, at="final"),
        settles("collect_signatures", MATCH, at="final"),
        settles("sign_agreement", MATCH, at="final"),
        opens("find_replacement", NEED, MATCH, at="time"),
    ),
    m.MatchEndAsked: Nothing("its agreements answer: the match is released, or MatchEndRefused says why not"),
    # What was signed since is decided on at the agreement, where it is work of its own.
    m.MatchEndRefused: (opens("match_kept", MATCH, MATCH),),
    # -- agreements: all agreements of one match are one item
    a.AgreementDrafted: (
        settles("choose_instrument", MATCH, MATCH, at="final"),
        settles("fill_plans", MATCH, MATCH, at="final"),
        opens("choose_instrument", MATCH, AGREEMENT, due=days.step),
        opens("fill_plans", MATCH, AGREEMENT),
    ),
    a.AgreementReviewRequested: (*_DRAFT_LEFT, opens("review_agreement", MATCH, AGREEMENT, due=days.step)),
    a.AgreementSentBack: (
        settles("review_agreement", MATCH, AGREEMENT),
        opens("mend_agreement", MATCH, AGREEMENT, due=days.step),
    ),
    a.AgreementApproved: (
        *_DRAFT_LEFT,
        settles("review_agreement", MATCH, AGREEMENT),
        opens("collect_signatures", MATCH, AGREEMENT, due=days.step),
        opens("sign_agreement", MATCH, AGREEMENT, when=lambda event: _city_among(_first_to_sign(event)), due=days.step),
        OpensForParties("sign_as_party", AGREEMENT, lambda event: _organisations(_first_to_sign(event)), due=days.step),
    ),
    # Those who could sign before keep their item as it is; a new one is only for those whose turn has come.
    a.AgreementSignatureGiven: (
        opens("sign_agreement", MATCH, AGREEMENT, when=lambda event: _city_among(event.called), due=days.step),
        OpensForParties("sign_as_party", AGREEMENT, lambda event: _organisations(event.called), due=days.step),
        settles("sign_agreement", MATCH, AGREEMENT, when=lambda event: _city_among(_done_signing(event))),
        SettlesForParties("sign_as_party", AGREEMENT, lambda event: _organisations(_done_signing(event))),
    ),
    a.AgreementRejected: (
        *_SIGNATURES_OVER,
        opens("tell_parties", MATCH, AGREEMENT),
        opens("find_replacement", NEED, MATCH, at="time", when=_others_go_on),
    ),
    a.AgreementSigned: (
        *_SIGNATURES_OVER,
        opens("follow_deliveries", MATCH, AGREEMENT, at=1, due=days.end),
        opens("record_delivery", MATCH, AGREEMENT, at=1, due=days.delivery),
    ),
    a.AgreementActivated: (settles("resolve_suspension", MATCH, AGREEMENT),),
    a.AgreementAmendmentChanged: (
        opens("review_agreement", MATCH, AGREEMENT, when=_amendment_in("in_review"), due=days.step),
        settles("review_agreement", MATCH, AGREEMENT, when=_amendment_in("approved", *_AMENDMENT_OVER)),
        opens("collect_signatures", MATCH, AGREEMENT, when=_amendment_in("approved"), due=days.step),
        opens("sign_agreement", MATCH, AGREEMENT, when=_city_signs_amendment, due=days.step),
        OpensForParties(
            "sign_as_party", AGREEMENT, lambda event: _organisations(_first_to_sign_amendment(event)), due=days.step
        ),
        settles("collect_signatures", MATCH, AGREEMENT, when=_amendment_in(*_AMENDMENT_OVER)),
        settles("sign_agreement", MATCH, AGREEMENT, when=_amendment_in(*_AMENDMENT_OVER)),
        settles("sign_as_party", AGREEMENT, when=_amendment_in(*_AMENDMENT_OVER)),
    ),
    a.AgreementAmended: (
        *_SIGNATURES_OVER,
        opens("tell_parties", MATCH, AGREEMENT),
        # With the last day as it is now.
        opens("follow_deliveries", MATCH, AGREEMENT, due=days.end),
        opens("record_delivery", MATCH, AGREEMENT, due=days.delivery),
    ),
    a.AgreementSuspended: (opens("resolve_suspension", MATCH, AGREEMENT, due=days.until),),
    a.AgreementCompleted: (
        settles("resolve_suspension", MATCH, AGREEMENT),
        *_DELIVERIES_OVER,
        opens("thank_and_close", MATCH, AGREEMENT, at=2),
    ),
    a.AgreementTerminated: (
        *_SIGNATURES_OVER,
        settles("resolve_suspension", MATCH, AGREEMENT),
        *_DELIVERIES_OVER,
        opens("tell_parties", MATCH, AGREEMENT),
        opens("find_replacement", NEED, MATCH, at="time", when=_others_go_on),
    ),
    # -- results
    p.ImpactPlanOpened: (opens("follow_deliveries", MATCH, AGREEMENT, at=2, due=days.first_reading),),
    p.PlanFulfilled: (
        *_DELIVERIES_OVER,
        opens("thank_and_close", MATCH, AGREEMENT, at=1),
    ),
    p.DeliveryRecorded: Nothing("part of what is being followed; the plan says when it is all there"),
    p.IndicatorMeasured: Nothing("part of what is being followed; the plan says when it is all there"),
    p.ResultCorrected: Nothing("whoever corrected it knows; the results show it"),
}


def parts_of(event: Any, at: datetime) -> list[Part]:
    """What ``event`` (which happened at ``at``) adds to the memory of work items."""
    steps = RULES[type(event)]
    if isinstance(steps, Nothing):
        return []
    return [part for step in steps for part in _apply(step, event, at)]


def _apply(step: Step, event: Any, at: datetime) -> list[Part]:
    if isinstance(step, OpensForParties):
        return [_asked(step, event, party_id, at) for party_id in step.parties(event)]
    if isinstance(step, SettlesForParties):
        return [_answered(step, event, party_id) for party_id in step.parties(event)]
    if isinstance(step, Opens | Settles) and not step.when(event):
        return []
    subject, part = step.subject(event), step.part(event)
    if subject is None or part is None:
        return []
    if isinstance(step, Progress):
        return [Part(step.kind, subject, part, progress_mark=event.version, progress=facts_of(event))]
    if isinstance(step, Moves):
        sleeps, due = step.sleeps(event), step.due(event)
        return [Part(step.kind, subject, part, moved=event.version, sleeps_until=sleeps, moved_due=due)]
    if isinstance(step, Settles):
        return [Part(step.kind, subject, part, settled=_mark(step.at, event, at))]
    content = _content(step.kind, event, at, step.due(event))
    return [Part(step.kind, subject, part, opened=_mark(step.at, event, at), content=content)]


def _asked(step: OpensForParties, event: Any, party_id: str, at: datetime) -> Part:
    subject = step.subject(event)
    assert subject is not None
    content = _content(step.kind, event, at, step.due(event), audience=party_id)
    return Part(step.kind, subject, party_part(subject, party_id), opened=event.version, content=content)


def _answered(step: SettlesForParties, event: Any, party_id: str) -> Part:
    subject = step.subject(event)
    assert subject is not None
    return Part(step.kind, subject, party_part(subject, party_id), settled=event.version)


def _content(kind: str, event: Any, at: datetime, due: datetime | None, audience: str | None = None) -> Content:
    rule = KINDS[kind]
    if audience is None:
        audience = f"department:{event.department}" if rule.audience == "department" else rule.audience
    return Content(
        audience=audience,
        case_id=getattr(event, "need_id", None),
        account_manager_id=getattr(event, "account_manager_id", None),
        stakeholder_ids=stakeholders_of(event),
        facts=facts_of(event) | {"thread": str(thread_of(event))},
        opened_at=at,
        due_at=due or at + timedelta(days=rule.days),
    )


def _mark(at: At, event: Any, happened: datetime) -> int:
    if at == "version":
        return int(event.version)
    if at == "time":
        return int(happened.timestamp() * 1_000_000)
    return FINAL if at == "final" else at
