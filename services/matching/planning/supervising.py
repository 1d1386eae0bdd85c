"""The service's side of a plan: takes one, starts the process that makes it, and ends that when nobody wants it.

Any instance may take a plan, no two ever the same: it is leased, and the lease is renewed while the process lives. A
plan whose instance died is taken up again when its lease has run out; one whose process died is given back, and fails
after some attempts.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson

from chassis import log
from chassis.clock import new_id
from chassis.inbox import TRANSIENT
from chassis.scope import Scope
from chassis.service import Background
from chassis.unit import Units
from services.matching.domain.city_time import CITY_TIME
from services.matching.planning.parameters import Choice, Parameters
from services.matching.settings import MatchingSettings
from services.matching.store.plans import Task

ATTEMPTS = 3
SCHEDULE = "schedule"
_NOBODY = Scope("", "matching")
_DONE_BEFORE = {"reading": 0.0, "candidates": 0.02, "solving": 0.5, "comparing": 0.9, "saving": 0.95}
_SHARES = {"reading": 0.02, "candidates": 0.48, "solving": 0.4, "comparing": 0.05, "saving": 0.05}
_TRYING_SECONDS = 120
_trying = asyncio.Semaphore(2)
"""A try takes as much memory and time as a plan: whoever clicks again waits for the first answer."""
_SCHEDULE_SECONDS = 30
_HOURS = 3
"""After its hour in which a plan of the schedule is made up for; later it would disturb a day's work."""
_LONGEST_LINE = 2**24
_logger = log.get("matching.plans")


class NoAnswer(Exception):
    """The process did not come to an answer."""


def jobs(settings: MatchingSettings) -> list[Background]:
    """Making plans that were asked for, and asking for the one of every night."""

    async def plan(units: Units[Any]) -> None:
        worker = uuid4()
        while True:
            task = await _taken(units, worker, settings)
            if task is None:
                await asyncio.sleep(settings.job_poll_seconds)
            elif task.attempts > ATTEMPTS:
                await _fail(units, task, "gave_up")
            else:
                await _supervised(units, task, settings)

    async def schedule(units: Units[Any]) -> None:
        while True:
            await asked_for_today(units, settings)
            await asyncio.sleep(_SCHEDULE_SECONDS)

    scheduled = settings.plan_hour >= 0 and settings.environment != "test"
    return [plan, schedule] if scheduled else [plan]


async def asked_for_today(units: Units[Any], settings: MatchingSettings) -> None:
    """In the hours of the schedule: one plan for each city with open needs, once a day over all instances."""
    local = units.clock().astimezone(CITY_TIME)
    if not settings.plan_hour <= local.hour < settings.plan_hour + _HOURS:
        return
    async with units.reading() as store:
        cities = await store.plans.cities_without(local.date())
    for city in cities:
        parameters = Parameters(fairness=settings.plan_fairness).model_dump(mode="json")
        async with units.begin(Scope(city, SCHEDULE)) as unit:
            await unit.store.plans.ask(unit.scope, new_id(), parameters, unit.now, local.date())


async def price_of(settings: MatchingSettings, scope: Scope, plan_id: UUID, choice: Choice) -> dict[str, Any]:
    """What insisting on a choice costs, worked out in a process of its own. Raises :class:`NoAnswer`."""
    task = {"dsn": _dsn(settings), "city": scope.city, "plan_id": plan_id, "choice": choice.model_dump(mode="json")}
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_TRYING_SECONDS), _trying, _process(task) as process:
            while line := await _next(process):
                if "answer" in line:
                    found: dict[str, Any] = line["answer"]
                    return found
    raise NoAnswer


async def _taken(units: Units[Any], worker: UUID, settings: MatchingSettings) -> Task | None:
    async with units.begin(_NOBODY) as unit:
        task: Task | None = await unit.store.plans.take(worker, unit.now, _until(unit.now, settings))
        return task


async def _supervised(units: Units[Any], task: Task, settings: MatchingSettings) -> None:
    _logger.info("plan.started", plan=str(task.plan_id), attempt=task.attempts)
    order = {
        "dsn": _dsn(settings),
        "city": task.scope.city,
        "plan_id": task.plan_id,
        "worker": task.worker,
        "parameters": task.parameters,
        "now": units.clock().isoformat(),
        "candidates": settings.plan_candidates,
        "kept": settings.plans_kept,
    }
    try:
        async with _process(order) as process:
            over = await _followed(units, task, process, settings)
    except asyncio.CancelledError:
        # The service is being stopped, which is no fault of the plan: somebody else may go on at once.
        await asyncio.shield(_given_back(units, task, counts=False))
        raise
    if over:
        _logger.info("plan.over", plan=str(task.plan_id))
    else:
        _logger.warning("plan.process_died", plan=str(task.plan_id), attempt=task.attempts)
        await _given_back(units, task, counts=True)
        await asyncio.sleep(min(settings.plan_lease_seconds / 6, 5.0))


async def _followed(units: Units[Any], task: Task, process: Process, settings: MatchingSettings) -> bool:
    """Passes progress on until the plan is over or not ours; False when the process ended before."""
    phase, done = "reading", 0.0
    pause = min(settings.plan_lease_seconds / 3, 0.5)
    clock = asyncio.get_running_loop().time
    due = clock() + pause
    line = asyncio.create_task(_next(process))
    try:
        while True:
            ready, _ = await asyncio.wait({line}, timeout=max(0.0, due - clock()))
            if ready:
                said = line.result()
                if said is None or "stored" in said:
                    return said is not None
                phase, done = said["phase"], said["done"]
                line = asyncio.create_task(_next(process))
            if clock() >= due:  # however much it says: the lease runs, and somebody may have cancelled
                if not await _told(units, task, phase, done, settings):
                    return True
                due = clock() + pause
    finally:
        line.cancel()


async def _told(units: Units[Any], task: Task, phase: str, done: float, settings: MatchingSettings) -> bool:
    """False when the plan was cancelled or taken over. A database that is away for a moment changes nothing."""
    progress = _DONE_BEFORE[phase] + _SHARES[phase] * min(max(done, 0.0), 1.0)
    try:
        async with units.begin(task.scope) as unit:
            return bool(await unit.store.plans.tell(task, phase, progress, _until(unit.now, settings)))
    except TRANSIENT:
        return True


async def _given_back(units: Units[Any], task: Task, *, counts: bool) -> None:
    with contextlib.suppress(*TRANSIENT):
        async with units.begin(task.scope) as unit:
            await unit.store.plans.give_back(task, counts=counts)


async def _fail(units: Units[Any], task: Task, failure: str) -> None:
    _logger.error("plan.failed", plan=str(task.plan_id), failure=failure)
    async with units.begin(task.scope) as unit:
        await unit.store.plans.fail(task, unit.now, failure)


def _until(now: datetime, settings: MatchingSettings) -> datetime:
    return now + timedelta(seconds=settings.plan_lease_seconds)


def _dsn(settings: MatchingSettings) -> str:
    return settings.database_url.get_secret_value()


@asynccontextmanager
async def _process(task: dict[str, Any]) -> AsyncIterator[Process]:
    """The process with its task; it is gone when the block is left."""
    arguments = (sys.executable, "-m", "services.matching.planning")
    process = await asyncio.create_subprocess_exec(*arguments, stdin=PIPE, stdout=PIPE, limit=_LONGEST_LINE)
    try:
        assert process.stdin is not None
        process.stdin.write(orjson.dumps(task, default=str) + b"\n")
        with contextlib.suppress(ConnectionError):
            await process.stdin.drain()
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _next(process: Process) -> dict[str, Any] | None:
    """What the process says next; None when it has ended."""
    assert process.stdout is not None
    while line := await process.stdout.readline():
        if line.startswith(b"{"):  # a library may have printed something of its own
            said: dict[str, Any] = orjson.loads(line)
            return said
    return None
