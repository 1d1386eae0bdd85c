"""Processes that outlive the command which started them: found again, waited for and ended safely."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil

POLL_SECONDS = 0.05
BOOT = Path("/proc/sys/kernel/random/boot_id")


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Poll ``condition`` until it holds or ``seconds`` have passed; says which of the two."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def alive(pid: int) -> bool:
    """A zombie does not count: in a container nobody may ever reap it."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def birth(pid: int) -> str | None:
    """What tells a process from any other that ever had or will have its id; None when there is none.

    Ticks since boot and the boot's own id: clock time would move with every correction of the clock.
    """
    try:
        ticks = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
        return f"{BOOT.read_text(encoding='utf-8').strip()}/{ticks}"
    except ProcessLookupError:
        return None
    except OSError:
        return _birth_by_clock(pid)


def _birth_by_clock(pid: int) -> str | None:
    """Where there is no /proc."""
    try:
        return f"{psutil.Process(pid).create_time():.0f}"
    except psutil.NoSuchProcess:
        return None


class PidFile:
    """A process id together with the process's birth, so that a reused id is never taken for ours."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, pid: int) -> None:
        scratch = self.path.with_suffix(".new")
        scratch.write_text(json.dumps({"pid": pid, "birth": birth(pid)}), encoding="utf-8")
        scratch.replace(self.path)

    def pid(self) -> int | None:
        """The id of the process when it still runs, else None."""
        try:
            saved = json.loads(self.path.read_text(encoding="utf-8"))
            pid = int(saved["pid"])
            same = saved["birth"] == birth(pid)
        except (OSError, ValueError, KeyError):
            return None
        return pid if same and alive(pid) else None

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)


def family(pid: int) -> list[psutil.Process]:
    """The process and all its descendants, the eldest first."""
    try:
        eldest = psutil.Process(pid)
        return [eldest, *eldest.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def end(pid: int, seconds: float = 15.0) -> None:
    """Ask a process to stop; when it has not after ``seconds``, kill it with its children."""
    members = family(pid)
    if not members:
        return
    members[0].terminate()
    if not wait_until(lambda: not alive(pid), seconds):
        kill_family(pid)


def kill_family(pid: int) -> None:
    """SIGKILL a process and its descendants and wait until none is left."""
    members = family(pid)
    for member in members:
        try:
            os.kill(member.pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    wait_until(lambda: not any(alive(member.pid) for member in members), 10)
    reap_own_children(members)


def reap_own_children(members: list[psutil.Process]) -> None:
    for member in members:
        try:
            os.waitpid(member.pid, os.WNOHANG)
        except ChildProcessError:
            continue


def detach(command: list[str], *, log: Path, directory: Path) -> int:
    """Start a process in a session of its own, so that it outlives us; what it says goes to ``log``."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=directory,
            start_new_session=True,
        )
    process.returncode = 0  # it is not ours to wait for; unset, Popen would warn that it still runs
    return process.pid
