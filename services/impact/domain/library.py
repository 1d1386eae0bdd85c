"""The indicator library: what the city measures, by code."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from contracts.events.impact import IndicatorDefined
from services.impact.domain.commands import DefineIndicator


@dataclass(frozen=True)
class Definition:
    """An indicator of the library as it is."""

    indicator_id: UUID
    version: int
    code: str
    title_it: str
    title_en: str
    unit: str


def defined(known: Definition | None, code: str, command: DefineIndicator, new_id: UUID) -> IndicatorDefined | None:
    """The indicator as it shall be; None when it is so already."""
    wanted = (command.title_it, command.title_en, command.unit)
    if known and (known.title_it, known.title_en, known.unit) == wanted:
        return None
    return IndicatorDefined(
        indicator_id=known.indicator_id if known else new_id,
        version=known.version + 1 if known else 1,
        code=code,
        title_it=command.title_it,
        title_en=command.title_en,
        unit=command.unit,
    )
