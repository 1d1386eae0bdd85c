"""Keeps one process alive: starts it, waits for its end, and starts it again with a growing pause."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from deploy.local.environment import surrounding
from deploy.local.layout import PROJECT, Home
from deploy.local.processes import birth
from deploy.local.programs import Program

State = Literal["starting", "running", "waiting to restart", "stopped"]
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
STEADY_SECONDS = 30.0
"""A process that ran this long is taken for healthy: its next pause is the first again."""
STOP_SECONDS = 20.0
LARGEST_LOG = 20_000_000
"""Bytes after which a log is put aside at the next start of its process."""


@dataclass
class Condition:
    """What `sportello status` tells of a process; ``since`` is seconds since the epoch."""

    state: State
    pid: int | None
    birth: str | None
    restarts: int
    last_exit: int | None
    since: float


class Keeper:
    """One process under supervision."""

    def __init__(self, home: Home, program: Program, changed: Callable[[], None]) -> None:
        self.program = program
        self.condition = Condition("starting", None, None, 0, None, time.time())
        self._home = home
        self._changed = changed
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()

    async def keep(self) -> None:
        """Returns only after :meth:`stop`."""
        pause = FIRST_PAUSE
        while not self._stopping.is_set():
            began = time.monotonic()
            code = await self._run_once()
            if self._stopping.is_set():
                break
            if time.monotonic() - began > STEADY_SECONDS:
                pause = FIRST_PAUSE
            self._set("waiting to restart", None, code)
            self.condition.restarts += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
            pause = min(pause * 2, LONGEST_PAUSE)
        self._set("stopped", None, self.condition.last_exit)

    async def stop(self) -> None:
        """SIGTERM, time to finish what is in flight, then SIGKILL for it and whatever it started."""
        self._stopping.set()
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            kill_group(process.pid)
            await process.wait()

    def restart(self) -> None:
        """End the process; :meth:`keep` brings it up again."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()

    async def _run_once(self) -> int:
        log = self._home.log(self.program.name)
        if log.exists() and log.stat().st_size > LARGEST_LOG:
            log.replace(log.with_suffix(".1.log"))
        with log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *self.program.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                cwd=PROJECT,
                env={**surrounding(os.environ), **self.program.settings, "PYTHONUNBUFFERED": "1"},
                start_new_session=True,
            )
        self._set("running", self._process.pid, self.condition.last_exit)
        code = await self._process.wait()
        kill_group(self._process.pid)  # what it had started would keep its port
        return code

    def _set(self, state: State, pid: int | None, last_exit: int | None) -> None:
        started = birth(pid) if pid else None
        self.condition = Condition(state, pid, started, self.condition.restarts, last_exit, time.time())
        self._changed()


def kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
