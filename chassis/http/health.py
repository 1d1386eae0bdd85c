"""Alive, ready, and what operations look at: database, bus, lag, outbox backlog, dead letters."""

from __future__ import annotations

import asyncio
import time
from importlib.resources import as_file, files
from typing import Any

from aiokafka.errors import KafkaError
from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from chassis import letters, metrics
from chassis.bus import Bus
from chassis.inbox import Consumer
from chassis.relay import Relay
from chassis.unit import Units

_POLL_AGE_LIMIT = 120.0
"""Seconds without a completed poll after which the bus counts as stuck (a batch may retry in place for 60)."""


class Health:
    """The state of one service process."""

    def __init__(self, service: str, units: Units[Any], relay: Relay, consumer: Consumer[Any], bus: Bus | None) -> None:
        self._service = service
        self._units = units
        self._relay = relay
        self._consumer = consumer
        self._bus = bus

    async def report(self) -> dict[str, Any]:
        """A JSON object; ``ready`` is true when the service can do its work now."""
        checks: dict[str, Any] = {}
        outbox: dict[str, Any] = {"pending": None, "oldest_age_seconds": None}
        dead: dict[str, int] = {}
        try:
            async with asyncio.timeout(3), self._units.pool.acquire() as connection:
                row = await connection.fetchrow(
                    "SELECT count(*) AS pending, coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)"
                    " AS age FROM outbox WHERE published_at IS NULL"
                )
                assert row is not None
                outbox = {"pending": row["pending"], "oldest_age_seconds": round(float(row["age"]), 3)}
                dead = await letters.counts(connection)
            checks["database"] = {"ok": True}
        except Exception as error:
            checks["database"] = {"ok": False, "reason": type(error).__name__}
        checks["relay"] = {"ok": self._relay.alive}
        if self._bus is not None:
            checks["bus"] = await self._bus_check(self._bus)
        checks["consumer"] = {"ok": not self._consumer.halted}
        ready = all(check["ok"] for check in checks.values())
        self._measure(outbox, dead)
        metrics.ready.set(ready)
        return {
            "service": self._service,
            "ready": ready,
            "checks": checks,
            "consumer_lag": checks.get("bus", {}).get("lag"),
            "outbox": outbox,
            "dead_letters": dead,
        }

    async def _bus_check(self, bus: Bus) -> dict[str, Any]:
        """Reading without error proves nothing while a broker is away, so the broker is asked."""
        age = time.monotonic() - bus.last_poll
        lag, answers = None, True
        try:
            async with asyncio.timeout(2):
                lag = await bus.lag()
        except (TimeoutError, KafkaError):
            answers = False
        return {
            "ok": answers and bus.assigned > 0 and age < _POLL_AGE_LIMIT,
            "broker_answers": answers,
            "assigned_partitions": bus.assigned,
            "seconds_since_poll": round(age, 1),
            "lag": lag,
        }

    @staticmethod
    def _measure(outbox: dict[str, Any], dead: dict[str, int]) -> None:
        if outbox["pending"] is not None:
            metrics.outbox_pending.set(outbox["pending"])
            metrics.outbox_oldest_age.set(outbox["oldest_age_seconds"])
        for status, count in dead.items():
            metrics.dead_letters.labels(status).set(count)


def router(service: str) -> APIRouter:
    """``/<service>/healthz``, ``/readyz`` and ``/metrics``."""
    routes = APIRouter(prefix=f"/{service}", include_in_schema=False)

    @routes.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @routes.get("/readyz")
    async def readyz(request: Request) -> JSONResponse:
        health: Health = request.app.state.health
        report = await health.report()
        return JSONResponse(report, 200 if report["ready"] else 503)

    @routes.get("/metrics")
    async def measurements(request: Request) -> Response:
        health: Health = request.app.state.health
        await health.report()
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return routes


def asyncapi(service: str) -> APIRouter:
    """``/<service>/asyncapi.json``: what the service says and hears, as generated from the contracts."""
    routes = APIRouter(include_in_schema=False)

    @routes.get(f"/{service}/asyncapi.json")
    async def document() -> Response:
        with as_file(files("contracts") / "asyncapi" / f"{service}.json") as path:
            return FileResponse(path, media_type="application/json")

    return routes
