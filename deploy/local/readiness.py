"""Asks the running parts whether they are ready, and what they have to tell."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from deploy.local.failures import CannotStart
from deploy.local.layout import Home
from deploy.local.processes import POLL_SECONDS
from deploy.local.programs import Program
from deploy.local.progress import Progress

READY_SECONDS = 120
HOPELESS_RESTARTS = 3
ANSWER_SECONDS = 5
LARGEST_ANSWER = 1_000_000


@dataclass(frozen=True)
class Answer:
    """What a part said of itself; ``report`` is empty when it said nothing that can be read."""

    ready: bool
    report: dict[str, Any] = field(default_factory=dict)


def ask(program: Program) -> Answer:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never through a proxy: it is this machine
    try:
        with opener.open(program.ready_url, timeout=ANSWER_SECONDS) as response:
            return Answer(True, _read(response.read(LARGEST_ANSWER)))
    except urllib.error.HTTPError as refusal:
        with refusal:
            return Answer(False, _read(refusal.read(LARGEST_ANSWER)))
    except (OSError, ValueError):
        return Answer(False)


def ask_all(programs: list[Program]) -> dict[str, Answer]:
    with ThreadPoolExecutor(len(programs)) as side_by_side:
        answers = side_by_side.map(ask, programs)
    return dict(zip((program.name for program in programs), answers, strict=True))


def _read(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def supervisor_state(home: Home) -> dict[str, Any]:
    """What the supervisor last wrote of each process; empty before its first word."""
    try:
        found: dict[str, Any] = json.loads((home.run / "state.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def wait_for_all(home: Home, programs: list[Program], progress: Progress) -> None:
    """Return when all are ready.

    Raises:
        CannotStart: one keeps ending, or the time is up; the sentence names it and its last words.
    """
    with ThreadPoolExecutor(len(programs)) as side_by_side:
        for waiting in [side_by_side.submit(_wait_for, home, program, progress) for program in programs]:
            waiting.result()


def _wait_for(home: Home, program: Program, progress: Progress) -> None:
    deadline = time.monotonic() + READY_SECONDS
    with progress.step(program.name.capitalize()):
        while not ask(program).ready:
            condition = supervisor_state(home).get("programs", {}).get(program.name, {})
            if condition.get("restarts", 0) >= HOPELESS_RESTARTS or time.monotonic() > deadline:
                raise _not_ready(home, program)
            time.sleep(POLL_SECONDS * 2)


def _not_ready(home: Home, program: Program) -> CannotStart:
    log = home.log(program.name)
    said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:] if log.exists() else []
    reasons = [
        f"{name} ({check.get('reason', 'not ok')})"
        for name, check in ask(program).report.get("checks", {}).items()
        if not check.get("ok")
    ]
    why = ", ".join(reasons) or (said[0][:300] if said else "it said nothing")
    return CannotStart(f"{program.name} did not become ready: {why}.", f"Its log is {log}.")
