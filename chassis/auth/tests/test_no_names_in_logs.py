"""An error's log line tells where it happened, not what was known of the person it happened to."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.unit

# In a process of its own: configuring logs changes them for everything that runs here.
PROGRAM = """
from chassis import log
from chassis.auth import Actor

log.configure("intake", "INFO")

def crash(actor):
    claims = {"name": actor.name, "email": actor.email}
    raise LookupError(f"no row for {actor!r}")

try:
    crash(Actor(subject="persona-1", city="c_f205", name="Giulia Ferri", email="giulia@example.org"))
except LookupError as failure:
    log.get("http").error("http.crashed", exc_info=failure)
"""


def test_a_crash_names_nobody() -> None:
    line = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout
    logged = json.loads(line)
    assert logged["event"] == "http.crashed"
    assert logged["exception"][0]["frames"][-1]["name"] == "crash"
    assert "persona-1" in line
    assert "Giulia" not in line
    assert "example.org" not in line
