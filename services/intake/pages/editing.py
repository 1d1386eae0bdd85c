"""Needs and offers back in the form they were typed in, and what a form changes of them."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from chassis.web.forms import Form
from chassis.web.i18n import current_language
from contracts.neighbourhoods import name_of
from contracts.places import Place
from contracts.units import plain
from contracts.values import Line
from services.intake.domain.needs import NeedContent
from services.intake.domain.offers import OfferContent
from services.intake.pages.forms import CITY_TIME, LinesForm, NeedForm, OfferForm

Values = dict[str, Any]
_NEED_LISTS = ("receivers", "excluded_stakeholders")


def need_values(content: NeedContent) -> Values:
    """The need as its form shows it."""
    values = _shared(content) | {
        "department": content.department,
        "beneficiaries": content.beneficiaries,
        "policy_area": content.policy_area,
        "requires": list(content.requires),
        "excluded_stakeholder_types": list(content.excluded_stakeholder_types),
    }
    for name in _NEED_LISTS:
        values |= _numbered(name, getattr(content, name))
    return _said(values)


def offer_values(content: OfferContent) -> Values:
    """The offer as its form shows it."""
    values = _shared(content) | {
        "expected_return": content.expected_return,
        "excluded_departments": list(content.excluded_departments),
        "excluded_policy_areas": list(content.excluded_policy_areas),
    }
    return _said(values | _numbered("excluded_receivers", content.excluded_receivers))


def need_changes(typed: NeedForm, before: NeedContent) -> dict[str, Any]:
    """What the form says of the need; what the form does not show stays as it is."""
    return _changes(typed, before) | {
        "beneficiaries": typed.beneficiaries,
        "policy_area": typed.policy_area,
        "requires": tuple(typed.requires),
        "receivers": tuple(typed.receivers),
        "excluded_stakeholders": tuple(typed.excluded_stakeholders),
        "excluded_stakeholder_types": tuple(typed.excluded_stakeholder_types),
    }


def offer_changes(typed: OfferForm, before: OfferContent, *, on_behalf: bool) -> dict[str, Any]:
    """What the form says of the offer. Organisations it is not for are on the account managers' form alone."""
    changes = _changes(typed, before) | {
        "expected_return": typed.expected_return,
        "excluded_departments": tuple(typed.excluded_departments),
        "excluded_policy_areas": tuple(typed.excluded_policy_areas),
    }
    return changes | ({"excluded_receivers": tuple(typed.excluded_receivers)} if on_behalf else {})


def _changes(typed: LinesForm, before: NeedContent | OfferContent) -> dict[str, Any]:
    """A place and a last day that were left alone keep what no form shows: a point on the map, an hour."""
    changes = typed.shared()
    if _where(changes["place"]) == _where(before.place):
        del changes["place"]
    if before.valid_until and typed.last_day == before.valid_until.astimezone(CITY_TIME).date():
        del changes["valid_until"]
    return changes


def _where(place: Place | None) -> tuple[object, ...]:
    """What the form can say of a place."""
    if place is None:
        return ()
    return (place.label, place.nil or ("in", place.municipio))


def _shared(content: NeedContent | OfferContent) -> Values:
    limit, until = content.only_in, content.valid_until
    values: Values = {
        "title": content.title,
        "description": content.description,
        "last_day": until.astimezone(CITY_TIME).date().isoformat() if until else None,
        "only_in.municipi": [str(one) for one in limit.municipi] if limit else [],
    }
    values |= _numbered("only_in.nils", limit.nils if limit else ()) | _place(content.place)
    for row, line in enumerate(content.lines):
        values |= {f"lines.{row}.{name}": value for name, value in _line(line).items()}
    return values


def _place(place: Place | None) -> Values:
    if place is None:
        return {}
    if place.nil is not None:
        area, own = f"nil-{place.nil}", name_of(place.nil)
    elif place.municipio is not None:
        area, own = f"municipio-{place.municipio}", f"Municipio {place.municipio}"
    else:
        area, own = None, None
    return {"area": area, "place": None if place.label == own else place.label}


def _line(line: Line) -> Values:
    recurrence = line.recurrence
    value = line.unit_value_cents
    return {
        "kind": line.kind,
        "unit": line.unit,
        "quantity": _decimal(line.quantity),
        "min_lot": _decimal(line.min_lot),
        "capability": line.capability,
        "cpv": line.cpv,
        "description": line.description,
        "unit_value_cents": None if value is None else _pointed(f"{value // 100}.{value % 100:02}"),
        "total_value_cents": line.total_value_cents,
        "recurrence.every": recurrence.every if recurrence else None,
        "recurrence.times": recurrence.times if recurrence else None,
    }


def _decimal(value: Decimal | None) -> str | None:
    return None if value is None else _pointed(plain(value))


def _pointed(number: str) -> str:
    """The number as the reader writes it. Three decimals after a point would read as thousands."""
    like_thousands = re.fullmatch(r"[0-9]{1,3}\.[0-9]{3}", number)
    return number.replace(".", ",") if current_language() == "it" or like_thousands else number


def _numbered(name: str, items: Any) -> Values:
    return {f"{name}.{position}": str(item) for position, item in enumerate(items)}


def _said(values: Values) -> Values:
    return {name: value for name, value in values.items() if value is not None}


def version_of(form: Form[Any]) -> int:
    """The version that the form was made from. One that is no number is of no version."""
    typed = form.text("version")
    return int(typed) if re.fullmatch(r"[0-9]{1,9}", typed) else 0
