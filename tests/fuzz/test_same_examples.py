"""What passes on one machine passes on the next: property tests see the same examples in every run."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests import properties

DRAWN = """
import hashlib
from hypothesis import given
from pydantic import SecretStr
from services.notifications.app import service
from services.notifications.settings import NotificationsSettings
import tests.properties
from tests.fuzz.api import Api, examples
API = Api(service(NotificationsSettings(environment="test", session_secret=SecretStr("s" * 32))))
drawn = []
@given(case=API.cases(), odd=API.odd_cases())
@examples(60)
def draw(case, odd):
    for one in (case, odd):
        drawn.append((one.method, one.path, one.path_parameters, one.query, type(one.body), str(one.body)[:200]))
draw()
text = ascii([one if "NotSet" not in one[5] else one[:4] for one in drawn])
print(len(drawn), hashlib.sha256(text.encode()).hexdigest())
"""


@pytest.mark.contract
def test_requests_are_the_same_in_every_process() -> None:
    """Also where sets come in another order, the seed of Python's hashes being another in each run, and where other
    tests of the same worker have loaded more of our modules, whose constants hypothesis would draw too."""
    said = set()
    for seed, loaded in (("1", ""), ("2", "import services.agreements.app, services.matching.app\n")):
        around = os.environ | {"PYTHONHASHSEED": seed}
        asked = [sys.executable, "-c", loaded + DRAWN]
        done = subprocess.run(asked, env=around, capture_output=True, text=True, check=True)
        said.add(done.stdout)
    assert len(said) == 1
    assert int(said.pop().split()[0]) > 60


@pytest.mark.unit
def test_tests_are_run_in_the_profile_that_repeats() -> None:
    looks_for_new_ones = settings.get_current_profile_name() == properties.WIDE
    assert settings().derandomize is not looks_for_new_ones
    assert settings().database is None


class Machine(RuleBasedStateMachine):
    """Does nothing, some times."""

    @rule()
    def wait(self) -> None:
        pass


Machine.TestCase.settings = settings(max_examples=7)


@pytest.mark.unit
def test_a_wide_run_takes_so_many_times_as_many() -> None:
    ran: list[int] = []

    @given(st.integers())
    @settings(max_examples=7)
    def some(number: int) -> None:
        ran.append(number)

    properties._widen(some, 3)
    properties._widen(Machine.TestCase, 3)
    some()
    assert len(ran) == 21
    assert Machine.TestCase.settings.max_examples == 21
