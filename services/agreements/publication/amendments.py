"""Amendments and renewals of a public line: what of them everybody may see.

Number, day, fingerprint, quantities and last day are public as in the agreement itself. Of words (terms, duties, plans)
only is said that they changed: the register does not publish the agreement's own either, nor why it was amended.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, Protocol

from pydantic import BaseModel

from chassis.web.formats import day, quantity
from chassis.web.i18n import gettext as _
from chassis.web.i18n import mark
from chassis.web.vocabulary import label

Words = Literal["terms", "responsibilities", "communication_plan", "impact_plan"]
_WORDS: dict[Words, str] = {
    "terms": mark("Terms"),
    "responsibilities": mark("Roles and responsibilities"),
    "communication_plan": mark("Communication plan"),
    "impact_plan": mark("Impact plan"),
}


class QuantityChange(BaseModel):
    """How much of one of the agreement's `lines`, by its place from 0, was agreed before and is from now on."""

    line: int
    before: str
    after: str
    unit: str


class PublicAmendment(BaseModel):
    """One amendment or renewal in force. `valid_to` is the new last day, None when it did not change."""

    number: int
    kind: Literal["amendment", "renewal"]
    protocol: str
    signed_on: date | None
    position: int
    entered_at: datetime
    document_sha256: str
    register_hash: str
    quantities: tuple[QuantityChange, ...]
    valid_to_before: date | None
    valid_to: date | None
    also: tuple[Words, ...]
    """Which words changed, without the words."""

    @property
    def name(self) -> str:
        words = _("Renewal no. %(number)s") if self.kind == "renewal" else _("Amendment no. %(number)s")
        return words % {"number": self.number}


class Line(Protocol):
    """What of a public line names it."""

    kind: str
    capability: str | None
    description: str | None


class Shown(BaseModel):
    """One thing that changed, in the reader's language; without before and after where only the fact is public."""

    what: str
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        return f"{self.what}: {self.before} → {self.after}" if self.after else self.what


def public_amendments(file: dict[str, Any], entries: Sequence[dict[str, Any]]) -> tuple[PublicAmendment, ...]:
    """Those that the register has as in force, the oldest first, out of the agreement's content as it is stored."""
    known = {one["protocol"]: one for one in entries}
    found = []
    for one in file.get("amendments") or ():
        number = one["protocol"]
        entry = known.get(f"{number['year']}/{number['number']:07d}") if number else None
        if entry is not None:
            found.append(PublicAmendment(number=one["number"], kind=one["kind"], **_changed(file, one), **entry))
    return tuple(found)


def _changed(file: dict[str, Any], one: dict[str, Any]) -> dict[str, Any]:
    changes, before = one["changes"], one["before"] or {}
    earlier = {line["position"]: line["quantity"] for line in before.get("quantities") or ()}
    return {
        "signed_on": one["signed_on"],
        "quantities": tuple(
            QuantityChange(
                line=line["position"],
                before=_plain(earlier.get(line["position"], line["quantity"])),
                after=_plain(line["quantity"]),
                unit=file["allocations"][line["position"]]["unit"],
            )
            for line in changes.get("quantities") or ()
        ),
        "valid_to_before": before.get("valid_to"),
        "valid_to": changes.get("valid_to"),
        "also": tuple(name for name in _WORDS if changes.get(name) not in (None, {})),
    }


def what_changed(one: PublicAmendment, lines: Sequence[Line]) -> list[Shown]:
    """The amendment's changes in words; `lines` are the agreement's public ones, so nothing hidden comes back."""
    shown = []
    for change in one.quantities:
        line = lines[change.line]
        name = label("capability", line.capability) if line.capability else label("kind", line.kind)
        shown.append(
            Shown(
                what=f"{name}: {line.description}" if line.description else name,
                before=quantity(Decimal(change.before), change.unit),
                after=quantity(Decimal(change.after), change.unit),
            )
        )
    if one.valid_to is not None:
        before = day(one.valid_to_before) if one.valid_to_before else "–"
        shown.append(Shown(what=_("Last day"), before=before, after=day(one.valid_to)))
    return [*shown, *(Shown(what=_(_WORDS[name])) for name in one.also)]


def _plain(amount: str) -> str:
    return f"{Decimal(amount).normalize():f}"
