"""What an amendment's changes come to: whether they may be, what holds with them, what they replace and release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from contracts.units import plain
from contracts.values import Allocation
from services.agreements.domain.checks import open_checks
from services.agreements.domain.file import AgreementFile, Changes
from services.agreements.domain.instruments import Instrument
from services.agreements.domain.refusals import ChecksOpen, Invalid, NotPossible

Delivered = Mapping[int, Decimal]
"""What is known to be delivered already, by the line's position."""


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


def released(file: AgreementFile, changes: Changes) -> tuple[Allocation, ...]:
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


def reduced_value(allocation: Allocation, quantity: Decimal) -> int | None:
    """The value of `quantity` of the line in cents, pro rata of what the whole is worth."""
    if allocation.value_cents is None:
        return None
    exact = quantity * allocation.value_cents / allocation.quantity
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


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
