"""What departments' own systems send, turned into needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from contracts.events.departments import NeedSubmitted, NeedUpdateSubmitted
from contracts.values import FieldError
from services.intake.domain.needs import MAX_NAMED, NeedContent

SOURCE = "/departments/"
_NAMED = ("with_departments", "requires", "receivers", "excluded_stakeholders", "excluded_stakeholder_types")
_UPDATABLE = (
    "title",
    "description",
    "beneficiaries",
    "lines",
    "place",
    "window",
    "valid_until",
    "only_in",
    "excluded_stakeholder_types",
)


def source_errors(source: str, department: str) -> list[FieldError]:
    """A submission counts only when the system it comes from (``/departments/<code>``) is its department's."""
    if source.startswith(SOURCE) and source.removeprefix(SOURCE).split("/")[0] == department:
        return []
    return [
        FieldError(
            pointer="/department",
            code="another-source",
            message_it=f"la sorgente dell'evento (ce_source) deve essere {SOURCE}{department}",
            message_en=f"the source of the event (ce_source) must be {SOURCE}{department}",
        )
    ]


def crowded(submitted: NeedSubmitted | NeedUpdateSubmitted) -> list[FieldError]:
    """Lists that are longer than a need can hold."""
    return [
        FieldError(
            pointer=f"/{name}",
            code="too-long",
            message_it=f"al massimo {MAX_NAMED} elementi",
            message_en=f"at most {MAX_NAMED} items",
        )
        for name in _NAMED
        if len(getattr(submitted, name, None) or ()) > MAX_NAMED
    ]


def references(submitted: NeedSubmitted | NeedUpdateSubmitted) -> set[str]:
    """The organisations it names, by the references they are registered under."""
    named = set(submitted.receivers) if isinstance(submitted, NeedSubmitted) else set()
    return named | set(submitted.excluded_stakeholders or ())


def unknown_organisations(
    submitted: NeedSubmitted | NeedUpdateSubmitted, known: Mapping[str, UUID]
) -> list[FieldError]:
    """Receivers and excluded organisations that no stakeholder of the city is registered under."""
    named = [("excluded_stakeholders", "unknown-stakeholder", submitted.excluded_stakeholders or ())]
    if isinstance(submitted, NeedSubmitted):
        named.insert(0, ("receivers", "unknown-receiver", submitted.receivers))
    return [
        FieldError(
            pointer=f"/{name}/{position}",
            code=code,
            message_it=f"nessuna organizzazione è registrata con il riferimento '{reference}'"[:1000],
            message_en=f"no organisation is registered under the reference '{reference}'"[:1000],
        )
        for name, code, found in named
        for position, reference in enumerate(found)
        if reference not in known
    ]


def content_of(submitted: NeedSubmitted, known: Mapping[str, UUID]) -> NeedContent:
    """The need that is asked for; every organisation it names is in ``known``."""
    values = dict(submitted.__dict__)
    for name in ("receivers", "excluded_stakeholders"):
        values[name] = _ids(values[name], known)
    return NeedContent.model_construct(**values)


def changes_of(update: NeedUpdateSubmitted, known: Mapping[str, UUID]) -> dict[str, Any]:
    """The fields the update speaks of; what is absent stays. A place limit that is null is lifted."""
    changes = {name: value for name in _UPDATABLE if (value := getattr(update, name)) is not None}
    if "only_in" in update.model_fields_set:
        changes["only_in"] = update.only_in
    if update.excluded_stakeholders is not None:
        changes["excluded_stakeholders"] = _ids(update.excluded_stakeholders, known)
    return changes


def _ids(named: Iterable[str], known: Mapping[str, UUID]) -> tuple[UUID, ...]:
    return tuple(known[reference] for reference in named if reference in known)


def unknown_need() -> FieldError:
    return FieldError(
        pointer="/external_ref",
        code="unknown-need",
        message_it="nessun bisogno di questa direzione ha questo riferimento",
        message_en="no need of this department has this reference",
    )


def need_closed(state: str) -> FieldError:
    return FieldError(
        pointer="/external_ref",
        code="need-closed",
        message_it=f"questo bisogno non è più aperto ({state}): per chiedere ancora serve un nuovo riferimento",
        message_en=f"this need is no longer open ({state}): to ask again use a new reference",
    )
