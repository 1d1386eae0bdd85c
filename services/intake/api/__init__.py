"""HTTP for programs: ``/intake/api/v1``."""

from __future__ import annotations

from services.intake.api import imports, needs, offers, registries, service, stakeholders, steering

ROUTERS = (
    needs.router,
    offers.router,
    stakeholders.router,
    registries.router,
    steering.router,
    imports.router,
    service.router,
)
