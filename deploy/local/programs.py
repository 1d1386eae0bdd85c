"""The processes of one machine: what each is called, how it starts, and when in the order it stops."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from chassis.settings import SERVICES
from deploy.local import caddy
from deploy.local.environment import Surroundings

EDGE, IDENTITY = "edge", "identity"


@dataclass(frozen=True)
class Program:
    """``stops`` is the wave it is stopped in: the edge first, so that no request reaches what is going down."""

    name: str
    command: tuple[str, ...]
    settings: dict[str, str]
    ready_url: str
    stops: int


def programs_of(surroundings: Surroundings) -> list[Program]:
    ports = surroundings.ports
    edge = Program(
        EDGE, tuple(caddy.command()), surroundings.of_edge(), f"http://127.0.0.1:{ports.edge}/healthz", stops=0
    )
    services = [
        Program(
            name,
            (sys.executable, "-m", f"services.{name}"),
            surroundings.of_service(name),
            f"http://127.0.0.1:{ports.service(name)}/{name}/readyz",
            stops=1,
        )
        for name in SERVICES
    ]
    identity = Program(
        IDENTITY,
        (sys.executable, "-m", "deploy.local.idp"),
        surroundings.of_identity_provider(),
        f"http://127.0.0.1:{ports.identity}/.well-known/openid-configuration",
        stops=2,
    )
    return [edge, *services, identity]


def save(path: Path, bus_kind: str, programs: list[Program]) -> bool:
    """Keep what the supervisor is to run; says whether that changed. Private: it holds the passwords."""
    text = json.dumps({"bus": bus_kind, "programs": [asdict(program) for program in programs]}, indent=1)
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    scratch = path.with_suffix(".new")
    scratch.unlink(missing_ok=True)
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    scratch.replace(path)
    return True


def load(path: Path) -> tuple[str, list[Program]]:
    """The kind of bus, and the programs."""
    saved = json.loads(path.read_text(encoding="utf-8"))
    return saved["bus"], [Program(**{**program, "command": tuple(program["command"])}) for program in saved["programs"]]
