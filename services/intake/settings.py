"""Settings of intake."""

from __future__ import annotations

from pydantic import Field

from chassis.settings import PORTS, Settings


class IntakeSettings(Settings):
    """What every service has, and where the others say how they are."""

    service: str = "intake"
    http_port: int = PORTS["intake"]
    service_urls: dict[str, str] = Field(
        default={}, description="internal address of each service; those not named are on this host"
    )

    def address_of(self, service: str) -> str:
        """Where ``service`` listens: as set, else on this host with its port shifted as far as intake's own is."""
        shifted = PORTS[service] + self.http_port - PORTS["intake"]
        return self.service_urls.get(service, f"http://127.0.0.1:{shifted}")
