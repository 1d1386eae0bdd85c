"""The process that makes one plan. Its task is the first line of its input; progress goes out as JSON lines.

The input stays open as long as whoever asked lives: when it ends, so does this process. The result is stored by this
process itself, once, and only while the plan is still its own.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from chassis import log
from chassis.clock import utc_now
from chassis.database.pool import connect
from chassis.scope import Scope
from services.matching.allocation.model import NotPossible
from services.matching.planning import trying
from services.matching.planning.computing import Result, computed
from services.matching.planning.parameters import Choice, Parameters
from services.matching.planning.reading import know_offers, read
from services.matching.planning.stored import packed
from services.matching.store import MatchingStore
from services.matching.store.plans import Task


def say(**what: Any) -> None:
    """One line to whoever started this process."""
    sys.stdout.buffer.write(orjson.dumps(what, default=str) + b"\n")
    sys.stdout.buffer.flush()


def tell(phase: str, done: float) -> None:
    say(phase=phase, done=done)


async def _tell(phase: str, done: float) -> None:
    tell(phase, done)


async def plan(store: MatchingStore, task: dict[str, Any]) -> Result:
    """Reads, solves and compares; ``tell`` hears of each step."""
    scope, parameters = Scope(task["city"], "plan"), Parameters.model_validate(task["parameters"])
    now = datetime.fromisoformat(task["now"])
    situation = await read(store, scope, parameters, now, task["candidates"], _tell)
    today = await store.plans.proposals_of(scope, situation.gathered.needs)
    await know_offers(store, scope, situation.gathered, {row["offer_id"] for row in today})
    return computed(situation, parameters, today, tell)


async def made(task: dict[str, Any]) -> None:
    """Makes the plan and stores it, unless it was cancelled or given to somebody else."""
    connection = await connect(task["dsn"], "matching-plan")
    store = MatchingStore(connection)
    result = await plan(store, task)
    tell("saving", 0.0)
    mine = Task(Scope(task["city"], "plan"), UUID(task["plan_id"]), UUID(task["worker"]), {}, 0)
    async with connection.transaction():
        stored = await store.plans.finish(
            mine,
            utc_now(),
            rules_version=result.rules_version,
            value=result.value,
            bound=result.bound,
            summary=result.summary,
            problem=packed(result.problem),
            lines=result.lines,
        )
        if stored:
            await store.plans.forget_all_but(mine.scope, task["kept"])
    await connection.close()
    say(stored=stored)


async def tried(task: dict[str, Any]) -> None:
    """Says what one choice would cost in a finished plan."""
    connection = await connect(task["dsn"], "matching-plan")
    choice = Choice.model_validate(task["choice"])
    try:
        said = await trying.tried(MatchingStore(connection), Scope(task["city"], "plan"), UUID(task["plan_id"]), choice)
    except NotPossible:
        said = {"possible": False, "why": "too_much"}
    await connection.close()
    say(answer=said)


def _end_with_the_one_who_asked() -> None:
    """Reads past Python's own buffer, whose lock nobody may hold when the process ends."""
    while os.read(0, 1024):
        pass
    os._exit(1)


def main() -> None:
    log.configure_command()
    task = orjson.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_the_one_who_asked, daemon=True).start()
    asyncio.run(tried(task) if "choice" in task else made(task))


if __name__ == "__main__":
    main()
