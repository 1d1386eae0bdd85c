"""Processes of the bench's own: started with settings, waited for, ended."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tests.bench.wire import Wire

PROJECT = Path(__file__).resolve().parents[2]
READY_SECONDS = 90.0


@asynccontextmanager
async def child(module: str, *arguments: str, ready: str, log: Path, **settings: str) -> AsyncIterator[int]:
    """Runs ``python -m module`` until the block is left; enters it when ``ready`` (a URL) answers 200. Gives the pid.

    Raises RuntimeError with the end of its log when it does not get ready.
    """
    process = _start([sys.executable, "-m", module, *arguments], log, settings)
    try:
        await _wait(process, ready, log)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.to_thread(process.wait, 30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _start(command: Sequence[str], log: Path, settings: Mapping[str, str]) -> subprocess.Popen[bytes]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SPORTELLO_")}
    environment = {**inherited, **{f"SPORTELLO_{name}": value for name, value in settings.items()}}
    with log.open("ab") as output:
        return subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=output, stderr=subprocess.STDOUT)


async def _wait(process: subprocess.Popen[bytes], ready: str, log: Path) -> None:
    origin, _, path = ready.partition("//")[2].partition("/")
    deadline = time.monotonic() + READY_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if await _answers(f"http://{origin}", f"/{path}"):
            return
        await asyncio.sleep(0.1)
    process.kill()
    raise RuntimeError(f"{ready}: not ready. {_last_words(log)}")


def _last_words(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-2000:]


async def _answers(origin: str, path: str) -> bool:
    wire = Wire(origin)
    try:
        return (await wire.get(path)).status in (200, 405)
    except (OSError, EOFError, ValueError):
        return False
    finally:
        await wire.close()
