"""A spreadsheet of needs: one row per line, rows with the same reference make one need."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MAX_ROWS = 1000
OF_THE_NEED = ("external_ref", "department", "title", "description", "beneficiaries", "policy_area")
OF_THE_LINE = ("kind", "quantity", "unit", "min_lot", "capability", "cpv")
LISTS = ("requires", "only_in_nils", "only_in_municipi", "excluded_stakeholder_types")
"""Columns with several values: separated by spaces, commas or bars."""
COLUMNS = (*OF_THE_NEED, *LISTS, "place", "valid_until", *OF_THE_LINE, "line_description")
REQUIRED = ("external_ref", "title", "policy_area", "kind", "unit")


class NotATable(ValueError):
    """The text is no table of needs; says why in Italian and English."""

    def __init__(self, italian: str, english: str) -> None:
        super().__init__(english)
        self.italian = italian
        self.english = english


@dataclass(frozen=True)
class Draft:
    """A need as it stands in the table: its rows (the header is row 1) and its fields, not yet checked."""

    external_ref: str
    rows: tuple[int, ...]
    values: dict[str, Any]


def drafts(text: str) -> list[Draft]:
    """The needs in a CSV text with a header, comma or semicolon between columns. Raises :class:`NotATable`."""
    first = text.split("\n", 1)[0]
    reader = csv.DictReader(text.splitlines(), delimiter=";" if first.count(";") > first.count(",") else ",")
    found = [name.strip() for name in reader.fieldnames or ()]
    missing, unknown = [one for one in REQUIRED if one not in found], [one for one in found if one not in COLUMNS]
    if missing or unknown:
        wrong = ", ".join(missing or unknown)[:200]
        if missing:
            raise NotATable(f"mancano le colonne: {wrong}", f"columns are missing: {wrong}")
        raise NotATable(f"colonne sconosciute: {wrong}", f"unknown columns: {wrong}")
    groups: dict[str, list[tuple[int, dict[str, str]]]] = {}
    for number, row in enumerate(reader, start=2):
        if number > MAX_ROWS + 1:
            raise NotATable(f"al massimo {MAX_ROWS} righe", f"at most {MAX_ROWS} rows")
        filled = {
            str(name).strip(): value.strip() for name, value in row.items() if isinstance(value, str) and value.strip()
        }
        if filled:
            groups.setdefault(filled.get("external_ref", ""), []).append((number, filled))
    return [_draft(reference, rows) for reference, rows in groups.items()]


def _draft(reference: str, rows: list[tuple[int, dict[str, str]]]) -> Draft:
    head = rows[0][1]
    values: dict[str, Any] = {name: head[name] for name in OF_THE_NEED if name in head}
    values["lines"] = [_line(row) for _number, row in rows]
    lists = {name: [one for one in re.split(r"[\s,|]+", head[name]) if one] for name in LISTS if name in head}
    limit = {name.removeprefix("only_in_"): found for name, found in lists.items() if name.startswith("only_in_")}
    values |= {name: found for name, found in lists.items() if not name.startswith("only_in_")}
    if limit:
        values["only_in"] = limit
    if "place" in head:
        values["place"] = {"label": head["place"]}
    if "valid_until" in head:
        day = re.fullmatch(r"\d{4}-\d{2}-\d{2}", head["valid_until"])
        values["valid_until"] = f"{day[0]}T23:59:59Z" if day else head["valid_until"]
    return Draft(reference, tuple(number for number, _row in rows), values)


def _line(row: Mapping[str, str]) -> dict[str, str]:
    line = {name: row[name] for name in OF_THE_LINE if name in row}
    for name in ("quantity", "min_lot"):
        if name in line:
            line[name] = line[name].replace(",", ".")
    if "line_description" in row:
        line["description"] = row["line_description"]
    return line
