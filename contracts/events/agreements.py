"""What the Legal Office's desk publishes: the life of an agreement."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from contracts.event import Event
from contracts.values import (
    Allocation,
    Cents,
    CommunicationPlan,
    ImpactPlan,
    LongText,
    Party,
    ResourceKind,
    ShortText,
    SignatureEvidence,
    Slug,
    StakeholderType,
    Value,
)

AGREEMENT = "agreements.agreement.v1"
INSTRUMENT = "agreements.instrument.v1"


class _AgreementRef(Event):
    agreement_id: UUID
    version: int = Field(ge=1)
    match_id: UUID
    need_id: UUID
    department: Slug
    stakeholder_ids: tuple[UUID, ...]
    account_manager_id: str | None = None
    next_owner: Slug | None = None
    """Whose turn it is from now on: account_manager, legal, partner, signatory or department; None = not said."""
    next_due_on: date | None = None
    """The day by which that step is to be done, as the agreement's own page says it."""


class AgreementDrafted(_AgreementRef, type="sportello.agreements.agreement-drafted.v1", topic=AGREEMENT):
    """A file was opened for an accepted match."""

    title: ShortText


class AgreementReviewRequested(
    _AgreementRef, type="sportello.agreements.agreement-review-requested.v1", topic=AGREEMENT
):
    """The file is complete and waits for the Legal Office."""

    title: ShortText
    instrument: Slug


class AgreementSentBack(_AgreementRef, type="sportello.agreements.agreement-sent-back.v1", topic=AGREEMENT):
    """The Legal Office has remarks: the file is open again and waits for its account manager.

    The remarks may name people and stay at the desk.
    """

    title: ShortText
    instrument: Slug | None = None


class AgreementApproved(_AgreementRef, type="sportello.agreements.agreement-approved.v1", topic=AGREEMENT):
    """The Legal Office approved the file; the document is fixed and waits for signatures.

    ``awaited`` are the parties that may sign now: with signatures in order only the first. None = all signatories.
    """

    title: ShortText
    instrument: Slug
    signatories: tuple[str, ...]
    awaited: tuple[str, ...] | None = None
    document_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class AgreementSignatureGiven(_AgreementRef, type="sportello.agreements.agreement-signature-given.v1", topic=AGREEMENT):
    """One party's signature was verified and kept, and further ones are missing; the last one is AgreementSigned.

    ``awaited`` are the parties that may sign now, ``called`` those among them whose turn came with this signature.
    ``missing`` counts signatures, of which one party may owe several. ``amendment``: the signature was given under that
    amendment, whose last one is AgreementAmended; None = under the agreement itself.
    """

    title: ShortText
    party_id: str = Field(min_length=1)
    awaited: tuple[str, ...] = Field(min_length=1)
    called: tuple[str, ...] = ()
    missing: int = Field(ge=1)
    amendment: int | None = Field(default=None, ge=1)


class AgreementRejected(_AgreementRef, type="sportello.agreements.agreement-rejected.v1", topic=AGREEMENT):
    """The Legal Office refused the file for good.

    ``allocations`` are the lines it was about; None = every line of the match. ``match_over`` is false as long as
    another agreement of the same match goes on: then only these lines are released. ``reason_code``: refused, or
    match_released. ``reason`` is deprecated and repeats the code: why in words may name people and stays at the desk.
    """

    reason: LongText
    reason_code: Slug | None = None
    allocations: tuple[Allocation, ...] | None = None
    match_over: bool | None = None


class AgreementSigned(_AgreementRef, type="sportello.agreements.agreement-signed.v1", topic=AGREEMENT):
    """Every signatory has signed and every signature was verified; carries all that impact and matching need."""

    title: ShortText
    policy_area: Slug
    instrument: Slug
    instrument_version: int = Field(ge=1)
    protocol_number: str
    signed_on: date
    valid_from: date
    valid_to: date | None = None
    parties: tuple[Party, ...]
    allocations: tuple[Allocation, ...]
    impact_plan: ImpactPlan
    communication_plan: CommunicationPlan
    signatures: tuple[SignatureEvidence, ...] = Field(min_length=1)
    document_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class AgreementDisclosureChanged(
    _AgreementRef, type="sportello.agreements.agreement-disclosure-changed.v1", topic=AGREEMENT
):
    """The Legal Office hid, erased or showed again parts of the agreement; whoever publishes them does the same.

    ``hidden`` are all parts that the public does not see from now on: its subject (title, descriptions), its parties
    (who they are, the city's department apart). Empty = everything is shown. May come before AgreementSigned.
    """

    hidden: tuple[Literal["subject", "parties"], ...]


class AgreementActivated(_AgreementRef, type="sportello.agreements.agreement-activated.v1", topic=AGREEMENT):
    """The agreement takes effect."""

    effective_on: date


class AgreementAmended(_AgreementRef, type="sportello.agreements.agreement-amended.v1", topic=AGREEMENT):
    """The signed agreement was changed by a further signed act; says what holds from now on.

    ``allocations`` are all lines of the agreement as they are now, ``released`` how much of which was taken back by
    this amendment. ``valid_to`` and the plans are those now in force. Without ``allocations`` no quantity changed.
    ``summary`` is deprecated and repeats ``kind``: why in words may name people and stays at the desk.
    """

    amendment: int = Field(ge=1)
    summary: LongText
    kind: Literal["amendment", "renewal"] | None = None
    title: ShortText | None = None
    protocol_number: str | None = None
    signed_on: date | None = None
    valid_to: date | None = None
    allocations: tuple[Allocation, ...] | None = None
    released: tuple[Allocation, ...] | None = None
    impact_plan: ImpactPlan | None = None
    communication_plan: CommunicationPlan | None = None
    signatures: tuple[SignatureEvidence, ...] | None = None
    document_sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")


class AgreementAmendmentChanged(
    _AgreementRef, type="sportello.agreements.agreement-amendment-changed.v1", topic=AGREEMENT
):
    """An amendment went a step on; the agreement itself stays as it is until AgreementAmended.

    Once approved, ``signatories`` are the parties that sign and ``awaited`` those that may now; None = all of them.
    """

    title: ShortText
    instrument: Slug
    amendment: int = Field(ge=1)
    kind: Literal["amendment", "renewal"]
    state: Literal["in_review", "approved", "rejected", "withdrawn", "lapsed"]
    signatories: tuple[str, ...] | None = None
    awaited: tuple[str, ...] | None = None


class AgreementSuspended(_AgreementRef, type="sportello.agreements.agreement-suspended.v1", topic=AGREEMENT):
    """The agreement rests; nothing is released. ``until``: the day on which it goes on by itself.

    ``reason_code``: decided. ``reason`` is deprecated and repeats the code, as in AgreementRejected.
    """

    reason: LongText
    reason_code: Slug | None = None
    until: date | None = None


class AgreementCompleted(_AgreementRef, type="sportello.agreements.agreement-completed.v1", topic=AGREEMENT):
    """Everything promised was delivered and measured."""


class AgreementTerminated(_AgreementRef, type="sportello.agreements.agreement-terminated.v1", topic=AGREEMENT):
    """The agreement ended before all was delivered; what was not delivered is released.

    ``ending``: by a decision, or because its term ran out. ``allocations`` and ``match_over`` as in
    AgreementRejected. ``reason_code``: decided, term_over or match_released; ``reason`` is deprecated and repeats it.
    """

    reason: LongText
    reason_code: Slug | None = None
    effective_on: date
    ending: Literal["decided", "term_over"] | None = None
    allocations: tuple[Allocation, ...] | None = None
    match_over: bool | None = None


Words = Annotated[LongText, Field(min_length=1)]
Certainty = Literal["A", "B", "C"]
"""A: read in the law or an official text. B: secondary source. C: not verified, to be confirmed."""


class Bilingual(Value):
    """The same words in Italian and in English."""

    it: Words
    en: Words


class InstrumentCondition(Value):
    """Holds when every part that is given does; the city's own lines and organisations do not count.

    ``kinds``: one of the resources given is of these; ``only_kinds``: all of them are. ``party_types``: an
    organisation that takes part, also behind an offer, is of these; ``only_party_types``: all that take part by
    themselves are; ``giver_types``: one that gives is. ``value_above_cents``: what is given is worth more.
    """

    value_above_cents: Cents | None = None
    kinds: tuple[ResourceKind, ...] | None = None
    only_kinds: tuple[ResourceKind, ...] | None = None
    expected_return: Literal["none", "visibility"] | None = None
    party_types: tuple[StakeholderType, ...] | None = None
    only_party_types: tuple[StakeholderType, ...] | None = None
    giver_types: tuple[StakeholderType, ...] | None = None
    organisations_at_least: int | None = Field(default=None, ge=2)


class DecisiveCriterion(Value):
    """Without a ``needed`` one, or with one that ``excludes``, the instrument cannot be used.

    It holds when any of the conditions ``when`` does. ``text`` is the reason when it holds, ``otherwise`` the reason
    when a needed one does not.
    """

    code: Slug
    effect: Literal["needed", "excludes"]
    when: tuple[InstrumentCondition, ...] = Field(min_length=1)
    text: Bilingual
    otherwise: Bilingual | None = None
    source: Words
    certainty: Certainty


class InstrumentRecord(Value):
    """One version of an instrument, as far as it decides whether the instrument can be used at all."""

    number: int = Field(ge=1)
    valid_from: date
    title: Bilingual
    source: Words
    certainty: Certainty
    criteria: tuple[DecisiveCriterion, ...] = ()


class InstrumentPublished(Event, type="sportello.agreements.instrument-published.v1", topic=INSTRUMENT):
    """When an instrument of the vademecum can be used in the city, now and later; replaces what was said of it before.

    In force on a day is, of the ``records`` valid by then, the one with the latest ``valid_from``, of several the
    highest ``number``. A version taken back is not among them any more; without any the instrument is not there.
    ``toolkit``: the codes of all instruments that the city was told of, this one too; until each has come nobody can
    say that none would do.
    """

    code: Slug
    version: int = Field(ge=1)
    records: tuple[InstrumentRecord, ...]
    toolkit: tuple[Slug, ...] | None = None
