"""The indicators a city starts with, as data that comes with the service."""

from __future__ import annotations

import json
from importlib.resources import files

from services.impact.domain.commands import DefineIndicator


def first_indicators() -> dict[str, DefineIndicator]:
    """By code."""
    entries = json.loads((files(__name__) / "indicators.json").read_text(encoding="utf-8"))
    return {code: DefineIndicator(**entry) for code, entry in entries.items()}
