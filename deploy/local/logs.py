"""The logs of all processes, side by side."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from deploy.local.layout import Home

LOOK_SECONDS = 0.3


def sources(home: Home, names: list[str], *, servers: dict[str, Path]) -> dict[str, Path]:
    """Name → log file of the processes, the supervisor and the servers; ``names`` chooses, none means all."""
    found = {path.stem: path for path in sorted(home.logs.glob("*.log")) if not path.stem.endswith(".1")}
    found |= {name: path for name, path in servers.items() if path.exists()}
    return {name: path for name, path in found.items() if not names or name in names}


def last_lines(files: dict[str, Path], count: int) -> Iterator[tuple[str, str]]:
    for name, path in files.items():
        with path.open(encoding="utf-8", errors="replace") as file:
            for line in deque(file, maxlen=count):
                yield name, line.rstrip("\n")


def follow(files: dict[str, Path]) -> Iterator[tuple[str, str]]:
    """Every new line, for ever; starts where the files end now."""
    places = {name: path.stat().st_size for name, path in files.items()}
    while True:
        told = False
        for name, path in files.items():
            for line in _since(path, places, name):
                told = True
                yield name, line
        if not told:
            time.sleep(LOOK_SECONDS)


def _since(path: Path, places: dict[str, int], name: str) -> Iterator[str]:
    size = path.stat().st_size if path.exists() else 0
    if size < places[name]:
        places[name] = 0  # put aside and begun anew
    if size == places[name]:
        return
    with path.open("rb") as file:
        file.seek(places[name])
        whole = file.read()
    complete = whole[: whole.rfind(b"\n") + 1]
    places[name] += len(complete)
    yield from complete.decode("utf-8", errors="replace").splitlines()


def readable(line: str) -> str:
    """A structured line as a person reads it: time, level, what happened, then the rest as key=value."""
    try:
        entry = json.loads(line)
    except ValueError:
        return line
    if not isinstance(entry, dict) or "event" not in entry:
        return line
    moment = str(entry.pop("timestamp", ""))[11:23]
    head = [moment, str(entry.pop("level", "")).upper(), str(entry.pop("event"))]
    entry.pop("service", None)  # said at the start of the line
    return " ".join([*filter(None, head), *(f"{key}={value}" for key, value in entry.items())])
