"""Rows of a CSV file that a spreadsheet opens as text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

BEGIN = "\ufeff"
"""Without it a spreadsheet does not take the file for UTF-8."""


def row(values: Iterable[object]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow([_cell(value) for value in values])
    return text.getvalue()


def _cell(value: object) -> str:
    """Text that a spreadsheet takes for text, not for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
