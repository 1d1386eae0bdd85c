"""Reading what strangers write: lines, numbers, days and grades, with a note for all that was read in a kind way.

Nothing here ends a run. What cannot be understood counts as not said, and the note names file, line and field.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from services.matching.text.words import Lang

Row = Mapping[str, Any]
_LARGEST = Decimal(10) ** 12
_BEST_GRADE = 3
_NUMBER = re.compile(r"[+-]?\d[\d.,' \u00a0]*(?:[eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"\d{1,3}(?:[,']\d{3})+")
_DAY_FIRST = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_YEAR_FIRST = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")


@dataclass(slots=True)
class Note:
    """Something was read differently from how it stands there: ``times``, first in ``line``, where it said ``said``."""

    file: str
    field: str
    what: str
    line: int
    said: str
    times: int = 1

    def __str__(self) -> str:
        more = f" ({self.times} times)" if self.times > 1 else ""
        said = f" {self.said}" if self.said else ""
        return f"{self.file}, line {self.line}, field {self.field}:{said} {self.what}{more}"


class Notes:
    """The notes of a set, one per file, field and kind; ``left_out`` counts by file the lines that say nothing."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str], Note] = {}
        self.left_out: dict[str, int] = {}

    def __iter__(self) -> Iterator[Note]:
        return iter(self._found.values())

    def add(self, at: Where, field: str, what: str, said: Any = None) -> None:
        key = (at.file, field, what)
        if key in self._found:
            self._found[key].times += 1
            return
        shown = "" if said is None else json.dumps(said, ensure_ascii=False, default=str)[:80]
        self._found[key] = Note(at.file, field, what, at.line, shown)

    def leave_out(self, at: Where, field: str, why: str, said: Any = None) -> None:
        self.left_out[at.file] = self.left_out.get(at.file, 0) + 1
        self.add(at, field, f"{why}: the line is left out", said)


@dataclass(frozen=True, slots=True)
class Where:
    """A line of a file, from 1, and where to note what is odd in it."""

    file: str
    line: int
    notes: Notes

    def note(self, field: str, what: str, said: Any = None) -> None:
        self.notes.add(self, field, what, said)


def rows(path: Path, notes: Notes) -> Iterator[tuple[Where, Row]]:
    """The objects of a file: one per line, or all in one JSON array. Raises OSError."""
    text = _decoded(path, notes)
    if text.lstrip().startswith("["):
        yield from _array(path, text, notes)
        return
    for number, line in enumerate(text.split("\n"), 1):
        at = Where(path.name, number, notes)
        said = line.strip().lstrip("\ufeff")
        if not said:
            continue
        try:
            row = json.loads(said.rstrip(","))
        except ValueError as error:
            notes.leave_out(at, "(the line)", f"is not JSON, {error}")
            continue
        if not isinstance(row, dict):
            notes.leave_out(at, "(the line)", "is not a JSON object", row)
            continue
        yield at, _plain_names(row)


def _decoded(path: Path, notes: Notes) -> str:
    raw = path.read_bytes()
    at = Where(path.name, 1, notes)
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        at.note("(the file)", "is UTF-16")
        return raw.decode("utf-16", errors="replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        at.note("(the file)", "is not UTF-8, read as Windows-1252")
        return raw.decode("cp1252", errors="replace")


def _array(path: Path, text: str, notes: Notes) -> Iterator[tuple[Where, Row]]:
    whole = Where(path.name, 1, notes)
    try:
        found = json.loads(text)
    except ValueError as error:
        notes.leave_out(whole, "(the file)", f"is not JSON, {error}")
        return
    whole.note("(the file)", "is one JSON array; its entries count as lines")
    for number, row in enumerate(found, 1):
        at = Where(path.name, number, notes)
        if isinstance(row, dict):
            yield at, _plain_names(row)
        else:
            notes.leave_out(at, "(the line)", "is not a JSON object", row)


def _plain_names(row: Row) -> Row:
    return {str(name).strip().lower(): value for name, value in row.items()}


def number(at: Where, field: str, said: Any, lang: Lang) -> Decimal | None:
    """A positive number of at most three decimals; None for 0, and for what is none."""
    if said is None or said == "":
        return None
    if isinstance(said, bool) or not isinstance(said, str | int | float):
        at.note(field, "is not a number: counts as not given", said)
        return None
    found = _decimal(str(said).strip()) if not isinstance(said, str) else _worded(at, field, said.strip(), lang)
    if found is None or not found.is_finite() or found < 0:
        at.note(field, "is not a number from 0 on: counts as not given", said)
        return None
    if found >= _LARGEST:
        at.note(field, "is too large: counts as not given", said)
        return None
    rounded = round(found, 3)
    return rounded if rounded > 0 else None


def _worded(at: Where, field: str, said: str, lang: Lang) -> Decimal | None:
    plain = _decimal(said)
    if plain is not None:
        return plain
    digits = _NUMBER.match(said)
    if digits is None:
        return None
    figure = re.sub(r"[ \u00a0]", "", digits[0]).rstrip(".,'")
    if "," in figure and "." in figure:
        point = max(figure.rfind(","), figure.rfind("."))
        figure = re.sub(r"[.,']", "", figure[:point]) + "." + figure[point + 1 :]
    elif _THOUSANDS.fullmatch(figure) and (lang == "en" or figure.count(",") > 1 or "'" in figure):
        figure = re.sub(r"[,']", "", figure)
    elif figure.count(".") > 1:
        figure = figure.replace(".", "")
    else:
        figure = figure.replace(",", ".")
    found = _decimal(figure)
    if found is not None:
        at.note(field, f"is read as {found}" if len(said) < 20 else "is read as the number it begins with", said)
    return found


def _decimal(said: str) -> Decimal | None:
    try:
        return Decimal(said)
    except InvalidOperation:
        return None


def day(at: Where, field: str, said: Any) -> date | None:
    """``2026-11-20`` (also with a time), ``20/11/2026``, ``20.11.2026``, ``2026/11/20``; None for what is no day."""
    if said is None or said == "":
        return None
    text = str(said).strip()
    try:
        return date.fromisoformat(text[:10]) if len(text) >= 10 else _short_day(text)
    except ValueError:
        pass
    found = _other_day(text)
    if found is None:
        at.note(field, "is not a day like 2026-11-20 or 20/11/2026: counts as not given", said)
    else:
        at.note(field, "is read as day, month, year" if _DAY_FIRST.match(text) else "is read as year, month, day", said)
    return found


def _short_day(text: str) -> date:
    return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007  a day has no time zone


def _other_day(text: str) -> date | None:
    if match := _DAY_FIRST.match(text):
        first, second, year = map(int, match.groups())
        orders = [(year, second, first), (year, first, second)]
    elif match := _YEAR_FIRST.match(text) or _COMPACT.fullmatch(text):
        orders = [tuple(map(int, match.groups()))]  # type: ignore[list-item]
    else:
        return None
    for year, month, day_ in orders:
        try:
            return date(year, month, day_)
        except ValueError:
            continue
    return None


def grade(at: Where, said: Any) -> int | None:
    """0 to 3; 1 where it is missing; None for what says no grade."""
    if said is None or said == "":
        at.note("grade", "is missing: counts as 1")
        return 1
    if isinstance(said, bool):
        at.note("grade", f"is read as {int(said)}", said)
        return int(said)
    found = _decimal(str(said).strip().replace(",", "."))
    if found is None or not found.is_finite():
        return None
    value = min(_BEST_GRADE, max(0, int(found.to_integral_value())))
    if not isinstance(said, int | float) or value != found:
        at.note("grade", f"is read as {value}", said)
    return value
