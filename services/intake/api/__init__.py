"""HTTP for programs: ``/intake/api/v1``."""

from __future__ import annotations

from services.intake.api import needs, offers, registries, service, stakeholders, steering

ROUTERS = (
    needs.router,
    offers.router,
    stakeholders.router,
    registries.router,
    steering.router,
    service.router,
)
