"""Amendments and renewals: further signed acts about a signed agreement, each with its number and document.

The agreement stays in force as it is until the last signature under the amendment; then what the amendment changes
holds, and AgreementAmended says all of it. The agreement's own document never changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Literal

from contracts.events.agreements import AgreementAmended, AgreementAmendmentChanged
from contracts.values import Allocation, SignatureEvidence, plain
from services.agreements.domain import signing
from services.agreements.domain.checks import open_checks
from services.agreements.domain.commands import Amend, Renew
from services.agreements.domain.file import AgreementFile, Amendment, Changes, Protocol, Signatory
from services.agreements.domain.instruments import Instrument
from services.agreements.domain.outcome import Outcome, changed, reference
from services.agreements.domain.refusals import ChecksOpen, Invalid, NotPossible
from services.agreements.domain.states import (
    Act,
    AmendmentAct,
    AmendmentState,
    State,
    after,
    amendment_after,
)

Delivered = Mapping[int, Decimal]
"""What is known to be delivered already, by the line's position."""


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


def may_be_signed(file: AgreementFile, today: date) -> Amendment:
    """The amendment that waits for signatures. Raises NotPossible, also when the agreement's term is over."""
    one = _under_way(file)
    amendment_after(one.state, AmendmentAct.SIGN)
    refuse_after_term(file, today)
    return one


def signed(file: AgreementFile, evidence: SignatureEvidence, person_id: str, sha256: str, today: date) -> Outcome:
    """The amendment with one more verified signature; with the last one it takes effect."""
    one = may_be_signed(file, today)
    signatories = signing.signed(face(file, one), evidence, person_id, sha256, today).file.signatories
    if any(signatory.evidence is None for signatory in signatories):
        return _moved(file, AmendmentAct.SIGN, signatories=signatories, signed_sha256=sha256)
    released = _released(file, one.changes)
    effects = amended_fields(file, one.changes)
    outcome = _moved(
        file,
        AmendmentAct.SIGN_LAST,
        effects,
        signatories=signatories,
        signed_sha256=sha256,
        signed_on=today,
    )
    return Outcome(outcome.file, (_amended_event(outcome.file, one.number, released, today),))


def lapse(file: AgreementFile) -> tuple[Amendment, ...]:
    """The amendments of a file that ends: the one under way comes to nothing."""
    one = file.amendment
    if one is None:
        return file.amendments
    return _with(file, one.model_copy(update={"state": amendment_after(one.state, AmendmentAct.LAPSE)}))


def check_changes(
    file: AgreementFile, changes: Changes, record: Instrument | None, delivered: Delivered, today: date
) -> None:
    """Raises Invalid for what cannot be changed so, ChecksOpen for what the instrument would no longer allow."""
    refuse_after_term(file, today)
    for index, line in enumerate(changes.quantities):
        _check_quantity(file, line.position, line.quantity, delivered, f"/quantities/{index}")
    if len({line.position for line in changes.quantities}) < len(changes.quantities):
        raise Invalid("line-twice", "La stessa voce compare due volte.", "The same line is there twice.", "/quantities")
    if changes.valid_to is not None and changes.valid_to < max(today, file.valid_from or today):
        raise Invalid(
            "ends-early",
            "L'ultimo giorno non può essere già passato, né precedere l'inizio: per finire subito, cessare l'accordo.",
            "The last day cannot be over, nor before the first: to end it at once, end the agreement early.",
            "/valid_to",
        )
    _check_words(file, changes, record)
    then = file.model_copy(update=amended_fields(file, changes))
    if then == file:
        raise Invalid(
            "nothing-changes",
            "La modifica non cambia nulla rispetto all'accordo in vigore.",
            "The amendment changes nothing of the agreement in force.",
        )
    known = {check.code for check in open_checks(file, record, today, "review")}
    broken = tuple(check for check in open_checks(then, record, today, "review") if check.code not in known)
    if broken:
        raise ChecksOpen(broken)


def refuse_after_term(file: AgreementFile, today: date) -> None:
    """An agreement whose last day is over cannot be brought back by a signature."""
    if file.valid_to is not None and file.valid_to < today:
        raise NotPossible(
            "term-over",
            f"Il termine dell'accordo è finito il {file.valid_to:%d/%m/%Y}: serve un nuovo accordo.",
            f"The agreement's term ended on {file.valid_to:%Y-%m-%d}: a new agreement is needed.",
        )


def amended_fields(file: AgreementFile, changes: Changes) -> dict[str, Any]:
    """The fields of the file as they are with the changes."""
    fields: dict[str, Any] = {}
    if changes.quantities:
        fields["allocations"] = _reduced(file.allocations, changes)
    if changes.terms:
        fields["terms"] = {name: text for name, text in {**file.terms, **changes.terms}.items() if text.strip()}
    for name in ("valid_to", "responsibilities", "communication_plan", "impact_plan"):
        if getattr(changes, name) is not None:
            fields[name] = getattr(changes, name)
    return fields


def replaced(file: AgreementFile, changes: Changes) -> Changes:
    """What the changes replace, as it is in the file now; a term that was not there is an empty text."""
    lines = tuple(
        line.model_copy(update={"quantity": file.allocations[line.position].quantity}) for line in changes.quantities
    )
    return Changes(
        quantities=lines,
        valid_to=file.valid_to if changes.valid_to else None,
        terms={name: file.terms.get(name, "") for name in changes.terms},
        responsibilities=None if changes.responsibilities is None else file.responsibilities,
        communication_plan=file.communication_plan if changes.communication_plan else None,
        impact_plan=file.impact_plan if changes.impact_plan else None,
    )


def awaiting(signatory: Signatory) -> Signatory:
    """The same signatory before signing."""
    return Signatory(
        **{
            name: getattr(signatory, name)
            for name, field in Signatory.model_fields.items()
            if field.is_required() or name == "seat"
        }
    )


def reduced_value(allocation: Allocation, quantity: Decimal) -> int | None:
    """The value of `quantity` of the line in cents, pro rata of what the whole is worth."""
    if allocation.value_cents is None:
        return None
    exact = quantity * allocation.value_cents / allocation.quantity
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


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


def _check_quantity(file: AgreementFile, position: int, quantity: Decimal, delivered: Delivered, pointer: str) -> None:
    if position >= len(file.allocations):
        raise Invalid("unknown-line", "Questa voce non c'è.", "There is no such line.", f"{pointer}/position")
    agreed = file.allocations[position].quantity
    if quantity > agreed:
        raise Invalid(
            "only-less",
            f"Una modifica può solo ridurre la quantità concordata ({plain(agreed)}). Chi vuole dare di più"
            " registra una nuova offerta: l'abbinamento nuovo avrà un accordo suo.",
            f"An amendment can only lower the agreed quantity ({plain(agreed)}). Whoever wants to give more registers"
            " a new offer: the new match gets an agreement of its own.",
            f"{pointer}/quantity",
        )
    came = delivered.get(position, Decimal(0))
    if quantity < came:
        raise Invalid(
            "below-delivered",
            f"Sono già stati consegnati {plain(came)}: la quantità non può scendere sotto.",
            f"{plain(came)} have been delivered already: the quantity cannot go below that.",
            f"{pointer}/quantity",
        )


def _check_words(file: AgreementFile, changes: Changes, record: Instrument | None) -> None:
    known = {term.code for term in record.terms} if record else set()
    for term in changes.terms:
        if term not in known:
            raise Invalid(
                "unknown-term",
                f"Lo strumento non prevede '{term}'.",
                f"The instrument has no term '{term}'.",
                f"/terms/{term}",
            )
    for index, one in enumerate(changes.responsibilities or ()):
        if file.party(one.party_id) is None:
            raise Invalid(
                "unknown-party",
                "Questa parte non è nell'accordo.",
                "This party is not in the agreement.",
                f"/responsibilities/{index}/party_id",
            )


def _reduced(allocations: Sequence[Allocation], changes: Changes) -> tuple[Allocation, ...]:
    wanted = {line.position: line.quantity for line in changes.quantities}
    return tuple(_of(one, wanted[position]) if position in wanted else one for position, one in enumerate(allocations))


def _of(allocation: Allocation, quantity: Decimal) -> Allocation:
    return allocation.model_copy(update={"quantity": quantity, "value_cents": reduced_value(allocation, quantity)})


def _released(file: AgreementFile, changes: Changes) -> tuple[Allocation, ...]:
    """How much of which line is given up."""
    found = []
    for line in changes.quantities:
        whole = file.allocations[line.position]
        if line.quantity == whole.quantity:
            continue
        left = reduced_value(whole, line.quantity)
        value = None if whole.value_cents is None or left is None else whole.value_cents - left
        found.append(whole.model_copy(update={"quantity": whole.quantity - line.quantity, "value_cents": value}))
    return tuple(found)


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
        signatories=tuple(signatory.party_id for signatory in one.signatories) or None,
    )
    return Outcome(file, (*outcome.events, event))


def _amended_event(file: AgreementFile, number: int, released: tuple[Allocation, ...], today: date) -> AgreementAmended:
    one = next(amendment for amendment in file.amendments if amendment.number == number)
    return AgreementAmended(
        **reference(file),
        amendment=one.number,
        summary=one.reason,
        kind=one.kind,
        title=file.title,
        protocol_number=str(one.protocol),
        signed_on=today,
        valid_to=file.valid_to,
        allocations=file.allocations,
        released=released,
        impact_plan=file.impact_plan,
        communication_plan=file.communication_plan,
        signatures=tuple(signatory.evidence for signatory in one.signatories if signatory.evidence),
        document_sha256=one.signed_sha256,
    )
