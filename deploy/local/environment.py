"""The settings (``SPORTELLO_…``) that each process of this machine gets, also kept as files for the command."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chassis.settings import SERVICES
from deploy.local.in_memory_kafka import InMemoryKafka
from deploy.local.layout import Home, Ports
from deploy.local.secrets import Secrets

PREFIX = "SPORTELLO_"
DatabaseUrl = Callable[[str, str], str]

# librdkafka's cluster holds 5 MiB per partition, drops what is older, and does not wake a waiting fetch.
IN_MEMORY = {"RELAY_MAX_PER_SECOND": "500", "FETCH_MAX_WAIT_MS": "5"}

HERE = ("localhost", "127.0.0.1", "::1")

# What a person may set before `sportello up` and expects to reach the services.
PASSED_ON = (
    "LOG_LEVEL",
    "OTLP_ENDPOINT",
    "TRACE_RATIO",
    "DEFAULT_CITY",
    "DATABASE_POOL_SIZE",
    "RELAY_BATCH",
    "CONSUME_BATCH",
)


@dataclass(frozen=True)
class Surroundings:
    """Everything that the processes' settings follow from."""

    home: Home
    ports: Ports
    secrets: Secrets
    bootstrap: str
    bus_kind: str
    database_url: DatabaseUrl

    def of_service(self, name: str) -> dict[str, str]:
        roles = self.secrets.roles
        return {
            **self._shared(),
            "SPORTELLO_SERVICE": name,
            "SPORTELLO_HTTP_PORT": str(self.ports.service(name)),
            "SPORTELLO_DATABASE_URL": self.database_url(name, roles[name]),
            "SPORTELLO_MIGRATION_DATABASE_URL": self.database_url(f"{name}_owner", roles[f"{name}_owner"]),
            "SPORTELLO_SESSION_SECRET": self.secrets.session,
            "SPORTELLO_SERVICE_TOKEN": self.secrets.service_token,
            "SPORTELLO_TRACE_FILE": str(self.home.traces / f"{name}.jsonl"),
        }

    def of_identity_provider(self) -> dict[str, str]:
        return {
            **self._shared(),
            "SPORTELLO_SERVICE": "identity",
            "SPORTELLO_HTTP_PORT": str(self.ports.identity),
        }

    def of_edge(self) -> dict[str, str]:
        upstreams = {f"SPORTELLO_UPSTREAM_{name.upper()}": f"127.0.0.1:{self.ports.service(name)}" for name in SERVICES}
        return {"SPORTELLO_EDGE_ADDRESS": f"http://:{self.ports.edge}", "SPORTELLO_EDGE_BIND": "127.0.0.1", **upstreams}

    def write_files(self) -> None:
        for name in SERVICES:
            write_file(self.home, name, self.of_service(name))

    def _shared(self) -> dict[str, str]:
        in_memory = self.bus_kind == InMemoryKafka.kind
        return {
            "SPORTELLO_ENVIRONMENT": "local",
            "SPORTELLO_HOME": str(self.home.root),
            "SPORTELLO_HTTP_HOST": "127.0.0.1",
            "SPORTELLO_PUBLIC_URL": self.ports.public_url,
            "SPORTELLO_KAFKA_BOOTSTRAP": self.bootstrap,
            "SPORTELLO_OIDC_ISSUER": self.ports.issuer,
            "SPORTELLO_OIDC_CLIENT_ID": "sportello",
            "SPORTELLO_OIDC_CLIENT_SECRET": self.secrets.oidc_client,
            **({PREFIX + key: value for key, value in IN_MEMORY.items()} if in_memory else {}),
            **passed_on(os.environ),
        }


def write_file(home: Home, service: str, settings: Mapping[str, str]) -> None:
    """A private file from which `sportello dlq`, `replay` and the like read the service's settings."""
    path = home.environment / f"{service}.env"
    path.touch(mode=0o600)
    path.write_text("".join(f'{key}="{value}"\n' for key, value in settings.items()), encoding="utf-8")


def passed_on(environment: Mapping[str, str]) -> dict[str, str]:
    return {PREFIX + key: environment[PREFIX + key] for key in PASSED_ON if PREFIX + key in environment}


def surrounding(environment: Mapping[str, str]) -> dict[str, str]:
    """What a process inherits: nothing meant for something else, such as a test run, and no proxy to this machine."""
    inherited = {key: value for key, value in environment.items() if not key.startswith(PREFIX)}
    direct = ",".join(filter(None, [inherited.get("no_proxy") or inherited.get("NO_PROXY"), *HERE]))
    return {**inherited, "NO_PROXY": direct, "no_proxy": direct}
