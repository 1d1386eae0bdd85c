"""HTTP for programs, ``/intake/api/v1``: all endpoints, in the order they are documented."""

from __future__ import annotations

from services.intake.endpoints import imports, needs, offers, registries, service, stakeholders, steering

ROUTERS = (
    needs.router,
    offers.router,
    stakeholders.router,
    registries.router,
    steering.router,
    imports.router,
    service.router,
)
