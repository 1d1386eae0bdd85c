"""Where a file says something that its document cannot show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from services.agreements.domain.file import AgreementFile
from services.agreements.domain.lettering import MARK, cannot_show, named
from services.agreements.domain.rules import Bilingual

_PLACES = {
    "title": ("nel titolo", "in the title"),
    "beneficiaries": ("nei beneficiari", "in the beneficiaries"),
    "parties": ("nei nomi delle parti", "in the names of the parties"),
    "allocations": ("in ciò che viene dato", "in what is given"),
    "terms": ("nelle condizioni", "in the terms"),
    "responsibilities": ("in ruoli e responsabilità", "in roles and responsibilities"),
    "communication_plan": ("nel piano di comunicazione", "in the communication plan"),
    "impact_plan": ("nel piano d'impatto", "in the impact plan"),
    "documents": ("nei documenti", "in the documents"),
    "milestones": ("nel calendario", "in the timeline"),
    "risks": ("nei rischi", "in the risks"),
    "overrides": ("nei motivi delle verifiche superate", "in the reasons of checks set aside"),
}
"""The fields of a file whose words the document carries, as people call them."""
_MOST = 10
"""Characters that are named for one place: somebody who pasted a page of them needs no list of all."""


def illegible(file: AgreementFile) -> tuple[str, Bilingual] | None:
    """The first field that holds what the document cannot show, and a sentence on all such; None where all shows."""
    found = {}
    for field in _PLACES:
        lost = [one for text in _words(getattr(file, field)) for one in cannot_show(text)]
        if lost:
            found[field] = _listed(tuple(dict.fromkeys(lost)))
    if not found:
        return None
    italian = "; ".join(f"{_PLACES[field][0]} {lost}" for field, lost in found.items())
    english = "; ".join(f"{_PLACES[field][1]} {lost}" for field, lost in found.items())
    return next(iter(found)), Bilingual(
        it=f"Il documento non può mostrare alcuni caratteri: {italian}. Al loro posto mostra {MARK}.",
        en=f"The document cannot show some characters: {english}. It shows {MARK} in their place.",
    )


def _listed(lost: tuple[str, ...]) -> str:
    return ", ".join(map(named, lost[:_MOST])) + (", …" if len(lost) > _MOST else "")


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _words(one)
    elif isinstance(value, tuple | list):
        for one in value:
            yield from _words(one)
    elif hasattr(value, "model_fields_set"):
        for _name, one in value:
            yield from _words(one)
