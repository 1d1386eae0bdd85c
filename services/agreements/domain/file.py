"""The file of one agreement: all that was decided about one accepted match."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from contracts.values import (
    Allocation,
    CommunicationPlan,
    ImpactPlan,
    LongText,
    Party,
    Quantity,
    ShortText,
    SignatureEvidence,
    Slug,
    Value,
)
from services.agreements.domain.particulars import Milestone, NextStep, Override, Risk
from services.agreements.domain.states import OPEN_AMENDMENT, AmendmentState, State

Language = Literal["it", "en"]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
MOST_SEATS = 5
"""People through whom one party signs, at most."""


class FiledDocument(Value):
    """A document on file: a statement in words (`text`), an uploaded file (`file_name`, `sha256`), or both."""

    document_id: UUID
    kind: Slug
    title: ShortText
    text: LongText | None = None
    file_name: ShortText | None = None
    media_type: str | None = None
    size: int | None = Field(default=None, ge=1)
    sha256: Sha256 | None = None
    added_at: datetime
    added_by: str


class Responsibility(Value):
    """What one party answers for, in words."""

    party_id: Annotated[str, Field(min_length=1, max_length=100)]
    text: LongText


class Signatory(Value):
    """One party that has to sign, in the order of the document, and its signature once given.

    `person_id` is the account's subject (None when the signature came from outside); the name of the person is only
    in the signed document itself. A party may have to sign through several people, each on a `seat` of its own.
    """

    party_id: Annotated[str, Field(min_length=1, max_length=100)]
    name: ShortText
    organisation_id: Annotated[str, Field(min_length=1, max_length=200)]
    is_city: bool
    seat: Annotated[int, Field(ge=1, le=MOST_SEATS)] = 1
    due_on: date | None = None
    person_id: str | None = None
    evidence: SignatureEvidence | None = None
    signature_id: Sha256 | None = None
    """Which of its certificate's signatures this is; a person may sign for more than one party."""

    @property
    def field(self) -> str:
        """The name of this signature's field in the PDF."""
        name = "sign-" + self.party_id.replace(":", "-")
        return name if self.seat == 1 else f"{name}-{self.seat}"


class PlannedSignature(Value):
    """How a party is to sign: through how many people, and until when."""

    party_id: Annotated[str, Field(min_length=1, max_length=100)]
    people: Annotated[int, Field(ge=1, le=MOST_SEATS)] = 1
    due_on: date | None = None


class SigningPlan(Value):
    """In which order the document is signed. Parties that are not named come last, with one person each."""

    order: Literal["parallel", "in_order"] = "parallel"
    signatures: tuple[PlannedSignature, ...] = ()


class Protocol(Value):
    """The number in the register: without gaps per city and year."""

    year: int
    number: int = Field(ge=1)

    def __str__(self) -> str:
        return f"{self.year}/{self.number:07d}"


class LineChange(Value):
    """A line, by its position in the agreement, and how much of it is agreed from now on."""

    position: Annotated[int, Field(ge=0)]
    quantity: Quantity


class Changes(Value):
    """What an amendment changes; whatever is None or empty stays as it is. An empty text takes a term away."""

    quantities: tuple[LineChange, ...] = ()
    valid_to: date | None = None
    terms: dict[str, str] = Field(default_factory=dict)
    responsibilities: tuple[Responsibility, ...] | None = None
    communication_plan: CommunicationPlan | None = None
    impact_plan: ImpactPlan | None = None


class Amendment(Value):
    """A further signed act about a signed agreement: with its own number, document and signatures.

    `before` holds what `changes` replaces, as it was on the day of approval; it is what the document shows.
    """

    number: int = Field(ge=1)
    kind: Literal["amendment", "renewal"]
    state: AmendmentState
    reason: LongText
    changes: Changes
    before: Changes | None = None
    opened_on: date
    opened_by: str
    protocol: Protocol | None = None
    approved_on: date | None = None
    approved_sha256: Sha256 | None = None
    signatories: tuple[Signatory, ...] = ()
    signed_on: date | None = None
    signed_sha256: Sha256 | None = None
    closing_reason: LongText | None = None


class NoticeOnFile(Value):
    """A public notice that stands, and the term whose waiting period counts from it."""

    notice_id: UUID
    term: Slug
    published_on: date


class Publication(Value):
    """The duty to be published before it takes effect; `position` is the register's entry once it was done."""

    basis: str
    position: int | None = Field(default=None, ge=1)
    published_on: date | None = None


class AgreementFile(Value):
    """The aggregate. `version` grows by one with every change and is the entity tag."""

    agreement_id: UUID
    version: int = Field(ge=1)
    state: State
    match_id: UUID
    need_id: UUID
    department: Slug
    title: ShortText
    policy_area: Slug
    triangulation: bool
    parties: tuple[Party, ...]
    allocations: tuple[Allocation, ...]
    account_manager_id: str | None = None
    beneficiaries: LongText | None = None
    expected_return: Literal["none", "visibility"] = "none"
    drafted_at: datetime
    drafted_on: date

    language: Language = "it"
    instrument: Slug | None = None
    instrument_version: int | None = None
    terms: dict[str, str] = Field(default_factory=dict)
    responsibilities: tuple[Responsibility, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None
    communication_plan: CommunicationPlan | None = None
    impact_plan: ImpactPlan | None = None
    documents: tuple[FiledDocument, ...] = ()
    risks: tuple[Risk, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    overrides: tuple[Override, ...] = ()
    organisation_types: dict[str, str] = Field(default_factory=dict)
    """Kinds of the organisations that take part, by id, as known when the file was last worked on."""
    next_step: NextStep | None = None

    notices: tuple[NoticeOnFile, ...] = ()
    publication: Publication | None = None

    submitted_by: str | None = None
    submitted_once: bool = False
    """Also of a file that was sent back: whoever heard that it was submitted builds on it (ADR 99)."""
    protocol: Protocol | None = None
    approved_on: date | None = None
    approved_sha256: Sha256 | None = None
    signing: SigningPlan = SigningPlan()
    signatories: tuple[Signatory, ...] = ()
    signed_on: date | None = None
    signed_sha256: Sha256 | None = None
    closing_reason: LongText | None = None

    split_from: UUID | None = None
    undivided_value_cents: int | None = None
    """What its givers gave in the match before it was divided: a division does not get anybody below a threshold."""
    part: int = Field(default=1, ge=1)
    """Which of the match's agreements this is."""
    amendments: tuple[Amendment, ...] = ()
    suspended_until: date | None = None
    ends_on: date | None = None
    """The day of an early end that was decided and has not come."""
    ends_because: LongText | None = None

    @property
    def amendment(self) -> Amendment | None:
        """The one amendment under way, if any."""
        return next((one for one in self.amendments if one.state in OPEN_AMENDMENT), None)

    @property
    def stakeholder_ids(self) -> tuple[UUID, ...]:
        """Every organisation that takes part, also the partners behind an offer: they may read the file."""
        found = [party.stakeholder_id for party in self.parties if party.stakeholder_id]
        found += [partner.stakeholder_id for party in self.parties for partner in party.partners]
        return tuple(dict.fromkeys(found))

    @property
    def value_cents(self) -> int | None:
        """Value of all lines together; None as long as a line's value is not known."""
        values = [allocation.value_cents for allocation in self.allocations if allocation.value_cents is not None]
        return sum(values) if values else None

    def party(self, party_id: str) -> Party | None:
        return next((party for party in self.parties if party.party_id == party_id), None)

    def party_of(self, stakeholder_id: UUID) -> Party | None:
        return next((party for party in self.parties if party.stakeholder_id == stakeholder_id), None)

    def notice_day(self, term: str) -> date | None:
        """The day of the notice that the waiting period of `term` counts from."""
        return next((one.published_on for one in self.notices if one.term == term), None)

    def signatory(self, party_id: str) -> Signatory | None:
        """The party's next signature: the first that is not given yet, else its first."""
        own = [one for one in self.signatories if one.party_id == party_id]
        return next((one for one in own if one.evidence is None), own[0] if own else None)
