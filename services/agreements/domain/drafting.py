"""Opening and filling in a file: what changes it up to the moment it goes to review."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from uuid import UUID

from contracts.events.agreements import AgreementDrafted, AgreementReviewRequested, AgreementSentBack
from contracts.events.matching import MatchAccepted
from contracts.values import CommunicationPlan, ImpactPlan
from services.agreements.domain.checks import open_checks
from services.agreements.domain.commands import ChooseInstrument, MilestoneWanted
from services.agreements.domain.file import AgreementFile, FiledDocument, Responsibility
from services.agreements.domain.instruments import Instrument
from services.agreements.domain.outcome import Outcome, changed, reference
from services.agreements.domain.particulars import Milestone, Risk
from services.agreements.domain.refusals import ChecksOpen, Invalid, NotPossible
from services.agreements.domain.rules import Waiting
from services.agreements.domain.states import FINAL, Act, State, after
from services.agreements.domain.steps import moved

LONGEST_YEARS = 99
"""How far ahead an agreement may last: no instrument can say more."""


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
    file = moved(file, None, today)
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
        _refuse_stranger(file, responsibility.party_id, f"/responsibilities/{index}/party_id")
    if command.valid_from and command.valid_to and command.valid_to < command.valid_from:
        raise Invalid("ends-early", "La fine precede l'inizio.", "The end is before the beginning.", "/valid_to")
    kept = file.terms if file.instrument == record.code else {}
    _refuse_far(file, command)
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


def _refuse_far(file: AgreementFile, command: ChooseInstrument) -> None:
    """Raises Invalid for a term in a year that can only be a slip, such as 0226 or 20266."""
    first, last = file.drafted_on.year - 1, file.drafted_on.year + LONGEST_YEARS
    for name in ("valid_from", "valid_to"):
        day: date | None = getattr(command, name)
        if day is not None and not first <= day.year <= last:
            raise Invalid(
                "far-away",
                f"L'anno deve essere tra il {first} e il {last}.",
                f"The year has to be between {first} and {last}.",
                f"/{name}",
            )


def refuse_typed_notice(file: AgreementFile, command: ChooseInstrument, record: Instrument | None) -> None:
    """Raises Invalid for the day of a public notice: who makes notices says when one was published elsewhere."""
    for rule in record.rules if record else ():
        if isinstance(rule, Waiting) and rule.days > 0:
            typed = command.terms.get(rule.term, "").strip()
            if typed and typed != file.terms.get(rule.term, "").strip():
                raise Invalid(
                    "legal-says-so",
                    "Il giorno dell'avviso pubblico lo indica l'Ufficio Legale.",
                    "The day of the public notice is for the Legal Office to say.",
                    f"/terms/{rule.term}",
                )


def set_communication_plan(file: AgreementFile, plan: CommunicationPlan) -> Outcome:
    return changed(file, Act.EDIT, communication_plan=plan)


def set_impact_plan(file: AgreementFile, plan: ImpactPlan) -> Outcome:
    return changed(file, Act.EDIT, impact_plan=plan)


def add_document(file: AgreementFile, document: FiledDocument) -> Outcome:
    return changed(file, Act.EDIT, documents=(*file.documents, document))


def without_document(file: AgreementFile, document_id: UUID) -> Outcome:
    """The file without a document. Raises NotPossible once the file was handed in, Invalid when there is none."""
    if file.state is not State.DRAFTED:
        raise NotPossible(
            "handed-in",
            "Il fascicolo è stato consegnato: i suoi documenti non si tolgono più, se ne aggiungono.",
            "The file was handed in: its documents are no longer taken out, further ones may be added.",
        )
    if all(one.document_id != document_id for one in file.documents):
        raise Invalid("unknown-document", "Documento non trovato.", "There is no such document.", "/document_id")
    return changed(file, Act.EDIT, documents=tuple(one for one in file.documents if one.document_id != document_id))


def with_replaced(file: AgreementFile, document_id: UUID, document: FiledDocument) -> Outcome:
    """The file with one document in the place of another, as long as it was not handed in."""
    without_document(file, document_id)
    kept = tuple(document if one.document_id == document_id else one for one in file.documents)
    return changed(file, Act.EDIT, documents=kept)


def set_responsibilities(file: AgreementFile, responsibilities: tuple[Responsibility, ...]) -> Outcome:
    """The file with what each party answers for. Raises Invalid for a party that does not take part."""
    for index, one in enumerate(responsibilities):
        _refuse_stranger(file, one.party_id, f"/responsibilities/{index}/party_id")
    return changed(file, Act.EDIT, responsibilities=responsibilities)


def set_risks(file: AgreementFile, risks: tuple[Risk, ...]) -> Outcome:
    """The file with these risks and no others. Raises Invalid for a party that does not take part."""
    for index, risk in enumerate(risks):
        _refuse_stranger(file, risk.party_id, f"/risks/{index}/party_id")
    return changed(file, Act.EDIT, risks=risks)


def set_timeline(file: AgreementFile, wanted: tuple[MilestoneWanted, ...], ids: Iterator[UUID]) -> Outcome:
    """The file with these milestones and no others, in the order of their days; `ids` are for the new ones."""
    known = {one.milestone_id: one for one in file.milestones}
    found = []
    for index, one in enumerate(wanted):
        _refuse_stranger(file, one.party_id, f"/milestones/{index}/party_id")
        before = known.pop(one.milestone_id, None) if one.milestone_id is not None else None
        if one.milestone_id is not None and before is None:
            raise Invalid(
                "unknown-milestone",
                "Questa tappa non c'è, o c'è due volte.",
                "There is no such milestone, or it is there twice.",
                f"/milestones/{index}/milestone_id",
            )
        if one.due_on < file.drafted_on and (before is None or before.due_on != one.due_on):
            raise Invalid(
                "before-the-file",
                f"È prima dell'apertura del fascicolo, che è del {file.drafted_on:%d/%m/%Y}.",
                f"It is before the file was opened, on {file.drafted_on:%Y-%m-%d}.",
                f"/milestones/{index}/due_on",
            )
        found.append(
            Milestone(
                milestone_id=before.milestone_id if before else next(ids),
                title=one.title,
                due_on=one.due_on,
                party_id=one.party_id,
                done_on=before.done_on if before else None,
            )
        )
    return changed(file, Act.EDIT, milestones=tuple(sorted(found, key=lambda one: one.due_on)))


def mark_milestone(file: AgreementFile, milestone_id: UUID, done_on: date | None, today: date) -> Outcome:
    """The file with a milestone reached on a day, or not reached after all; in any state that has not ended."""
    if file.state in FINAL:
        raise NotPossible("ended", "L'accordo è finito.", "The agreement has ended.")
    if done_on is not None and done_on > today:
        raise Invalid("in-the-future", "Il giorno non è ancora venuto.", "This day has not come yet.", "/done_on")
    if all(one.milestone_id != milestone_id for one in file.milestones):
        raise Invalid("unknown-milestone", "Tappa non trovata.", "There is no such milestone.", "/milestone_id")
    kept = tuple(
        one.model_copy(update={"done_on": done_on}) if one.milestone_id == milestone_id else one
        for one in file.milestones
    )
    # The agreement itself does not move: a milestone is a note about what was agreed.
    return Outcome(file.model_copy(update={"milestones": kept, "version": file.version + 1}))


def _refuse_stranger(file: AgreementFile, party_id: str | None, pointer: str) -> None:
    if party_id is not None and file.party(party_id) is None:
        raise Invalid(
            "unknown-party", "Questa parte non è nell'accordo.", "This party is not in the agreement.", pointer
        )


def submit(file: AgreementFile, record: Instrument | None, actor: str, today: date) -> Outcome:
    """Hands the file to the Legal Office. Raises ChecksOpen with all that is missing."""
    after(file.state, Act.SUBMIT)
    missing = open_checks(file, record, today, "review")
    if missing or record is None:
        raise ChecksOpen(missing)
    outcome = changed(file, Act.SUBMIT, submitted_by=actor, submitted_once=True)
    event = AgreementReviewRequested(**reference(outcome.file), title=file.title, instrument=record.code)
    return Outcome(outcome.file, (event,))


def send_back(file: AgreementFile) -> Outcome:
    """The Legal Office has remarks: the file is the account manager's again. What was remarked stays in the file."""
    outcome = changed(file, Act.SEND_BACK, submitted_by=None)
    event = AgreementSentBack(**reference(outcome.file), title=file.title, instrument=file.instrument)
    return Outcome(outcome.file, (event,))
