"""``make bench``: latency and throughput of this machine, as ratios to its raw limits, all of one run."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from chassis import log
from chassis.settings import home
from deploy.local.installation import Installation
from deploy.local.layout import Ports
from deploy.local.progress import Progress
from tests.bench import run
from tests.bench.sizes import QUICK, RECORD
from tests.bench.table import Table
from tests.system import HOME_VARIABLE, System, free_offset


@contextmanager
def a_system() -> Iterator[tuple[System, bool]]:
    """The running installation that the environment names, else one of our own; says whether it is our own."""
    given = os.environ.get(HOME_VARIABLE)
    if given:
        yield System(Installation(Path(given))), False
        return
    # On the disk of the installation of every day, apart from its data.
    root = home() / "bench"
    installation = Installation(root)
    installation.up(Ports(free_offset()), _progress())
    try:
        yield System(installation), True
    finally:
        installation.down(_progress())
        installation.postgres.remove()
        shutil.rmtree(root, ignore_errors=True)


def _progress() -> Progress:
    return Progress(Console(stderr=True))


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output instead of a table")
    parser.add_argument("--quick", action="store_true", help="a few minutes less, figures that vary more")
    parser.add_argument("--only", choices=run.PARTS, action="append", help="parts to measure (raw limits always are)")
    given = parser.parse_args()
    log.configure_command()
    table = Table()
    with a_system() as (system, own), tempfile.TemporaryDirectory() as scratch:
        sizes = QUICK if given.quick else RECORD
        parts = given.only or run.PARTS
        try:
            load = asyncio.run(run.all_of(system, Path(scratch), sizes, table, parts, may_restart=own))
        except BaseException:
            print(f"Not finished; until then:\n\n{table.as_text()}", file=sys.stderr)
            raise
    surroundings = {**run.surroundings(), "load_before": load}
    if given.json:
        print(json.dumps({"surroundings": surroundings, "rows": table.as_json()}, indent=1))
        return
    for name, value in surroundings.items():
        print(f"{name}: {value}")
    print(f"\n{table.as_text()}")


if __name__ == "__main__":
    sys.exit(main())
