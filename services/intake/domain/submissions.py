"""What departments' own systems send, turned into needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from contracts.events.departments import NeedSubmitted, NeedUpdateSubmitted
from contracts.values import FieldError
from services.intake.domain.needs import MAX_NAMED, NeedContent

SOURCE = "/departments/"
_NAMED = ("with_departments", "requires", "receivers")
_UPDATABLE = ("title", "description", "beneficiaries", "lines", "place", "window", "valid_until")


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


def crowded(submitted: NeedSubmitted) -> list[FieldError]:
    """Lists that are longer than a need can hold."""
    return [
        FieldError(
            pointer=f"/{name}",
            code="too-long",
            message_it=f"al massimo {MAX_NAMED} elementi",
            message_en=f"at most {MAX_NAMED} items",
        )
        for name in _NAMED
        if len(getattr(submitted, name)) > MAX_NAMED
    ]


def unknown_receivers(submitted: NeedSubmitted, known: Mapping[str, UUID]) -> list[FieldError]:
    """Receivers that no stakeholder of the city is registered under."""
    return [
        FieldError(
            pointer=f"/receivers/{position}",
            code="unknown-receiver",
            message_it=f"nessuna organizzazione è registrata con il riferimento '{reference}'"[:1000],
            message_en=f"no organisation is registered under the reference '{reference}'"[:1000],
        )
        for position, reference in enumerate(submitted.receivers)
        if reference not in known
    ]


def content_of(submitted: NeedSubmitted, receivers: Mapping[str, UUID]) -> NeedContent:
    """The need that is asked for; every receiver is in ``receivers``."""
    values = dict(submitted.__dict__)
    values["receivers"] = tuple(receivers[reference] for reference in submitted.receivers if reference in receivers)
    return NeedContent.model_construct(**values)


def changes_of(update: NeedUpdateSubmitted) -> dict[str, Any]:
    """The fields the update speaks of; what is absent stays."""
    return {name: value for name in _UPDATABLE if (value := getattr(update, name)) is not None}


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
