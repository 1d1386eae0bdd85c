"""The global allocation at size: ``python -m tests.bench.allocation [--size N] [--whole N] [--json]``.

First the solver alone: N needs and N offers with 20 candidates each, all joined to each other, so that nothing falls
into parts. Then (``--whole``) a plan from the database to the database, as the service makes it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import uuid4

import asyncpg
from rich.console import Console
from rich.progress import Progress

from chassis import log
from chassis.clock import new_id, utc_now
from chassis.database.pool import set_codecs
from chassis.delivery import Delivery, Record
from chassis.scope import Scope
from chassis.settings import home
from chassis.testing import Database, make_template, test_settings
from chassis.unit import Unit, Units
from contracts.envelope import Envelope
from contracts.event import Event
from contracts.events.intake import StakeholderRegistered, StakeholderVetted
from deploy.local.postgres import PostgresServer
from services.matching.allocation.fairness import compared
from services.matching.allocation.model import Edge, Forced, NeedLine, OfferLine, Problem, Rules
from services.matching.allocation.solving import around, greedy_plan, solve
from services.matching.consumers import HANDLERS
from services.matching.planning import supervising
from services.matching.planning.parameters import Parameters
from services.matching.settings import MatchingSettings
from services.matching.store import MatchingStore
from services.matching.text.categories import categories
from tests.bench.children import PROJECT
from tests.bench.matching_world import InventedCity
from tests.bench.run import surroundings
from tests.leftovers import drop_databases
from tests.servers import POSTGRES_VARIABLE

CANDIDATES = 20
CITY = "c_f205"
NAME = "matching"


@dataclass(frozen=True)
class Solved:
    """The solver alone. Seconds by the clock, and of one processor (``cpu``), which a busy machine does not change;
    ``times_greedy`` compares values; ``cancel`` is from the kill to the process's end."""

    size: int
    pairs: int
    greedy_seconds: float
    seconds: float
    cpu_seconds: float
    with_and_without_fairness: float
    value: float
    times_greedy: float
    gap: float
    fairness_moves: int
    fairness_costs: float
    insist_seconds: float
    peak_megabytes: float
    cancel_seconds: float


@dataclass(frozen=True)
class Whole:
    """A plan of the service: from being asked for to being stored, and what of that went where."""

    needs: int
    offers: int
    seconds: float
    phases: dict[str, float]
    lines: int
    pairs: int
    gap: float
    insist_seconds: float


def invented(size: int, seed: int = 7) -> Problem:
    """Quantities from 1 to 2,000 (small ones more often), any offer for any need, all rules on."""
    chance = random.Random(seed)
    needs = []
    for index in range(size):
        asked, nil = _quantity(chance), chance.randint(1, 88)
        needs.append(NeedLine(str(index), "goods/C62", asked, 1 + chance.random(), nil, nil / 88, asked / 10, 5))
    offers = [OfferLine(str(index), "goods/C62", _quantity(chance)) for index in range(size)]
    candidates = min(CANDIDATES, size)
    edges = [
        Edge(need, offer, round(chance.uniform(0.2, 1.0), 4))
        for need in range(size)
        for offer in chance.sample(range(size), candidates)
    ]
    return Problem(needs, offers, edges, Rules(fairness=0.3, each_link=0.01))


def _quantity(chance: random.Random) -> Decimal:
    return Decimal(round(2000 ** chance.random()))


def solver(size: int, progress: Progress) -> Solved:
    """Solves with and without fairness, insists on one choice, and cancels another run."""
    problem = invented(size)
    task = progress.add_task(f"solving {size:,} x {size:,}", total=2.0)
    start = time.perf_counter()
    greedy = greedy_plan(problem)
    greedy_seconds = time.perf_counter() - start
    start, processor = time.perf_counter(), time.process_time()
    plan = solve(problem, lambda phase, done: progress.update(task, completed=done))
    seconds, cpu = time.perf_counter() - start, time.process_time() - processor
    plain_problem = replace(problem, rules=replace(problem.rules, fairness=0.0))
    plain = solve(plain_problem, lambda phase, done: progress.update(task, completed=1 + done), known=plan)
    both = time.perf_counter() - start
    fairness = compared(problem, plan, plain)
    start = time.perf_counter()
    edge = next(index for index, one in enumerate(problem.edges) if one.need == size // 2)
    near = around(replace(problem, forced=[Forced(edge, Decimal(1))]), edge)
    solve(near)
    insist = time.perf_counter() - start
    return Solved(
        size=size,
        pairs=len(problem.edges),
        greedy_seconds=greedy_seconds,
        seconds=seconds,
        cpu_seconds=cpu,
        with_and_without_fairness=both,
        value=plan.value,
        times_greedy=plan.value / greedy.value,
        gap=plan.gap,
        fairness_moves=fairness.moved,
        fairness_costs=fairness.share,
        insist_seconds=insist,
        peak_megabytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        cancel_seconds=_cancelled(size),
    )


def _cancelled(size: int) -> float:
    """A process at work on the same problem is killed, as the service does it; seconds until it is gone."""
    command = [sys.executable, "-m", "tests.bench.allocation", "--work", str(size)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()  # it has begun to solve
        start = time.perf_counter()
        process.send_signal(signal.SIGKILL)
        process.wait()
        return time.perf_counter() - start


def _work(size: int) -> None:
    problem = invented(size)
    print("solving", flush=True)
    while True:
        solve(problem)


# -- the whole way ---------------------------------------------------------------------------------------------


async def whole(dsn: str, count: int, progress: Progress) -> Whole:
    """Fills a database of its own with ``count`` needs and offers by the service's handlers, then asks for a plan."""
    name = f"plan{uuid4().hex[:6]}"
    database = await make_template(dsn, name, (NAME,))
    try:
        return await _planned(database, count, progress)
    finally:
        await asyncio.to_thread(drop_databases, dsn, name)


async def _planned(database: Database, count: int, progress: Progress) -> Whole:
    settings: MatchingSettings = test_settings(MatchingSettings, database, NAME, "unused:1", "plan.")
    async with asyncpg.create_pool(database.dsn(NAME), min_size=1, max_size=4, init=set_codecs) as pool:
        units = Units(NAME, pool, MatchingStore)
        await _filled(units, count, progress)
        scope, plan_id = Scope(CITY, "bench"), new_id()
        async with units.begin(scope) as unit:
            await unit.store.plans.ask(scope, plan_id, Parameters().model_dump(mode="json"), unit.now)
        job = asyncio.create_task(supervising.jobs(settings)[0](units))
        try:
            phases, row = await _watched(units, scope, plan_id, progress)
        finally:
            job.cancel()
            await asyncio.gather(job, return_exceptions=True)
        async with units.reading() as store:
            [line, *_] = await store.plans.lines(scope, plan_id, None, -1, 1)
        start = time.perf_counter()
        choice = {name: line[name] for name in ("need_id", "need_line", "offer_id", "offer_line")}
        asked = supervising.Choice(**choice, quantity=line["quantity"])
        await supervising.price_of(settings, scope, plan_id, asked)
        insist = time.perf_counter() - start
    summary = row["summary"]
    return Whole(
        needs=count,
        offers=count,
        seconds=(row["finished_at"] - row["started_at"]).total_seconds(),
        phases=phases,
        lines=sum(summary["changes"].values()),
        pairs=summary["pairs"],
        gap=(row["bound"] - row["value"]) / row["bound"],
        insist_seconds=insist,
    )


async def _watched(units: Units[Any], scope: Scope, plan_id: Any, progress: Progress) -> tuple[dict[str, float], Any]:
    """Seconds in each phase, as they are seen from outside, and the plan when it is over."""
    task = progress.add_task("the plan", total=1.0)
    phases: dict[str, float] = {}
    before = time.perf_counter()
    while True:
        async with units.reading() as store:
            row = await store.plans.one(scope, plan_id)
        now = time.perf_counter()
        phases[row["phase"]] = phases.get(row["phase"], 0.0) + now - before
        before = now
        progress.update(task, completed=row["progress"], description=f"the plan: {row['phase']}")
        if row["state"] not in ("queued", "running"):
            if row["state"] != "done":
                raise RuntimeError(f"the plan is {row['state']}: {row['failure']}")
            return {phase: spent for phase, spent in phases.items() if phase != "over"}, row
        await asyncio.sleep(0.1)


async def _filled(units: Units[Any], count: int, progress: Progress) -> None:
    """Organisations, then offers, then needs: each need is proposed to as it comes, as in life."""
    givers = [new_id() for _ in range(max(1, count // 10))]
    named: list[Event] = [
        StakeholderRegistered(stakeholder_id=one, version=1, name=f"Org {index}", stakeholder_type="company")
        for index, one in enumerate(givers)
    ]
    vetted: list[Event] = [StakeholderVetted(stakeholder_id=one, version=2, outcome="approved") for one in givers]
    city = InventedCity({one.code: (one.italian, one.english) for one in categories()}, givers)
    steps: list[list[Event]] = [named, vetted, list(city.offers(count)), list(city.needs(count))]
    task = progress.add_task("filling the database", total=sum(len(events) for events in steps))
    for events in steps:
        for start in range(0, len(events), 100):
            part = events[start : start + 100]

            async def work(unit: Unit[Any], part: list[Event] = part) -> None:
                await HANDLERS[type(part[0])](unit, [_delivery(event) for event in part])

            await units.run(Scope(CITY, "bench"), work)
            progress.advance(task, len(part))


def _delivery(event: Any) -> Delivery[Any]:
    key = str(uuid4())
    envelope = Envelope(id=key, source="/intake", type=event.type, city=CITY, time=utc_now(), subject=key)
    return Delivery(event, envelope, Record(event.topic, 0, 0, key, event.to_bytes(), (), utc_now()))


@contextmanager
def a_database_server() -> Iterator[str]:
    """The one that the environment names, else our own, gone afterwards."""
    if dsn := os.environ.get(POSTGRES_VARIABLE):
        yield dsn
        return
    root = home() / "bench-allocation"
    server = PostgresServer(root)
    server.start()
    try:
        yield server.admin_dsn
    finally:
        server.stop()
        server.remove()
        shutil.rmtree(root, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.allocation", description=__doc__)
    parser.add_argument("--size", type=int, default=20_000, help="needs and offers for the solver alone")
    parser.add_argument("--whole", type=int, default=0, help="needs and offers for a plan on a database (0: none)")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    parser.add_argument("--work", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        _work(given.work)
    log.configure_command()
    found: dict[str, Any] = {"surroundings": surroundings() | {"load_before": os.getloadavg()[0]}}
    with Progress(console=Console(stderr=True)) as progress:
        found["solver"] = asdict(solver(given.size, progress))
        if given.whole:
            with a_database_server() as dsn:
                found["whole"] = asdict(asyncio.run(whole(dsn, given.whole, progress)))
    if given.json:
        print(json.dumps(found, indent=1))
        return
    for part, figures in found.items():
        print(f"\n{part}")
        for name, value in figures.items():
            print(f"  {name.replace('_', ' ')}: {round(value, 4) if isinstance(value, float) else value}")


if __name__ == "__main__":
    main()
