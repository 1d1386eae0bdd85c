"""Approval and signature: who must sign, and what the last signature brings about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from contracts.events.agreements import (
    AgreementActivated,
    AgreementApproved,
    AgreementSignatureGiven,
    AgreementSigned,
)
from contracts.values import Party, SignatureEvidence
from services.agreements.domain.checks import open_checks
from services.agreements.domain.file import AgreementFile, Protocol, Signatory
from services.agreements.domain.instruments import Instrument
from services.agreements.domain.outcome import Outcome, changed, reference
from services.agreements.domain.publication import is_owed, refuse_unpublished
from services.agreements.domain.refusals import ChecksOpen, NotAllowed, NotPossible
from services.agreements.domain.signatories import parties_in_turn, planned, refuse_out_of_turn
from services.agreements.domain.states import Act, after


def signatories_of(file: AgreementFile, city: str, types: Mapping[UUID, str]) -> tuple[Signatory, ...]:
    """The city, through the need's department, then every other party.

    A department that takes part as a stakeholder (its warehouse, its vans) is the city itself: it does not
    sign a second time. `types` are the kinds of the stakeholders as intake announced them.
    """
    own = tuple(party for party in file.parties if party.department is not None)
    others = tuple(
        party
        for party in file.parties
        if party.stakeholder_id is not None and types.get(party.stakeholder_id) != "department"
    )
    return planned(tuple(_signatory(party, city) for party in (*own[:1], *others)), file.signing)


def _signatory(party: Party, city: str) -> Signatory:
    is_city = party.department is not None
    organisation = f"city:{city}" if is_city else party.party_id
    return Signatory(party_id=party.party_id, name=party.name, organisation_id=organisation, is_city=is_city)


def may_be_approved(file: AgreementFile, record: Instrument | None, today: date) -> Instrument:
    """The file's instrument, when nothing is missing. Raises NotPossible or ChecksOpen."""
    after(file.state, Act.APPROVE)
    _refuse_term_over(file, max(today, file.valid_from or today))
    missing = open_checks(file, record, today, "review")
    if missing or record is None:
        raise ChecksOpen(missing)
    return record


def numbered(file: AgreementFile, signatories: tuple[Signatory, ...], protocol: Protocol, today: date) -> AgreementFile:
    """The file as its document has to show it: approved, with its number, still without the document."""
    return changed(file, Act.APPROVE, protocol=protocol, approved_on=today, signatories=signatories).file


def approved(numbered_file: AgreementFile, document_sha256: str) -> Outcome:
    """The approved file with its document fixed."""
    file = numbered_file.model_copy(update={"approved_sha256": document_sha256})
    event = AgreementApproved(
        **reference(file),
        title=file.title,
        instrument=file.instrument or "",
        signatories=tuple(dict.fromkeys(signatory.party_id for signatory in file.signatories)),
        awaited=parties_in_turn(file),
        document_sha256=document_sha256,
    )
    return Outcome(file, (event,))


def may_be_signed(file: AgreementFile, record: Instrument | None, today: date) -> None:
    """Raises NotPossible, also when the term is over by now, or ChecksOpen (a waiting period)."""
    after(file.state, Act.SIGN)
    _refuse_term_over(file, today)
    missing = open_checks(file, record, today, "signature")
    if missing:
        raise ChecksOpen(missing)


def _refuse_term_over(file: AgreementFile, day: date) -> None:
    """Raises NotPossible when the last day is before `day`: what is signed could never hold."""
    if file.valid_to is not None and file.valid_to < day:
        raise NotPossible(
            "term-over",
            f"L'ultimo giorno dell'accordo ({file.valid_to:%d/%m/%Y}) è già passato o precede il primo.",
            f"The agreement's last day ({file.valid_to:%Y-%m-%d}) is over already or before the first one.",
            "/valid_to",
        )


def awaited(file: AgreementFile, record: Instrument | None, party_id: str, today: date) -> Signatory:
    """The signatory whose turn it may be. Raises NotPossible, NotAllowed or ChecksOpen (a waiting period)."""
    may_be_signed(file, record, today)
    signatory = file.signatory(party_id)
    if signatory is None:
        raise NotAllowed(
            "not-a-signatory",
            "Questa parte non firma questo accordo.",
            "This party does not sign this agreement.",
            "/party_id",
        )
    if signatory.evidence is not None:
        raise NotPossible(
            "already-signed", "Questa parte ha già firmato.", "This party has signed already.", "/party_id"
        )
    refuse_out_of_turn(file, signatory)
    return signatory


def signed(
    file: AgreementFile,
    evidence: SignatureEvidence,
    person_id: str | None,
    sha256: str,
    today: date,
    field: str | None = None,
    signature_id: str | None = None,
) -> Outcome:
    """The file with one more verified signature; with the last one the agreement is signed.

    It is that of `field`, or the party's next one. The agreement takes effect at once unless it begins on a later day.
    """
    if field is None:
        party = file.signatory(evidence.party_id)
        field = party.field if party else ""
    given = {"evidence": evidence, "person_id": person_id, "signature_id": signature_id}
    signatories = tuple(one.model_copy(update=given) if one.field == field else one for one in file.signatories)
    if any(one.evidence is None for one in signatories):
        partly = changed(file, Act.SIGN, signatories=signatories, signed_sha256=sha256).file
        return Outcome(partly, (_given_event(file, partly, evidence.party_id),))
    whole = changed(
        file,
        Act.SIGN_LAST,
        signatories=signatories,
        signed_sha256=sha256,
        signed_on=today,
        valid_from=file.valid_from or today,
    ).file
    outcome = Outcome(whole, (_signed_event(whole, today),))
    # What has to be published first takes effect with its entry in the register.
    return activated(outcome, today) if is_due(whole, today) and not is_owed(whole) else outcome


def is_due(file: AgreementFile, today: date) -> bool:
    """Whether a signed agreement takes effect by `today`."""
    return file.valid_from is not None and file.valid_from <= today


def activated(before: Outcome, today: date) -> Outcome:
    """The agreement takes effect; the events so far are kept in front. Raises NotPossible before its publication."""
    refuse_unpublished(before.file)
    file = changed(before.file, Act.ACTIVATE).file
    event = AgreementActivated(**reference(file), effective_on=file.valid_from or today)
    return Outcome(file, (*before.events, event))


def _given_event(before: AgreementFile, file: AgreementFile, party_id: str) -> AgreementSignatureGiven:
    already, awaited = parties_in_turn(before), parties_in_turn(file)
    return AgreementSignatureGiven(
        **reference(file),
        title=file.title,
        party_id=party_id,
        awaited=awaited,
        called=tuple(one for one in awaited if one not in already),
        missing=sum(one.evidence is None for one in file.signatories),
    )


def _signed_event(file: AgreementFile, today: date) -> AgreementSigned:
    if file.communication_plan is None or file.impact_plan is None:
        raise ChecksOpen(())  # cannot happen: approval asked for both and an approved file cannot be edited
    return AgreementSigned(
        **reference(file),
        title=file.title,
        policy_area=file.policy_area,
        instrument=file.instrument or "",
        instrument_version=file.instrument_version or 0,
        protocol_number=str(file.protocol),
        signed_on=today,
        valid_from=file.valid_from or today,
        valid_to=file.valid_to,
        parties=file.parties,
        allocations=file.allocations,
        impact_plan=file.impact_plan,
        communication_plan=file.communication_plan,
        signatures=tuple(one.evidence for one in file.signatories if one.evidence),
        document_sha256=file.signed_sha256 or "",
    )
