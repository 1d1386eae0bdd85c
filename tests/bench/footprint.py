"""What the running system holds in memory, and how long it takes to come up."""

from __future__ import annotations

import time
from pathlib import Path

import psutil

from chassis.settings import SERVICES
from deploy.local.progress import Progress
from deploy.local.readiness import supervisor_state
from tests.bench.table import Row, Table
from tests.system import System

GROUP = "Start-up and size"
A_PROCESS = 65.0
"""MiB that a small process of this kind takes (imports of the framework, one event loop)."""


def start_up(system: System, table: Table) -> None:
    """Stops the installation and brings it up again: everything is cached, the data is there."""
    installation, ports = system.installation, system.ports
    installation.down(Progress())
    start = time.monotonic()
    installation.up(ports, Progress())
    table.add(
        Row(
            GROUP,
            "from `up` to ready",
            time.monotonic() - start,
            "s",
            of="a minute",
            limit=60,
            target=1,
            less_is_better=True,
        )
    )


def memory(system: System, table: Table) -> None:
    """Proportional set size of each process, where the kernel tells it: shared pages are counted once."""
    programs = supervisor_state(system.installation.home)["programs"]
    for name in (*SERVICES, "identity", "edge"):
        pss, rss = resident(int(programs[name]["pid"]))
        judged = {"of": "a small process", "limit": A_PROCESS, "less_is_better": True} if name in SERVICES else {}
        table.add(Row(GROUP, f"memory of {name}", pss, "MiB", note=f"resident {rss:.0f}", **judged))
    for name, root in (("PostgreSQL", _postmaster(system)), ("Kafka", _broker(system))):
        sizes = [resident(pid) for pid in _family(root)]
        table.add(Row(GROUP, f"memory of {name}", sum(pss for pss, _ in sizes), "MiB", note=f"{len(sizes)} processes"))


def processor_seconds(system: System) -> dict[str, float]:
    """What each part has used of the processors so far; the difference of two such tells what some work cost."""
    programs = supervisor_state(system.installation.home)["programs"]
    families = {name: [int(program["pid"])] for name, program in programs.items()}
    families |= {"PostgreSQL": _family(_postmaster(system)), "Kafka": [_broker(system)]}
    return {name: sum(_used(pid) for pid in pids) for name, pids in families.items()}


def _used(pid: int) -> float:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def resident(pid: int) -> tuple[float, float]:
    """Proportional and resident MiB of a process."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
        fields = {line.split()[0]: line.split()[1] for line in lines[1:]}
        return int(fields["Pss:"]) / 1024, int(fields["Rss:"]) / 1024
    except OSError:
        resident = psutil.Process(pid).memory_info().rss / 2**20
        return resident, resident


def _family(pid: int) -> list[int]:
    process = psutil.Process(pid)
    return [pid, *(one.pid for one in process.children(recursive=True))]


def _postmaster(system: System) -> int:
    first = (system.installation.postgres.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0]
    return int(first)


def _broker(system: System) -> int:
    for connection in psutil.net_connections(kind="tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr[1] == system.ports.kafka and connection.pid:
            return int(connection.pid)
    raise LookupError("nobody listens on Kafka's port")
