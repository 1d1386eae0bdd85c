"""How every part of this machine's Sportello is: what `sportello status` shows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import psutil
from rich.table import Table

from deploy.local.installation import Installation
from deploy.local.processes import family
from deploy.local.programs import Program, load
from deploy.local.readiness import Answer, ask_all, supervisor_state

PARKED = ("parked", "behind", "waiting")


def condition(installation: Installation) -> dict[str, Any]:
    """One JSON object; ``ready`` says whether everything is."""
    home = installation.home
    try:
        bus_kind, programs = load(home.run / "programs.json")
    except FileNotFoundError:
        return {"running": False, "supervised": False, "ready": False, "servers": {}, "parts": []}
    state = supervisor_state(home).get("programs", {}) if installation.is_supervised else {}
    answers = ask_all(programs)
    parts = [_part(program, state.get(program.name, {}), answers[program.name]) for program in programs]
    servers = {
        "postgres": {"up": installation.postgres.is_running},
        "kafka": {"up": installation.bus.is_running, "kind": bus_kind},
    }
    return {
        "running": installation.is_running,
        "supervised": installation.is_supervised,
        "ready": installation.is_running and all(part["ready"] for part in parts),
        "url": home.ports().public_url,
        "servers": servers,
        "parts": parts,
    }


def _part(program: Program, state: dict[str, Any], answer: Answer) -> dict[str, Any]:
    report = answer.report
    outbox = report.get("outbox", {})
    return {
        "name": program.name,
        "ready": answer.ready,
        "state": state.get("state", "stopped"),
        "pid": state.get("pid"),
        "restarts": state.get("restarts", 0),
        "up_seconds": round(time.time() - state["since"]) if state.get("pid") else None,
        "memory_mb": _memory_mb(state.get("pid")),
        "consumer_lag": report.get("consumer_lag"),
        "outbox_pending": outbox.get("pending"),
        "outbox_oldest_age_seconds": outbox.get("oldest_age_seconds"),
        "dead_letters": report.get("dead_letters"),
        "failing": sorted(name for name, check in report.get("checks", {}).items() if not check.get("ok")),
    }


def _memory_mb(pid: int | None) -> int | None:
    """Resident memory of the process and of the workers it started."""
    members = family(pid) if pid else []
    try:
        return round(sum(member.memory_info().rss for member in members) / 1e6) if members else None
    except psutil.NoSuchProcess:
        return None


def as_table(found: dict[str, Any]) -> Table:
    table = Table(title=None, box=None, header_style="bold", pad_edge=False)
    for heading in ("part", "state", "up", "MB"):
        table.add_column(heading)
    for heading in ("lag", "outbox", "oldest", "dead letters"):
        table.add_column(heading, justify="right")
    for part in found["parts"]:
        table.add_row(*_cells(part), style=None if part["ready"] else "red")
    return table


def _cells(part: dict[str, Any]) -> Iterator[str]:
    yield part["name"]
    yield _state(part)
    yield _duration(part["up_seconds"])
    yield _number(part["memory_mb"])
    yield _number(part["consumer_lag"])
    yield _number(part["outbox_pending"])
    age = part["outbox_oldest_age_seconds"]
    yield "-" if age is None else f"{age:.1f} s"
    letters = part["dead_letters"]
    yield "-" if letters is None else str(sum(letters.get(status, 0) for status in PARKED))


def _state(part: dict[str, Any]) -> str:
    if part["ready"]:
        return "ready"
    failing = f" ({', '.join(part['failing'])})" if part["failing"] else ""
    return f"{part['state']}, not ready{failing}" if part["pid"] else str(part["state"])


def _duration(seconds: int | None) -> str:
    if seconds is None:
        return "-"
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} m" if hours else f"{minutes} m {rest:02} s"


def _number(value: int | None) -> str:
    return "-" if value is None else str(value)
