"""Where the launcher keeps things (all under ``.sportello/``) and which ports the parts listen on."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from chassis.settings import PORTS, SERVICES

PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Ports:
    """Every port of one installation; two installations on one machine differ by ``offset``."""

    offset: int = 0

    @property
    def edge(self) -> int:
        return 8080 + self.offset

    @property
    def identity(self) -> int:
        return 8110 + self.offset

    @property
    def kafka(self) -> int:
        return 9192 + self.offset

    def service(self, name: str) -> int:
        return PORTS[name] + self.offset

    @property
    def public_url(self) -> str:
        return f"http://localhost:{self.edge}"

    @property
    def issuer(self) -> str:
        return f"http://localhost:{self.identity}"

    def listening(self) -> dict[int, str]:
        """Port → who listens there, Kafka apart (it looks after its own two)."""
        return {
            self.edge: "the edge proxy",
            self.identity: "the identity provider",
            **{self.service(name): name for name in SERVICES},
        }


@dataclass(frozen=True)
class Home:
    """The launcher's directory."""

    root: Path

    @property
    def secrets(self) -> Path:
        return self.root / "secrets.json"

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def kafka(self) -> Path:
        return self.root / "kafka"

    @property
    def environment(self) -> Path:
        return self.root / "env"

    @property
    def logs(self) -> Path:
        return self.root / "log"

    @property
    def traces(self) -> Path:
        return self.root / "traces"

    @property
    def run(self) -> Path:
        return self.root / "run"

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def make(self) -> None:
        """Create the directories; private, for they hold passwords and data."""
        for directory in (self.root, self.environment, self.logs, self.traces, self.run):
            directory.mkdir(parents=True, exist_ok=True)
        for private in (self.environment, self.logs, self.traces, self.run):
            private.chmod(0o700)

    # -- the ports that this installation was brought up with ----------------------------------------------

    def save_ports(self, ports: Ports) -> None:
        (self.run / "ports.json").write_text(json.dumps(asdict(ports)), encoding="utf-8")

    def ports(self) -> Ports:
        try:
            return Ports(**json.loads((self.run / "ports.json").read_text(encoding="utf-8")))
        except OSError:
            return Ports()
