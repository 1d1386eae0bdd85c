"""The rows of lines in the forms of needs and offers, as they are typed: one more, one less, how many."""

from __future__ import annotations

import re
from typing import Any

from chassis.web.forms import Form
from services.intake.domain.needs import MAX_LINES

FIRST_ROWS = 1
_NAME = re.compile(r"lines\.([0-9]{1,2})\.(.+)")


def rows_in(values: dict[str, Any]) -> int:
    """How many line rows a form shows: those it was sent with, one more when asked for."""
    numbers = [int(found[1]) for name in values if (found := _NAME.fullmatch(name))]
    rows = max(numbers, default=FIRST_ROWS - 1) + 1
    return min(rows + (1 if "add_line" in values else 0), MAX_LINES)


def rearranged(form: Form[Any]) -> dict[str, Any] | None:
    """What to show when a button of the rows was pressed; None when the form was sent."""
    if "add_line" in form.values:
        return form.values
    if "remove_line" not in form.values:
        return None
    values = dict(form.values)
    number = values.pop("remove_line")
    return without_row(values, int(number)) if re.fullmatch(r"[0-9]{1,2}", str(number)) else values


def without_row(values: dict[str, Any], row: int) -> dict[str, Any]:
    """The values without those of the row; the rows behind it move up."""
    kept = {}
    for name, value in values.items():
        found = _NAME.fullmatch(name)
        if found is None or int(found[1]) < row:
            kept[name] = value
        elif int(found[1]) > row:
            kept[f"lines.{int(found[1]) - 1}.{found[2]}"] = value
    return kept
