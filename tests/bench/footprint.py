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
        pss, rss = _size(int(programs[name]["pid"]))
        judged = {"of": "a small process", "limit": A_PROCESS, "less_is_better": True} if name in SERVICES else {}
        table.add(Row(GROUP, f"memory of {name}", pss, "MiB", note=f"resident {rss:.0f}", **judged))
    for name, root in (("PostgreSQL", _postmaster(system)), ("Kafka", _broker(system))):
        sizes = [_size(pid) for pid in _family(root)]
        table.add(Row(GROUP, f"memory of {name}", sum(pss for pss, _ in sizes), "MiB", note=f"{len(sizes)} processes"))


def _size(pid: int) -> tuple[float, float]:
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
