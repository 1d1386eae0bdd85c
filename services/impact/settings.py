"""Settings of this service: those of every service, with its own name and port."""

from __future__ import annotations

from chassis.settings import PORTS, Settings


class ImpactSettings(Settings):
    """See ``chassis/settings.py`` for all of them."""

    service: str = "impact"
    http_port: int = PORTS["impact"]
