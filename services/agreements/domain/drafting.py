"""Opening and filling in a file: what changes it up to the moment it goes to review."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from contracts.events.agreements import AgreementDrafted, AgreementReviewRequested
from contracts.events.matching import MatchAccepted
from contracts.values import CommunicationPlan, ImpactPlan
from services.agreements.domain.checks import open_checks
from services.agreements.domain.commands import ChooseInstrument
from services.agreements.domain.file import AgreementFile, FiledDocument
from services.agreements.domain.instruments import Instrument
from services.agreements.domain.outcome import Outcome, changed, reference
from services.agreements.domain.refusals import ChecksOpen, Invalid
from services.agreements.domain.states import Act, State, after


def draft(match: MatchAccepted, agreement_id: UUID, now: datetime, today: date) -> Outcome:
    """The file of an accepted match. Quantities are those fixed at acceptance, also of open-ended lines."""
    file = AgreementFile(
        agreement_id=agreement_id,
        version=1,
        state=State.DRAFTED,
        match_id=match.match_id,
        need_id=match.need_id,
        department=match.department,
        title=match.need_title,
        policy_area=match.policy_area,
        triangulation=match.triangulation,
        parties=match.parties,
        allocations=match.allocations,
        account_manager_id=match.account_manager_id,
        beneficiaries=match.beneficiaries,
        expected_return=match.expected_return,
        drafted_at=now,
        drafted_on=today,
    )
    return Outcome(file, (AgreementDrafted(**reference(file), title=file.title),))


def choose_instrument(file: AgreementFile, command: ChooseInstrument, record: Instrument | None) -> Outcome:
    """Pins one version of the instrument to the file. Raises Invalid for what the instrument does not know."""
    if record is None:
        raise Invalid("unknown-instrument", "Strumento sconosciuto.", "There is no such instrument.", "/instrument")
    known = {term.code for term in record.terms}
    for term in command.terms:
        if term not in known:
            raise Invalid(
                "unknown-term",
                f"Lo strumento non prevede '{term}'.",
                f"The instrument has no term '{term}'.",
                f"/terms/{term}",
            )
    for index, responsibility in enumerate(command.responsibilities or ()):
        if file.party(responsibility.party_id) is None:
            raise Invalid(
                "unknown-party",
                "Questa parte non è nell'accordo.",
                "This party is not in the agreement.",
                f"/responsibilities/{index}/party_id",
            )
    if command.valid_from and command.valid_to and command.valid_to < command.valid_from:
        raise Invalid("ends-early", "La fine precede l'inizio.", "The end is before the beginning.", "/valid_to")
    kept = file.terms if file.instrument == record.code else {}
    terms = {name: text for name, text in {**kept, **command.terms}.items() if text.strip()}
    return changed(
        file,
        Act.EDIT,
        instrument=record.code,
        instrument_version=record.version,
        terms=terms,
        responsibilities=(file.responsibilities if command.responsibilities is None else command.responsibilities),
        valid_from=command.valid_from or file.valid_from,
        valid_to=command.valid_to or file.valid_to,
        language=command.language,
    )


def set_communication_plan(file: AgreementFile, plan: CommunicationPlan) -> Outcome:
    return changed(file, Act.EDIT, communication_plan=plan)


def set_impact_plan(file: AgreementFile, plan: ImpactPlan) -> Outcome:
    return changed(file, Act.EDIT, impact_plan=plan)


def add_document(file: AgreementFile, document: FiledDocument) -> Outcome:
    return changed(file, Act.EDIT, documents=(*file.documents, document))


def submit(file: AgreementFile, record: Instrument | None, actor: str, today: date) -> Outcome:
    """Hands the file to the Legal Office. Raises ChecksOpen with all that is missing."""
    after(file.state, Act.SUBMIT)
    missing = open_checks(file, record, today, "review")
    if missing or record is None:
        raise ChecksOpen(missing)
    outcome = changed(file, Act.SUBMIT, submitted_by=actor)
    event = AgreementReviewRequested(**reference(outcome.file), title=file.title, instrument=record.code)
    return Outcome(outcome.file, (event,))
