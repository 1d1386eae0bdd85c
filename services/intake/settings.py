"""Settings of intake."""

from __future__ import annotations

from pydantic import Field

from chassis.settings import PORTS, Settings


class IntakeSettings(Settings):
    """What every service has, and where the others say how they are."""

    service: str = "intake"
    http_port: int = PORTS["intake"]
    service_urls: dict[str, str] = Field(
        default={name: f"http://127.0.0.1:{port}" for name, port in PORTS.items()},
        description="internal address of each service, for the operations page",
    )
