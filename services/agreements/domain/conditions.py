"""Whether a condition of the toolkit holds for a file."""

from __future__ import annotations

from uuid import UUID

from contracts.values import Allocation
from services.agreements.domain.file import AgreementFile
from services.agreements.domain.rules import Condition

CITY_ITSELF = "department"


def applies(when: Condition, file: AgreementFile) -> bool:
    """Whether every part of the condition holds. Values and kinds not known yet count as nothing."""
    if when.value_above_cents is not None and (file.value_cents or 0) <= when.value_above_cents:
        return False
    if when.expected_return is not None and file.expected_return != when.expected_return:
        return False
    return _lines(when, file) and _organisations(when, file)


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
    return when.organisations_at_least is None or len(everybody) >= when.organisations_at_least


def _types(file: AgreementFile, stakeholders: tuple[UUID, ...]) -> list[str]:
    """Kinds of these organisations without the city's own; one not known yet is an empty text."""
    kinds = [file.organisation_types.get(str(one), "") for one in stakeholders]
    return [kind for kind in kinds if kind != CITY_ITSELF]
