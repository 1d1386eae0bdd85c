"""The register as CSV (RFC 4180, UTF-8), line by line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from services.agreements.publication.entries import RegisterView

COLUMNS = (
    "protocol", "signed_on", "title", "instrument", "state", "policy_area", "department", "parties", "value_eur",
    "valid_from", "valid_to", "published_on", "omitted", "document_sha256", "register_hash", "agreement_id",
    "amendments",
)  # fmt: skip
# A spreadsheet would take such a cell for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def row(line: RegisterView) -> list[Any]:
    """One line of the register, in the order of COLUMNS."""
    return [
        line.protocol, line.signed_on, line.title, line.instrument, line.state, line.policy_area, line.department,
        "; ".join(line.parties), euros(line.total_value_cents), line.valid_from, line.valid_to, line.published_on,
        "; ".join(f"{one.name}: {one.basis}" for one in line.omitted), line.document_sha256, line.register_hash,
        line.agreement_id, "; ".join(f"{one.protocol}: {one.kind}" for one in line.amendments),
    ]  # fmt: skip


def euros(cents: int | None) -> str:
    """Cents as euro with two decimals; empty for a value that is not known."""
    return "" if cents is None else f"{cents // 100}.{cents % 100:02d}"


def csv_text(rows: Iterable[Sequence[Any]]) -> str:
    """Rows as CSV; no cell begins like a formula."""
    text = io.StringIO()
    csv.writer(text).writerows([[_cell(value) for value in one] for one in rows])
    return text.getvalue()


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
