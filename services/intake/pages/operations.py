"""How the services are: what each says of itself on ``/readyz``, asked by this one."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import httpx
from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from chassis.auth import Actor, require
from chassis.settings import SERVICES
from chassis.web.pages import Pages
from services.intake.settings import IntakeSettings

TIMEOUT_SECONDS = 4.0
Operations = Annotated[Actor, Depends(require("operations"))]


def router(pages: Pages) -> APIRouter:
    routes = pages.router(prefix="/intake")

    @routes.get("/operations")
    async def operations(request: Request, actor: Operations) -> HTMLResponse:
        states = await asyncio.gather(*_questions(request))
        return pages.render(request, "operations.html", states=states)

    return routes


def _questions(request: Request) -> list[Any]:
    settings: IntakeSettings = request.app.state.settings
    return [_own(request) if name == "intake" else _ask(name, settings.address_of(name)) for name in SERVICES]


async def _own(request: Request) -> dict[str, Any]:
    return _shown("intake", await request.app.state.health.report())


async def _ask(name: str, url: str) -> dict[str, Any]:
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False) as client:
            answer = await client.get(f"{url}/{name}/readyz", headers={"Accept": "application/json"})
            report = answer.json()
    except (httpx.HTTPError, ValueError):
        report = None
    return _shown(name, report if isinstance(report, dict) else None)


def _shown(name: str, report: dict[str, Any] | None) -> dict[str, Any]:
    """What the page shows of a report; None = the service did not answer."""
    said = report or {}
    outbox, letters = said.get("outbox") or {}, said.get("dead_letters") or {}
    checks = said.get("checks") or {}
    return {
        "name": name,
        "up": report is not None,
        "ready": bool(said.get("ready")),
        "failing": [check for check, state in checks.items() if not state.get("ok")],
        "lag": said.get("consumer_lag"),
        "pending": outbox.get("pending"),
        "oldest": outbox.get("oldest_age_seconds"),
        "letters": letters,
    }
