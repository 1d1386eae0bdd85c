"""An evaluation set as its three files say it. The fields are documented in ``data/README.md``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, get_args

from contracts.values import Place, ResourceKind, Window
from services.matching.evaluation import places
from services.matching.evaluation.units import unit_code
from services.matching.text import wording
from services.matching.text.words import Lang, language

_KINDS: dict[str, ResourceKind] = {
    "good": "goods", "beni": "goods", "bene": "goods", "item": "goods", "items": "goods", "in-kind": "goods",
    "skill": "expertise", "skills": "expertise", "competenze": "expertise", "competenza": "expertise",
    "volunteer": "volunteering", "volunteers": "volunteering", "volontariato": "volunteering", "time": "volunteering",
    "spaces": "space", "spazi": "space", "spazio": "space", "services": "service", "servizi": "service",
    "servizio": "service", "workshop": "service", "denaro": "money", "cash": "money", "funds": "money",
}  # fmt: skip
_LARGEST = Decimal(10) ** 12
_GRADES = range(4)
Row = Mapping[str, Any]


class DataError(Exception):
    """A line that cannot be used: which file, line (from 1), field, and why."""

    def __init__(self, file: str, line: int, field: str, reason: str) -> None:
        super().__init__(f"{file}, line {line}, field {field}: {reason}")
        self.file, self.line, self.field, self.reason = file, line, field, reason


class _Wrong(Exception):
    def __init__(self, field: str, reason: str) -> None:
        super().__init__(field, reason)
        self.field, self.reason = field, reason


@dataclass(frozen=True, slots=True)
class Record:
    """A need or an offer; None = not said. ``category`` is a CPV code of eight digits or a folded word."""

    id: str
    text: str
    lang: Lang
    kind: ResourceKind | None = None
    category: str | None = None
    quantity: Decimal | None = None
    unit: str | None = None
    place: Place | None = None
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class EvaluationSet:
    """``gold`` is by positions of need and offer; needs without any line in it are not judged."""

    name: str
    needs: tuple[Record, ...]
    offers: tuple[Record, ...]
    gold: Mapping[tuple[int, int], int]

    @property
    def judged(self) -> list[int]:
        return sorted({need for need, _ in self.gold})


def load(folder: Path) -> EvaluationSet:
    """Reads ``needs.jsonl``, ``offers.jsonl`` and ``gold.jsonl``. Raises :class:`DataError` and OSError."""
    needs, offers = _records(folder / "needs.jsonl"), _records(folder / "offers.jsonl")
    need_at = {one.id: at for at, one in enumerate(needs)}
    offer_at = {one.id: at for at, one in enumerate(offers)}
    gold: dict[tuple[int, int], int] = {}
    path = folder / "gold.jsonl"
    for number, row in _rows(path):
        try:
            pair = (_known(row, "need_id", need_at), _known(row, "offer_id", offer_at))
            gold[pair] = max(gold.get(pair, 0), _grade(row))
        except _Wrong as wrong:
            raise DataError(path.name, number, wrong.field, wrong.reason) from None
    return EvaluationSet(folder.resolve().name, tuple(needs), tuple(offers), gold)


def _rows(path: Path) -> Iterator[tuple[int, Row]]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise DataError(path.name, number, "(the line)", f"is not JSON: {error}") from None
            if not isinstance(row, dict):
                raise DataError(path.name, number, "(the line)", "is not a JSON object")
            yield number, row


def _records(path: Path) -> list[Record]:
    found: list[Record] = []
    ids: set[str] = set()
    for number, row in _rows(path):
        try:
            one = _record(row)
            if one.id in ids:
                raise _Wrong("id", f"{one.id!r} is there twice")
        except _Wrong as wrong:
            raise DataError(path.name, number, wrong.field, wrong.reason) from None
        ids.add(one.id)
        found.append(one)
    return found


def _record(row: Row) -> Record:
    text = _text(row)
    kind, unit = _kind(row), unit_code(_word(row, "unit"))
    if kind is None and unit == "EUR":
        kind = "money"
    if kind is not None and (kind == "money") != (unit == "EUR"):
        unit = "EUR" if kind == "money" else None if unit == "EUR" else unit
    return Record(
        id=_id(row, "id"),
        text=text,
        lang=_lang(row, text),
        kind=kind,
        category=_category(row),
        quantity=_quantity(row),
        unit=unit,
        place=_place(row),
        window=_window(row),
    )


def _id(row: Row, field: str) -> str:
    value = row.get(field)
    if not isinstance(value, str | int) or isinstance(value, bool) or value == "":
        raise _Wrong(field, "is missing" if value in (None, "") else "has to be a text or a whole number")
    return str(value)


def _known(row: Row, field: str, at: Mapping[str, int]) -> int:
    value = _id(row, field)
    if value not in at:
        raise _Wrong(field, f"there is no {value!r} in the set")
    return at[value]


def _grade(row: Row) -> int:
    value = row.get("grade", 1)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value not in _GRADES:
        raise _Wrong("grade", f"has to be 0, 1, 2 or 3, not {value!r}")
    return value


def _text(row: Row) -> str:
    value = row.get("text")
    if value is None and ("title" in row or "description" in row):
        value = wording(*(part for part in (row.get("title"), row.get("description")) if isinstance(part, str)))
    if not isinstance(value, str):
        raise _Wrong("text", "is missing" if value is None else "has to be a text")
    return value


def _word(row: Row, field: str) -> str | None:
    value = row.get(field)
    if value is None or value == "":
        return None
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise _Wrong(field, "has to be a text")
    return str(value).strip() or None


def _lang(row: Row, text: str) -> Lang:
    said = (_word(row, "lang") or "").lower()
    if said.startswith("it"):
        return "it"
    return "en" if said.startswith("en") else language(text)


def _kind(row: Row) -> ResourceKind | None:
    said = (_word(row, "kind") or "").lower()
    if said in get_args(ResourceKind):
        kind: ResourceKind = said  # type: ignore[assignment]
        return kind
    return _KINDS.get(said)


def _category(row: Row) -> str | None:
    said = _word(row, "category")
    if said is None:
        return None
    digits = said.split("-")[0].strip()
    return digits if digits.isdigit() and len(digits) == 8 else said.casefold()


def _quantity(row: Row) -> Decimal | None:
    said = _word(row, "quantity")
    if said is None:
        return None
    try:
        value = Decimal(said)
    except InvalidOperation:
        raise _Wrong("quantity", f"{said!r} is not a number") from None
    if not value.is_finite() or value < 0:
        raise _Wrong("quantity", "has to be a number from 0 on")
    return round(value, 3) if 0 < value < _LARGEST and round(value, 3) > 0 else None


def _place(row: Row) -> Place | None:
    try:
        return places.place(row.get("place"))
    except ValueError as error:
        raise _Wrong("place", str(error)) from None


def _window(row: Row) -> Window | None:
    start, end = _day(row, "from"), _day(row, "to")
    if start and end and end < start:
        raise _Wrong("to", "lies before the field from")
    return Window(starts_on=start, ends_on=end) if start or end else None


def _day(row: Row, field: str) -> date | None:
    said = _word(row, field)
    if said is None:
        return None
    try:
        return date.fromisoformat(said[:10])
    except ValueError:
        raise _Wrong(field, f"{said!r} is not a day like 2026-11-20") from None
