"""``sportello replay`` of one read model of matching with what it took: ``python -m tests.bench.replaying needs``."""

from __future__ import annotations

import asyncio
import json
import resource
import sys

from chassis import log
from chassis.cli.loading import service_of, settings_for
from chassis.replay import replay


def main() -> None:
    log.configure_command()
    done = asyncio.run(replay(service_of("matching", settings_for("matching")), sys.argv[1]))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = {"seconds": done.seconds, "records": done.records, "rows": done.rows, "aside": done.kept_aside}
    print(json.dumps(found | {"peak_mib": peak}))


if __name__ == "__main__":
    main()
