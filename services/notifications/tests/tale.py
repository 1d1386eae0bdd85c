"""A partnership told event by event: a need, two givers, two proposals, one agreement, its result."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from contracts.event import Event
from contracts.events import agreements as a
from contracts.events import departments as d
from contracts.events import impact as p
from contracts.events import intake as i
from contracts.events import matching as m
from contracts.values import (
    Allocation,
    CommunicationPlan,
    FieldError,
    ImpactPlan,
    Line,
    Party,
    QuantityChange,
    SignatureEvidence,
)

SHA = "0" * 64
LINE = Line(kind="goods", unit="C62", quantity=Decimal(271))


@dataclass
class Tale:
    """Ids of one partnership and its events; ``all()`` is the whole story in the order it happened."""

    department: str = "education"
    title: str = "Laptop per le scuole"
    manager: str | None = "giulia"
    need: UUID = field(default_factory=uuid4)
    giver: UUID = field(default_factory=uuid4)
    other: UUID = field(default_factory=uuid4)
    offer: UUID = field(default_factory=uuid4)
    other_offer: UUID = field(default_factory=uuid4)
    match: UUID = field(default_factory=uuid4)
    other_match: UUID = field(default_factory=uuid4)
    third_match: UUID = field(default_factory=uuid4)
    agreement: UUID = field(default_factory=uuid4)
    plan: UUID = field(default_factory=uuid4)
    reference: str = field(default_factory=lambda: f"EDU-{uuid4().hex[:8]}")
    expires_at: datetime = field(default_factory=lambda: datetime.now(UTC) + timedelta(days=10))

    def stakeholder(self, which: UUID, version: int = 1) -> Event:
        return i.StakeholderRegistered(
            stakeholder_id=which, version=version, name=f"Impresa {which.hex[:6]}", stakeholder_type="company"
        )

    def vetted(self, which: UUID, version: int = 2) -> Event:
        return i.StakeholderVetted(stakeholder_id=which, version=version, outcome="approved")

    def assigned(self, which: UUID, who: str = "giulia", version: int = 3, cover: str | None = None) -> Event:
        return i.AccountManagerAssigned(stakeholder_id=which, version=version, account_manager_id=who, covered_by=cover)

    def _need(self, kind: type[Any], version: int, manager: str | None) -> Event:
        made: Event = kind(
            need_id=self.need,
            version=version,
            department=self.department,
            title=self.title,
            policy_area="digital_poverty",
            lines=(LINE,),
            account_manager_id=manager,
            external_ref=self.reference,
        )
        return made

    def registered(self) -> Event:
        return self._need(i.NeedRegistered, 1, None)

    def guided(self, version: int = 2) -> Event:
        return self._need(i.NeedChanged, version, self.manager)

    def rejected_submission(self) -> Event:
        return d.SubmissionRejected(
            rejection_id=uuid4(),
            submission_id="7",
            submission_source="/departments",
            submission_type="sportello.departments.need-submitted.v1",
            external_ref=self.reference,
            department=self.department,
            errors=(FieldError(pointer="/lines", code="missing", message_it="manca", message_en="missing"),),
        )

    def offered(self, which: UUID, by: UUID) -> Event:
        return i.OfferReceived(offer_id=which, version=1, stakeholder_id=by, title="Laptop usati", lines=(LINE,))

    def parties(self, giver: UUID) -> tuple[Party, ...]:
        return (
            Party(
                party_id=f"department:{self.department}",
                role="department",
                department=self.department,
                name="Direzione Educazione",
            ),
            Party(
                party_id=f"stakeholder:{giver}",
                role="giver",
                stakeholder_id=giver,
                name=f"Impresa {giver.hex[:6]}",
                account_manager_id=self.manager,
            ),
        )

    def _match(self, kind: type[Any], version: int, match: UUID, giver: UUID, offer: UUID, **more: Any) -> Event:
        made: Event = kind(
            match_id=match,
            version=version,
            need_id=self.need,
            need_title=self.title,
            department=self.department,
            policy_area="digital_poverty",
            triangulation=False,
            parties=self.parties(giver),
            allocations=(
                Allocation(
                    offer_id=offer,
                    offer_line=0,
                    need_line=0,
                    stakeholder_id=giver,
                    kind="goods",
                    quantity=Decimal(271),
                    unit="C62",
                ),
            ),
            account_manager_id=self.manager,
            **more,
        )
        return made

    def proposed(self, other: bool = False) -> Event:
        match, giver, offer = (
            (self.other_match, self.other, self.other_offer) if other else (self.match, self.giver, self.offer)
        )
        more = {"score": 0.8, "reasons": (), "rules_version": "1", "expires_at": self.expires_at}
        return self._match(m.MatchProposed, 1, match, giver, offer, **more)

    def consented(self, version: int, party: str, *awaited: str) -> Event:
        return m.MatchConsentGiven(
            match_id=self.match, version=version, need_id=self.need, party_id=party, channel="own", awaited=awaited
        )

    def both_consent(self) -> list[Event]:
        department, giver = f"department:{self.department}", f"stakeholder:{self.giver}"
        return [self.consented(2, department, giver), self.consented(3, giver)]

    def countered(self, version: int, party: str, *awaited: str, consented: tuple[str, ...] = ()) -> Event:
        change = QuantityChange(
            offer_id=self.offer,
            offer_line=0,
            need_line=0,
            stakeholder_id=self.giver,
            kind="goods",
            unit="C62",
            before=Decimal(271),
            after=Decimal(250),
        )
        return self._match(
            m.MatchCountered,
            version,
            self.match,
            self.giver,
            self.offer,
            party_id=party,
            channel="own",
            changes=(change,),
            awaited=awaited,
            consented=(party, *consented),
            expires_at=self.expires_at,
        )

    def postponed(self, version: int, until: datetime) -> Event:
        return m.MatchPostponed(
            match_id=self.match,
            version=version,
            need_id=self.need,
            party_id=f"department:{self.department}",
            until=until,
            expires_at=until + timedelta(days=5),
        )

    def undone(self, version: int, what: str, awaited: tuple[str, ...], consented: tuple[str, ...] = ()) -> Event:
        return self._match(
            m.MatchDecisionUndone,
            version,
            self.match,
            self.giver,
            self.offer,
            party_id=f"department:{self.department}",
            undone=what,
            awaited=awaited,
            consented=consented,
            expires_at=self.expires_at,
        )

    def accepted(self) -> Event:
        return self._match(m.MatchAccepted, 4, self.match, self.giver, self.offer)

    def expired(self) -> Event:
        return m.MatchExpired(match_id=self.other_match, version=2, need_id=self.need, reason_code="superseded")

    def declined(self) -> Event:
        return m.MatchDeclined(
            match_id=self.other_match,
            version=2,
            need_id=self.need,
            party_id=f"stakeholder:{self.other}",
            reason_code="too_far",
        )

    def taking_its_place(self) -> Event:
        more = {"score": 0.8, "reasons": (), "rules_version": "1", "expires_at": self.expires_at}
        why = {"replaces_match_id": self.other_match, "replaces_because": "party_replaced"}
        kept = {"consented": (f"department:{self.department}",)}
        return self._match(m.MatchProposed, 1, self.third_match, self.giver, self.offer, **more, **why, **kept)

    def released(self, version: int = 5) -> Event:
        return m.MatchReleased(
            match_id=self.match, version=version, need_id=self.need, reason_code="agreement_rejected"
        )

    def end_refused(self) -> list[Event]:
        """Somebody asks for the end of the match when its agreement was handed in already."""
        asked = {"match_id": self.match, "need_id": self.need, "reason_code": "undone", "account_manager_id": "giulia"}
        return [m.MatchEndAsked(version=5, **asked), m.MatchEndRefused(version=6, because="submitted", **asked)]

    def file(self, kind: type[Any], version: int, /, **more: Any) -> Event:
        made: Event = kind(
            agreement_id=self.agreement,
            version=version,
            match_id=self.match,
            need_id=self.need,
            department=self.department,
            stakeholder_ids=(self.giver,),
            account_manager_id=self.manager,
            **more,
        )
        return made

    def drafted(self) -> Event:
        return self.file(a.AgreementDrafted, 1, title=self.title)

    def review(self) -> Event:
        return self.file(a.AgreementReviewRequested, 2, title=self.title, instrument="donazione")

    def sent_back(self) -> Event:
        return self.file(a.AgreementSentBack, 3, title=self.title, instrument="donazione")

    def approved(self) -> Event:
        more = {"title": self.title, "instrument": "donazione", "signatories": ("city",), "document_sha256": SHA}
        return self.file(a.AgreementApproved, 3, **more)

    def signed(self) -> Event:
        return self.file(
            a.AgreementSigned,
            4,
            title=self.title,
            policy_area="digital_poverty",
            instrument="donazione",
            instrument_version=1,
            protocol_number="2026/1",
            signed_on=date(2026, 11, 1),
            valid_from=date(2026, 11, 1),
            parties=self.parties(self.giver),
            allocations=(),
            impact_plan=ImpactPlan(),
            communication_plan=CommunicationPlan(summary="In comune"),
            signatures=(
                SignatureEvidence(
                    party_id=f"department:{self.department}",
                    level="development",
                    signed_at=datetime(2026, 11, 1, tzinfo=UTC),
                    certificate_sha256=SHA,
                ),
            ),
            document_sha256=SHA,
        )

    def result(self, kind: type[Any], version: int, **more: Any) -> Event:
        made: Event = kind(
            plan_id=self.plan,
            version=version,
            agreement_id=self.agreement,
            match_id=self.match,
            need_id=self.need,
            department=self.department,
            stakeholder_ids=(self.giver,),
            account_manager_id=self.manager,
            **more,
        )
        return made

    def opened(self) -> Event:
        more = {"title": self.title, "policy_area": "digital_poverty", "commitments": (), "indicators": ()}
        return self.result(p.ImpactPlanOpened, 1, **more)

    def delivered(self) -> Event:
        more = {
            "delivery_id": uuid4(),
            "offer_id": self.offer,
            "offer_line": 0,
            "quantity": Decimal(271),
            "unit": "C62",
            "delivered_on": date(2026, 11, 5),
        }
        return self.result(p.DeliveryRecorded, 2, **more)

    def fulfilled(self) -> list[Event]:
        return [
            self.result(p.PlanFulfilled, 3),
            self.file(a.AgreementCompleted, 6),
            i.NeedFulfilled(need_id=self.need, version=3),
        ]

    def until_proposals(self) -> list[Event]:
        return [
            self.stakeholder(self.giver),
            self.assigned(self.giver, version=2),
            self.vetted(self.giver, version=3),
            self.stakeholder(self.other),
            self.vetted(self.other),
            self.rejected_submission(),
            self.registered(),
            self.guided(),
            self.offered(self.offer, self.giver),
            self.offered(self.other_offer, self.other),
            self.proposed(),
            self.proposed(other=True),
        ]

    def until_accepted(self) -> list[Event]:
        return [*self.until_proposals(), *self.both_consent(), self.accepted(), self.declined()]

    def until_signed(self) -> list[Event]:
        return [*self.until_accepted(), self.drafted(), self.review(), self.approved(), self.signed(), self.opened()]

    def all(self) -> list[Event]:
        return [
            *self.until_signed(),
            self.file(a.AgreementActivated, 5, effective_on=date(2026, 11, 2)),
            self.delivered(),
            *self.fulfilled(),
        ]
