"""Every act that the history notes has words that people read."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from services.agreements.pages.happenings import ACTS

pytestmark = pytest.mark.unit

HANDLERS = Path(__file__).parents[1] / "handlers"


def noted() -> set[str]:
    """The acts that handlers pass to ``keep``: its third argument, where it is written out."""
    calls = [
        node
        for path in HANDLERS.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "keep" and len(node.args) > 2
    ]
    return {str(call.args[2].value) for call in calls if isinstance(call.args[2], ast.Constant)}


def test_acts_have_words() -> None:
    found = noted()
    assert len(found) > 20
    assert sorted(found - ACTS.keys()) == []
