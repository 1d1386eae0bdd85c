"""The data of a story: who takes part, what is asked and offered, what was agreed, delivered and measured.

``assumed`` lists, on any object, the fields that were chosen for the story; all else is published.
"""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.places import Place
from contracts.values import CommunicationPlan, ImpactPlan, Line, StakeholderType, Window

SAMPLE = "milan-2019-2022"


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    assumed: tuple[str, ...] = ()


class Department(_Told):
    code: str
    name: str


class Stakeholder(_Told):
    ref: str
    name: str
    type: StakeholderType


class Need(_Told):
    department: str
    with_departments: tuple[str, ...] = ()
    title: str
    beneficiaries: str | None = None
    lines: tuple[Line, ...]
    requires: tuple[str, ...] = ()
    receivers: tuple[str, ...] = ()
    place: Place | None = None
    window: Window | None = None


class Offer(_Told):
    ref: str
    stakeholder: str
    partners: tuple[str, ...] = ()
    title: str
    lines: tuple[Line, ...]
    expected_return: Literal["none", "visibility"] = "none"


class FiledDocument(_Told):
    kind: str
    title: str
    text: str


class Agreement(_Told):
    instrument: str
    terms: dict[str, str] = {}
    documents: tuple[FiledDocument, ...] = ()
    communication_plan: CommunicationPlan
    impact_plan: ImpactPlan


class Delivery(_Told):
    offer: str
    line: int
    quantity: str
    repeat: int = 1
    note: str | None = None
    delivered_on: date | None = None


class Measurement(_Told):
    indicator: str
    value: str


class Reading(_Told):
    """Which figure of the impact service answers one published result."""

    figure: Literal["delivered_quantity", "value_eur", "delivered_per_occurrence", "indicator"]
    offer: str | None = None
    line: int = 0
    indicator: str | None = None


class Partnership(_Told):
    ref: str
    policy_area: str
    need: Need
    offers: tuple[Offer, ...]
    agreement: Agreement
    deliveries: tuple[Delivery, ...]
    measurements: tuple[Measurement, ...]
    readings: dict[str, Reading] = {}


class Story(BaseModel):
    """A whole story. ``name`` keeps its references apart from those of other stories."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9-]{1,60}$")
    about: str
    city: str
    departments: tuple[Department, ...]
    stakeholders: tuple[Stakeholder, ...]
    partnerships: tuple[Partnership, ...]

    def reference(self, *parts: object) -> str:
        """A reference that is the same each time the story is played."""
        return "/".join((self.name, *map(str, parts)))


def load(path: Path | None = None) -> Story:
    """The story in ``path``, or the sample that ships. Raises OSError or pydantic.ValidationError."""
    source = path if path is not None else files("deploy.demo.data") / f"{SAMPLE}.json"
    return Story.model_validate(json.loads(source.read_text(encoding="utf-8")))


def number(text: str | Decimal) -> int | float:
    """A figure as a JSON number, whole when it is whole."""
    value = Decimal(text)
    return int(value) if value == value.to_integral_value() else float(value)


def figure(reading: Reading, case: dict[str, Any], offers: dict[str, str]) -> int | float | None:
    """The figure in one case of the impact summary; None when impact has none. ``offers`` maps refs to ids."""
    if reading.figure == "indicator":
        found = next((one for one in case["indicators"] if one["code"] == reading.indicator), None)
        return number(found["latest"]) if found and found["latest"] is not None else None
    wanted = (offers.get(reading.offer or ""), reading.line)
    found = next((one for one in case["commitments"] if (one["offer_id"], one["line"]) == wanted), None)
    if found is None:
        return None
    if reading.figure == "value_eur":
        return number(Decimal(found["value_cents"] or 0) / 100)
    value = found[reading.figure]
    return number(value) if value is not None else None
