"""``sportello replay`` of one read model of matching with what it took: ``python -m tests.bench.replaying needs``."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import psutil

from chassis import log
from chassis.cli.loading import service_of, settings_for
from chassis.replay import replay


def main() -> None:
    log.configure_command()
    done = asyncio.run(replay(service_of("matching", settings_for("matching")), sys.argv[1]))
    family = [os.getpid(), *(child.pid for child in psutil.Process().children(recursive=True))]
    found = {"seconds": done.seconds, "records": done.records, "rows": done.rows, "aside": done.kept_aside}
    print(json.dumps(found | {"peak_mib": sum(_peak(pid) for pid in family), "processes": len(family)}))


def _peak(pid: int) -> float:
    """MiB at most in memory since the process began. (``ru_maxrss`` would begin with what its parent held.)"""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


if __name__ == "__main__":
    main()
