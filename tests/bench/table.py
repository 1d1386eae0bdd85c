"""The one table: each figure beside the limit it is compared with, as a ratio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.bench.arithmetic import ratio


@dataclass(frozen=True)
class Row:
    """A figure; with ``limit`` it is compared, with ``target`` judged (a ratio to reach or to stay below)."""

    group: str
    name: str
    value: float
    unit: str
    of: str | None = None
    limit: float | None = None
    target: float | None = None
    less_is_better: bool = False
    note: str = ""

    @property
    def ratio(self) -> float | None:
        return None if self.limit is None else ratio(self.value, self.limit)

    @property
    def met(self) -> bool | None:
        if self.ratio is None or self.target is None:
            return None
        return self.ratio <= self.target if self.less_is_better else self.ratio >= self.target


class Table:
    """Rows in the order they were measured."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def add(self, *rows: Row) -> None:
        self.rows += rows

    def value(self, name: str) -> float:
        """The figure called ``name``. Raises KeyError."""
        for row in self.rows:
            if row.name == name:
                return row.value
        raise KeyError(name)

    def as_json(self) -> list[dict[str, Any]]:
        return [
            {
                "group": row.group,
                "name": row.name,
                "value": round(row.value, 3),
                "unit": row.unit,
                "of": row.of,
                "ratio": None if row.ratio is None else float(f"{row.ratio:.3g}"),
                "target": row.target,
                "met": row.met,
                "note": row.note,
            }
            for row in self.rows
        ]

    def as_text(self) -> str:
        """Markdown, so that it can be kept as it is."""
        lines = ["| measured | value | ratio | target | |", "|---|--:|--:|--:|---|"]
        group = None
        for row in self.rows:
            if row.group != group:
                group = row.group
                lines.append(f"| **{group}** | | | | |")
            lines.append(f"| {row.name} | {_plain(row)} | {_ratio(row)} | {_target(row)} | {row.note} |")
        return "\n".join(lines)


def _plain(row: Row) -> str:
    digits = 0 if row.value >= 100 else 1 if row.value >= 10 else 2
    return f"{row.value:,.{digits}f} {row.unit}"


def _ratio(row: Row) -> str:
    return "" if row.ratio is None else f"{row.ratio:.2f} x {row.of}"


def _target(row: Row) -> str:
    if row.target is None:
        return ""
    sign = "≤" if row.less_is_better else "≥"
    return f"{sign} {row.target:g} {'met' if row.met else '**missed**'}"
