"""The service reads what the table of subscriptions says, and nothing else."""

from __future__ import annotations

import pytest

from contracts.subscriptions import CONSUMES
from services.impact.consumers import HANDLERS
from services.impact.library import first_indicators

pytestmark = pytest.mark.unit


def test_every_subscription_has_a_handler() -> None:
    assert set(HANDLERS) == set(CONSUMES["impact"])


def test_the_first_indicators_are_valid() -> None:
    assert "children_reached" in first_indicators()
