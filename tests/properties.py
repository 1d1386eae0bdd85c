"""How property tests run: `make test` gives every machine the same examples, `make fuzz` new ones and more of them.

A run that passes here passes wherever the code is the same. Finding what nobody has seen yet is another run's work, and
one that may fail without a change being to blame: `--hypothesis-profile=wide`, FUZZ_TIMES as many examples.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Verbosity, settings
from hypothesis.internal.conjecture import engine, providers
from hypothesis.internal.constants_ast import Constants

SAME, WIDE = "same", "wide"

_ANYWHERE = {
    "database": None,
    "deadline": None,
    "print_blob": True,
    "suppress_health_check": [HealthCheck.too_slow],  # a busy machine is no fault of a test
}
settings.register_profile(SAME, derandomize=True, **_ANYWHERE)
settings.register_profile(WIDE, derandomize=False, **_ANYWHERE)
settings.load_profile(SAME)

_constants_of_modules = providers._get_local_constants


def _constants() -> Constants:
    """Hypothesis also draws numbers and texts that it reads in our modules, in those loaded so far: which these are
    depends on the tests that the same worker ran before, and on where the repository lies."""
    return _constants_of_modules() if settings.get_current_profile_name() == WIDE else Constants()


providers._get_local_constants = _constants

# Hypothesis makes a failing example smaller for up to five minutes: as long as a whole test may take (pyproject.toml).
engine.MAX_SHRINKING_SECONDS = 30


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests say how many examples they need; a wide run takes so many times as many."""
    if settings.get_current_profile_name() == WIDE:
        times = int(os.environ.get("FUZZ_TIMES", "10"))
        for test in {_settled(item) for item in items} - {None}:
            _widen(test, times)


def _settled(item: pytest.Item) -> object | None:
    """The function or the state machine that carries the settings of a property test."""
    test = getattr(item, "obj", None)
    test = getattr(test, "__func__", test)
    if hasattr(test, "_hypothesis_internal_use_settings"):
        return test
    machine = getattr(item, "cls", None)
    return machine if isinstance(getattr(machine, "settings", None), settings) else None


def _widen(test: object, times: int) -> None:
    name = "settings" if isinstance(test, type) else "_hypothesis_internal_use_settings"
    now: settings = getattr(test, name)
    setattr(test, name, settings(now, max_examples=now.max_examples * times, verbosity=Verbosity.normal))
