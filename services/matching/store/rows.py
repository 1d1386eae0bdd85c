"""Many rows as one parameter: a JSON document that the statement unfolds with ``jsonb_to_recordset``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def rows(records: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The document; statements read it as ``$n->'rows'`` (a bare list would count as a Postgres array)."""
    return {"rows": list(records)}
