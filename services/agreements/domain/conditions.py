"""Whether a condition of the toolkit holds for a file."""

from __future__ import annotations

import re
from decimal import Decimal
from uuid import UUID

from contracts.values import MOST_CENTS, Allocation
from services.agreements.domain.file import AgreementFile
from services.agreements.domain.rules import Condition

CITY_ITSELF = "department"
DECLARED_VALUE = "declared_value"
"""The term in which the whole value is declared when lines have none."""
_AMOUNTS = (
    (re.compile(r"[0-9]{1,3}(\.[0-9]{3})+(,[0-9]{1,2})?"), ".", ","),
    (re.compile(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]{1,2})?"), ",", ""),
    (re.compile(r"[0-9]{1,15}(,[0-9]{1,2})?"), "", ","),
    (re.compile(r"[0-9]{1,15}(\.[0-9]{1,2})?"), "", ""),
)


def applies(when: Condition, file: AgreementFile) -> bool:
    """Whether every part of the condition holds. Values and kinds not known yet count as nothing."""
    if when.value_above_cents is not None and worth_cents(file) <= when.value_above_cents:
        return False
    if when.expected_return is not None and file.expected_return != when.expected_return:
        return False
    return _lines(when, file) and _organisations(when, file)


def worth_cents(file: AgreementFile) -> int:
    """What thresholds look at: the value of the lines, the declared one or that before a division, the highest."""
    declared = amount_cents(file.terms.get(DECLARED_VALUE, ""))
    return max(file.value_cents or 0, declared or 0, file.undivided_value_cents or 0)


def amount_cents(text: str) -> int | None:
    """An amount in euro as people write it ("40.000,50", "40,000.50", "40000"), in cents; None for anything else."""
    bare = re.sub(r"(?i)euro|eur|€|\s", "", text)
    for form, thousands, point in _AMOUNTS:
        if form.fullmatch(bare):
            whole = bare.replace(thousands, "") if thousands else bare
            cents = Decimal(whole.replace(point, ".") if point else whole) * 100
            return int(cents) if cents <= MOST_CENTS else None
    return None


def outside_lines(file: AgreementFile) -> tuple[Allocation, ...]:
    """The lines that others than the city itself give."""
    types = file.organisation_types
    return tuple(one for one in file.allocations if types.get(str(one.stakeholder_id)) != CITY_ITSELF)


def _lines(when: Condition, file: AgreementFile) -> bool:
    kinds = {one.kind for one in outside_lines(file)}
    if when.kinds is not None and not kinds & set(when.kinds):
        return False
    return when.only_kinds is None or (bool(kinds) and kinds <= set(when.only_kinds))


def _organisations(when: Condition, file: AgreementFile) -> bool:
    everybody = _types(file, file.stakeholder_ids)
    parties = _types(file, tuple(one.stakeholder_id for one in file.parties if one.stakeholder_id))
    if when.party_types is not None and not set(everybody) & set(when.party_types):
        return False
    if when.only_party_types is not None and not (parties and set(parties) <= set(when.only_party_types)):
        return False
    givers = _types(
        file, tuple(one.stakeholder_id for one in file.parties if one.role == "giver" and one.stakeholder_id)
    )
    if when.giver_types is not None and not set(givers) & set(when.giver_types):
        return False
    return when.organisations_at_least is None or len(everybody) >= when.organisations_at_least


def _types(file: AgreementFile, stakeholders: tuple[UUID, ...]) -> list[str]:
    """Kinds of these organisations without the city's own; one not known yet is an empty text."""
    kinds = [file.organisation_types.get(str(one), "") for one in stakeholders]
    return [kind for kind in kinds if kind != CITY_ITSELF]
