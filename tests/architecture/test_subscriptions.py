"""Each service listens to exactly what the published language says it listens to."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

import pytest

from contracts.subscriptions import CONSUMES

pytestmark = pytest.mark.contract

OURS = sorted(set(CONSUMES) - {"departments"})


def room(service: str, name: str) -> Any:
    """A module of a service, or None while it is not built."""
    package = f"services.{service}"
    if find_spec(package) is None or find_spec(f"{package}.{name}") is None:
        return None
    return importlib.import_module(f"{package}.{name}")


@pytest.mark.parametrize("service", OURS)
def test_handlers_are_the_subscriptions(service: str) -> None:
    consumers = room(service, "consumers")
    if consumers is None:
        assert room(service, "app") is None, "a service that starts listens"
        return
    handlers: Mapping[Any, Any] = consumers.HANDLERS

    assert {event.__name__ for event in handlers} == {event.__name__ for event in CONSUMES[service]}
    assert all(callable(handler) for handler in handlers.values())
