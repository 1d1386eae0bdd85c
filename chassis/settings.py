"""Settings, the same for one machine, compose and cluster: environment variables ``SPORTELLO_<NAME>``.

``docs/architecture/settings.md`` is the table of all of them.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from contracts.topics import PARTITIONS

PORTS = {"intake": 8101, "matching": 8102, "agreements": 8103, "notifications": 8104, "impact": 8105}
"""The port each service listens on when nothing else is said."""

SERVICES = tuple(PORTS)


class Settings(BaseSettings):
    """What every service needs to know about where it runs."""

    model_config = SettingsConfigDict(env_prefix="SPORTELLO_", extra="ignore", frozen=True)

    environment: Literal["local", "test", "compose", "cluster"] = "local"
    service: str = "sportello"
    default_city: str = Field(default="c_f205", description="IPA code used when nobody is logged in")

    http_host: str = "127.0.0.1"
    http_port: int = 8100
    public_url: str = "http://localhost:8080"

    database_url: SecretStr = SecretStr("")
    migration_database_url: SecretStr = SecretStr("")
    database_pool_size: int = Field(default=12, ge=2)

    kafka_bootstrap: str = "127.0.0.1:9192"
    topic_prefix: str = ""
    topic_partitions: int = Field(default=PARTITIONS, ge=1)
    topic_replication: int = Field(default=1, ge=1)
    topic_min_isr: int = Field(default=1, ge=1)

    relay_batch: int = Field(default=500, ge=1)
    relay_poll_seconds: float = Field(default=1.0, gt=0, description="safety net; commits wake the relay")
    relay_max_per_second: int = Field(default=0, ge=0, description="0 = no limit; holds back an in-memory broker")
    consume_batch: int = Field(default=500, ge=1)
    consume_retry_seconds: float = Field(default=60.0, description="in-place retries of a transient failure")
    consume_max_bad_in_a_row: int = Field(default=25, ge=1)
    graceful_seconds: float = Field(default=15.0, gt=0, description="how long a stop waits for the batch in hand")
    fetch_max_wait_ms: int = Field(default=500, ge=1)

    oidc_issuer: str = "http://localhost:8110"
    oidc_discovery_url: str | None = Field(
        default=None, description="where services read the issuer's metadata, if not under the issuer itself"
    )
    oidc_client_id: str = "sportello"
    oidc_client_secret: SecretStr = SecretStr("")
    session_secret: SecretStr = SecretStr("")
    service_token: SecretStr = SecretStr("")

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    trace_file: Path | None = None
    otlp_endpoint: str | None = None
    trace_ratio: float = Field(default=1.0, ge=0, le=1)


def home() -> Path:
    """Where the one-machine launcher keeps its state: ``SPORTELLO_HOME`` or ``.sportello`` in this directory."""
    return Path(os.environ.get("SPORTELLO_HOME", ".sportello")).resolve()


def settings_of(service: str) -> Settings:
    """Settings of ``service`` as a command sees them: the environment, else the launcher's file for it."""
    env_file = home() / "env" / f"{service}.env"
    return Settings(_env_file=env_file if env_file.exists() else None)
