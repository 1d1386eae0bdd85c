"""Amendments and renewals: further signed acts about a signed agreement, each with its number and document.

The agreement stays in force as it is until the last signature under the amendment; then what the amendment changes
holds, and AgreementAmended says all of it. The agreement's own document never changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Literal

from contracts.events.agreements import AgreementAmended, AgreementAmendmentChanged
from contracts.values import Allocation, SignatureEvidence
from services.agreements.domain import signing
from services.agreements.domain.changing import (
    Delivered,
    amended_fields,
    check_changes,
    refuse_after_term,
    released,
    replaced,
)
from services.agreements.domain.commands import Amend, Renew
from services.agreements.domain.file import AgreementFile, Amendment, Changes, Protocol, Signatory
from services.agreements.domain.instruments import Instrument
from services.agreements.domain.outcome import Outcome, changed, reference
from services.agreements.domain.refusals import Invalid, NotPossible
from services.agreements.domain.signatories import parties_in_turn
from services.agreements.domain.states import (
    Act,
    AmendmentAct,
    AmendmentState,
    State,
    after,
    amendment_after,
)


def amend(
    file: AgreementFile, command: Amend, record: Instrument | None, delivered: Delivered, actor: str, today: date
) -> Outcome:
    """Opens an amendment, or edits the one under way. Raises NotPossible, Invalid or ChecksOpen."""
    after(file.state, Act.AMEND)
    changes = Changes.model_validate(command.model_dump(exclude={"reason"}))
    check_changes(file, changes, record, delivered, today)
    open_one = file.amendment
    if open_one is not None and open_one.kind == "renewal":
        raise _one_at_a_time()
    return _opened(file, open_one, "amendment", command.reason, changes, actor, today)


def renew(
    file: AgreementFile, command: Renew, record: Instrument | None, actor: str, today: date, from_days: int
) -> Outcome:
    """Opens a renewal: only the last day moves. Raises NotPossible, Invalid or ChecksOpen."""
    after(file.state, Act.AMEND)
    if file.valid_to is None:
        raise NotPossible(
            "no-term",
            "L'accordo non ha un ultimo giorno: dura finché tutto è consegnato e non serve rinnovarlo.",
            "The agreement has no last day: it lasts until everything is delivered and needs no renewal.",
        )
    first = file.valid_to - timedelta(from_days)
    if today < first:
        raise NotPossible(
            "too-early-to-renew",
            f"Il rinnovo si può avviare dal {first:%d/%m/%Y}, {from_days} giorni prima della fine.",
            f"A renewal can be opened from {first:%Y-%m-%d}, {from_days} days before the end.",
        )
    if command.valid_to <= file.valid_to:
        raise Invalid(
            "not-later",
            f"Il nuovo ultimo giorno viene dopo quello attuale ({file.valid_to:%d/%m/%Y}).",
            f"The new last day comes after the present one ({file.valid_to:%Y-%m-%d}).",
            "/valid_to",
        )
    changes = Changes(valid_to=command.valid_to)
    check_changes(file, changes, record, {}, today)
    open_one = file.amendment
    if open_one is not None and open_one.kind != "renewal":
        raise _one_at_a_time()
    return _opened(file, open_one, "renewal", command.reason, changes, actor, today)


def submit(file: AgreementFile) -> Outcome:
    """Hands the amendment to the Legal Office."""
    return _told(_moved(file, AmendmentAct.SUBMIT))


def refuse(file: AgreementFile, reason: str) -> Outcome:
    """The Legal Office refuses the amendment; the agreement goes on as it is."""
    return _told(_moved(file, AmendmentAct.REJECT, closing_reason=reason))


def withdraw(file: AgreementFile, reason: str) -> Outcome:
    """Whoever asked for the amendment takes it back; the agreement goes on as it is."""
    return _told(_moved(file, AmendmentAct.WITHDRAW, closing_reason=reason))


def may_be_approved(
    file: AgreementFile, record: Instrument | None, delivered: Delivered, today: date
) -> tuple[Amendment, Instrument]:
    """The amendment under way, still sound today. Raises NotPossible, Invalid or ChecksOpen."""
    one = _under_way(file)
    amendment_after(one.state, AmendmentAct.APPROVE)
    check_changes(file, one.changes, record, delivered, today)
    if record is None:
        raise NotPossible("no-instrument", "Manca lo strumento.", "The instrument is missing.")
    return one, record


def numbered(file: AgreementFile, protocol: Protocol, today: date) -> AgreementFile:
    """The file with the amendment as its document has to show it: with its number, and what it replaces.

    Everybody who signed the agreement signs the amendment.
    """
    one = _under_way(file)
    signatories = tuple(awaiting(signatory) for signatory in file.signatories)
    return _moved(
        file,
        AmendmentAct.APPROVE,
        protocol=protocol,
        approved_on=today,
        signatories=signatories,
        before=replaced(file, one.changes),
    ).file


def approved(numbered_file: AgreementFile, document_sha256: str) -> Outcome:
    """The approved amendment with its document fixed."""
    one = _under_way(numbered_file)
    fixed = one.model_copy(update={"approved_sha256": document_sha256})
    return _told(Outcome(numbered_file.model_copy(update={"amendments": _with(numbered_file, fixed)})))


def face(file: AgreementFile, one: Amendment) -> AgreementFile:
    """The file as if the amendment's document were its own: signing, verifying and registering treat both alike.

    It is never saved.
    """
    states = {AmendmentState.APPROVED: State.APPROVED, AmendmentState.SIGNING: State.SIGNING}
    return file.model_copy(
        update={
            "state": states.get(one.state, file.state),
            "protocol": one.protocol,
            "approved_on": one.approved_on,
            "approved_sha256": one.approved_sha256,
            "signatories": one.signatories,
            "signed_on": one.signed_on,
            "signed_sha256": one.signed_sha256,
        }
    )


def under_way(file: AgreementFile, number: int) -> Amendment:
    """The amendment under way, if it is this one. Raises NotPossible when it is another, or none."""
    if file.amendment is None or file.amendment.number != number:
        raise NotPossible(
            "no-such-amendment-under-way",
            f"La modifica n. {number} non è in corso.",
            f"Amendment no. {number} is not under way.",
        )
    return file.amendment


def awaiting_signatures(file: AgreementFile) -> Amendment:
    """The amendment that waits for signatures. Raises NotPossible."""
    one = _under_way(file)
    amendment_after(one.state, AmendmentAct.SIGN)
    return one


def may_be_signed(file: AgreementFile, today: date) -> Amendment:
    """As `awaiting_signatures`. Raises NotPossible also when the agreement's term is over."""
    one = awaiting_signatures(file)
    refuse_after_term(file, today)
    return one


def signed(
    file: AgreementFile,
    evidence: SignatureEvidence,
    person_id: str | None,
    sha256: str,
    today: date,
    field: str | None = None,
    signature_id: str | None = None,
) -> Outcome:
    """The amendment with one more verified signature; with the last one it takes effect.

    It is that of `field`, or the party's next one.
    """
    one = may_be_signed(file, today)
    seen = signing.signed(face(file, one), evidence, person_id, sha256, today, field, signature_id)
    signatories = seen.file.signatories
    if any(signatory.evidence is None for signatory in signatories):
        moved = _moved(file, AmendmentAct.SIGN, signatories=signatories, signed_sha256=sha256).file
        told = tuple(event.model_copy(update={"amendment": one.number}) for event in seen.events)
        return Outcome(moved, told)
    given_up = released(file, one.changes)
    effects = amended_fields(file, one.changes)
    outcome = _moved(
        file,
        AmendmentAct.SIGN_LAST,
        effects,
        signatories=signatories,
        signed_sha256=sha256,
        signed_on=today,
    )
    return Outcome(outcome.file, (_amended_event(outcome.file, one.number, given_up, today),))


def lapse(file: AgreementFile) -> tuple[Amendment, ...]:
    """The amendments of a file that ends: the one under way comes to nothing."""
    one = file.amendment
    if one is None:
        return file.amendments
    return _with(file, one.model_copy(update={"state": amendment_after(one.state, AmendmentAct.LAPSE)}))


def awaiting(signatory: Signatory) -> Signatory:
    """The same signatory before signing."""
    return Signatory(
        **{
            name: getattr(signatory, name)
            for name, field in Signatory.model_fields.items()
            if field.is_required() or name == "seat"
        }
    )


def _opened(
    file: AgreementFile,
    open_one: Amendment | None,
    kind: Literal["amendment", "renewal"],
    reason: str,
    changes: Changes,
    actor: str,
    today: date,
) -> Outcome:
    if open_one is not None:
        return _moved(file, AmendmentAct.EDIT, changes=changes, reason=reason)
    one = Amendment(
        number=len(file.amendments) + 1,
        kind=kind,
        state=AmendmentState.DRAFTED,
        reason=reason,
        changes=changes,
        opened_on=today,
        opened_by=actor,
    )
    return changed(file, Act.AMEND, amendments=(*file.amendments, one))


def _moved(file: AgreementFile, act: AmendmentAct, effects: Mapping[str, Any] | None = None, **fields: Any) -> Outcome:
    """The file with its amendment one step on. `effects` are what changes in the agreement itself."""
    after(file.state, Act.AMEND)
    one = _under_way(file)
    moved = one.model_copy(update=fields | {"state": amendment_after(one.state, act)})
    return changed(file, Act.AMEND, amendments=_with(file, moved), **(effects or {}))


def _under_way(file: AgreementFile) -> Amendment:
    one = file.amendment
    if one is None:
        raise NotPossible(
            "no-amendment", "Non c'è una modifica in corso.", "There is no amendment under way.", "/amendments"
        )
    return one


def _with(file: AgreementFile, one: Amendment) -> tuple[Amendment, ...]:
    return tuple(one if known.number == one.number else known for known in file.amendments)


def _one_at_a_time() -> NotPossible:
    return NotPossible(
        "amendment-under-way",
        "C'è già una modifica in corso: va firmata, respinta o ritirata prima di aprirne un'altra.",
        "Another amendment is under way: it is signed, refused or withdrawn before the next one is opened.",
    )


def _told(outcome: Outcome) -> Outcome:
    """With the event that says where the amendment is now: the last of the file, as there is one at a time."""
    file, one = outcome.file, outcome.file.amendments[-1]
    event = AgreementAmendmentChanged(
        **reference(file),
        title=file.title,
        instrument=file.instrument or "",
        amendment=one.number,
        kind=one.kind,
        state=one.state.value,
        signatories=tuple(dict.fromkeys(signatory.party_id for signatory in one.signatories)) or None,
        awaited=parties_in_turn(face(file, one)) if one.state is AmendmentState.APPROVED else None,
    )
    return Outcome(file, (*outcome.events, event))


def _amended_event(file: AgreementFile, number: int, given_up: tuple[Allocation, ...], today: date) -> AgreementAmended:
    one = next(amendment for amendment in file.amendments if amendment.number == number)
    return AgreementAmended(
        **reference(file),
        amendment=one.number,
        summary=one.kind,
        kind=one.kind,
        title=file.title,
        protocol_number=str(one.protocol),
        signed_on=today,
        valid_to=file.valid_to,
        allocations=file.allocations,
        released=given_up,
        impact_plan=file.impact_plan,
        communication_plan=file.communication_plan,
        signatures=tuple(signatory.evidence for signatory in one.signatories if signatory.evidence),
        document_sha256=one.signed_sha256,
    )
