"""Limits of needs and offers: where, for whom and from whom, from which quantity on; what contradicts itself there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, get_args
from uuid import UUID

from contracts.units import plain
from contracts.values import FieldError, Line, StakeholderType

if TYPE_CHECKING:
    from services.intake.domain.needs import NeedContent
    from services.intake.domain.offers import OfferContent

OF_A_NEED = ("only_in", "excluded_stakeholders", "excluded_stakeholder_types")
OF_AN_OFFER = ("only_in", "excluded_departments", "excluded_policy_areas", "excluded_receivers")
EXCLUSIONS = tuple(name for name in (*OF_A_NEED, *OF_AN_OFFER) if name.startswith("excluded_"))
"""What is not shown to everybody."""
_KINDS = get_args(StakeholderType)


def unsaid(content: NeedContent | OfferContent, names: Sequence[str]) -> dict[str, Any]:
    """The limits that are not set, for pydantic's ``exclude``: a content without any has the digest it always had."""
    found: dict[str, Any] = {name: True for name in names if not getattr(content, name)}
    lines = {at: {"min_lot"} for at, line in enumerate(content.lines) if line.min_lot is None}
    return found | ({"lines": lines} if lines else {})


def need_errors(content: NeedContent) -> list[FieldError]:
    """Limits that contradict themselves or the rest of the need."""
    errors = _twice("excluded_stakeholders", content.excluded_stakeholders)
    errors += _twice("excluded_stakeholder_types", content.excluded_stakeholder_types)
    errors += [
        FieldError(
            pointer=f"/excluded_stakeholders/{position}",
            code="excludes-receiver",
            message_it="questa organizzazione è fra i destinatari: non si può anche escludere",
            message_en="this organisation is one of the receivers: it cannot be excluded as well",
        )
        for position, one in enumerate(content.excluded_stakeholders)
        if one in content.receivers
    ]
    if set(content.excluded_stakeholder_types) == set(_KINDS):
        errors.append(
            FieldError(
                pointer="/excluded_stakeholder_types",
                code="excludes-everybody",
                message_it="così non resta nessuno che possa offrire",
                message_en="nobody is left who could offer",
            )
        )
    if content.only_in is not None and content.only_in.admits(content.place) is False:
        errors.append(
            FieldError(
                pointer="/only_in",
                code="excludes-own-place",
                message_it="il luogo del bisogno è fuori da questo limite",
                message_en="the place of the need lies outside of this limit",
            )
        )
    return errors


def offer_errors(content: OfferContent) -> list[FieldError]:
    """Limits that contradict themselves or the rest of the offer."""
    errors = []
    for name in OF_AN_OFFER[1:]:
        errors += _twice(name, getattr(content, name))
    if content.policy_area in content.excluded_policy_areas:
        errors.append(
            FieldError(
                pointer=f"/excluded_policy_areas/{content.excluded_policy_areas.index(content.policy_area)}",
                code="excludes-own-area",
                message_it="è l'area di intervento dell'offerta stessa",
                message_en="this is the policy area of the offer itself",
            )
        )
    return errors


def answering_errors(offer: OfferContent, need: NeedContent) -> list[FieldError]:
    """Limits of an offer that keep it from the very need it answers. What the need excludes is not told here."""
    errors = [
        FieldError(
            pointer=f"/{name}/{position}",
            code="excludes-answered-need",
            message_it="l'offerta risponde a un bisogno che così resta escluso",
            message_en="the offer answers a need that this excludes",
        )
        for name, here in (
            ("excluded_departments", (need.department, *need.with_departments)),
            ("excluded_policy_areas", (need.policy_area,)),
            ("excluded_receivers", need.receivers),
        )
        for position, one in enumerate(getattr(offer, name))
        if one in here
    ]
    if offer.only_in is not None and offer.only_in.admits(need.place) is False:
        errors.append(
            FieldError(
                pointer="/only_in",
                code="excludes-answered-need",
                message_it="il bisogno a cui l'offerta risponde è fuori da questo limite",
                message_en="the need that the offer answers lies outside of this limit",
            )
        )
    return errors


def lot_warnings(offered: Sequence[Line], asked: Sequence[Line]) -> list[FieldError]:
    """Offered lots that are more than any line of the need asks for in the same kind and unit, and offered quantities
    that are less than any of them takes."""
    warnings = []
    for position, line in enumerate(offered):
        alike = [one for one in asked if (one.kind, one.unit) == (line.kind, line.unit)]
        least = min((one.min_lot or Decimal(0) for one in alike), default=Decimal(0))
        if line.total_quantity is not None and line.total_quantity < least:
            warnings.append(
                FieldError(
                    pointer=f"/lines/{position}/quantity",
                    code="less-than-lot",
                    message_it=f"è meno del lotto minimo che il bisogno accetta ({plain(least)}): così non può"
                    " rispondere",
                    message_en=f"this is less than the smallest lot the need takes ({plain(least)}): it cannot answer"
                    " like that",
                )
            )
        totals = [one.total_quantity for one in alike]
        if line.min_lot is None or not alike or None in totals:
            continue
        most = max(total for total in totals if total is not None)
        if line.min_lot > most:
            warnings.append(
                FieldError(
                    pointer=f"/lines/{position}/min_lot",
                    code="lot-above-need",
                    message_it=f"il lotto minimo supera quanto è chiesto ({plain(most)}): così non può rispondere",
                    message_en=f"the smallest lot exceeds what is asked ({plain(most)}): it cannot answer like that",
                )
            )
    return warnings


def unknown_stakeholders(name: str, named: Sequence[UUID], known: Collection[UUID]) -> list[FieldError]:
    """Organisations the city does not know."""
    return [
        FieldError(
            pointer=f"/{name}/{position}",
            code="unknown-stakeholder",
            message_it="questa organizzazione non è registrata",
            message_en="this organisation is not registered",
        )
        for position, one in enumerate(named)
        if one not in known
    ]


def unknown_departments(named: Sequence[str], known: Collection[str]) -> list[FieldError]:
    """Departments that are not in the city's registry."""
    return [
        FieldError(
            pointer=f"/excluded_departments/{position}",
            code="unknown-department",
            message_it=f"la direzione '{code}' non è nel registro della città",
            message_en=f"the department '{code}' is not in the city's registry",
        )
        for position, code in enumerate(named)
        if code not in known
    ]


def _twice(name: str, named: Sequence[object]) -> list[FieldError]:
    return [
        FieldError(
            pointer=f"/{name}/{position}",
            code="named-twice",
            message_it="è già indicato",
            message_en="this is named already",
        )
        for position, one in enumerate(named)
        if one in named[:position]
    ]
