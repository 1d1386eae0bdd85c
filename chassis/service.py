"""How a service is put together and run: one process with HTTP, relay, consumer and its own background work."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import uvicorn
from fastapi import APIRouter, FastAPI, Request
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from opentelemetry.sdk.trace.export import SpanExporter

from chassis import clock as clocks
from chassis import log, membership, telemetry
from chassis.auth import install_identity
from chassis.bus import Bus
from chassis.database.pool import Connection, Pool, create_pool
from chassis.housekeeping import housekeeping
from chassis.http import health, problem
from chassis.inbox import Consumer, Handler, Unreadable
from chassis.relay import Relay
from chassis.settings import Settings
from chassis.unit import Units
from chassis.web.install import install_web
from chassis.web.pages import Pages
from contracts.event import Event

StoreT = TypeVar("StoreT")
Background = Callable[[Units[Any]], Awaitable[None]]
_logger = log.get("service")


@dataclass(frozen=True)
class Projection:
    """A read model that can be rebuilt from the log: its tables and the handlers that fill them."""

    tables: tuple[str, ...]
    handlers: Mapping[type[Event], Handler]


@dataclass(frozen=True)
class Service(Generic[StoreT]):
    """Everything that makes one service different from another; :meth:`app` wires it.

    ``background`` are coroutines that run for the life of the process (expiry, schedules).
    ``projections`` names read models that ``sportello replay`` may rebuild: table names by projection.
    """

    settings: Settings
    make_store: Callable[[Connection], StoreT]
    handlers: Mapping[type[Event], Handler]
    routers: Sequence[APIRouter]
    pages: Pages
    unreadable: Mapping[str, Unreadable] = field(default_factory=dict)
    background: Sequence[Background] = ()
    projections: Mapping[str, Projection] = field(default_factory=dict)
    on_start: Callable[[FastAPI], Awaitable[None]] | None = None

    @property
    def name(self) -> str:
        return self.settings.service

    def units(self, pool: Pool, wake: Callable[[], None] = lambda: None) -> Units[StoreT]:
        return Units(self.name, pool, self.make_store, wake=wake)

    def consumer(self, units: Units[StoreT], tracer: Any = None) -> Consumer[StoreT]:
        """The consumer that applies events to this service; commands use it to replay dead letters."""
        return Consumer(self.name, units, self.handlers, self.settings, unreadable=self.unreadable, tracer=tracer)

    def app(self, exporter: SpanExporter | None = None, clock: clocks.Clock = clocks.utc_now) -> FastAPI:
        """The ASGI application. Database, relay and consumer live as long as its lifespan."""
        provider = telemetry.configure(self.settings, exporter)

        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            async with self._running(app, provider.get_tracer("sportello"), clock):
                yield
            provider.force_flush(2000)

        app = FastAPI(
            title=f"Sportello {self.name}",
            version="1",
            openapi_url=f"/{self.name}/api/openapi.json",
            docs_url=None,
            redoc_url=None,
            lifespan=lifespan,
        )
        problem.install(app)
        install_identity(app, self.settings)
        install_web(app, self.pages, self.settings)
        app.include_router(health.router(self.name))
        app.include_router(health.asyncapi(self.name))
        for router in self.routers:
            app.include_router(router)
        app.state.tracer_provider = provider
        app.add_middleware(
            OpenTelemetryMiddleware,
            tracer_provider=provider,
            excluded_urls="healthz,readyz,metrics,static,stream",
            exclude_spans=["receive", "send"],
            server_request_hook=telemetry.without_query,
        )
        return app

    @asynccontextmanager
    async def _running(self, app: FastAPI, tracer: Any, clock: clocks.Clock) -> AsyncIterator[None]:
        pool = await create_pool(self.settings)
        relay = Relay(self.settings)
        units = Units(self.name, pool, self.make_store, wake=relay.wake, clock=clock)
        consumer = self.consumer(units, tracer)
        topics = sorted({event.topic for event in self.handlers})
        bus = Bus(self.settings, consumer, topics) if topics else None

        async def memberships(city: str, subject: str) -> frozenset[str]:
            return await membership.stakeholders_of(pool, city, subject)

        app.state.settings = self.settings
        app.state.units = units
        app.state.relay = relay
        app.state.consumer = consumer
        app.state.bus = bus
        app.state.memberships = memberships
        app.state.health = health.Health(self.name, units, relay, consumer, bus)
        if self.on_start:
            await self.on_start(app)
        relay.start()
        jobs = [housekeeping(self.settings), *self.background]
        tasks = [asyncio.create_task(_forever(job, units), name=getattr(job, "__name__", "job")) for job in jobs]
        if bus:
            tasks.append(asyncio.create_task(_start_bus(bus), name="bus"))
        _logger.info("service.started", port=self.settings.http_port)
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if bus:
                with contextlib.suppress(Exception):
                    await bus.stop()
            await relay.stop()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(pool.close(), 5)
            _logger.info("service.stopped")


async def _start_bus(bus: Bus) -> None:
    """Joins the topics, as often as it takes: HTTP and the outbox go on while Kafka is away."""
    pause = 0.5
    while True:
        try:
            await bus.start()
            return
        except Exception as error:
            _logger.warning("bus.not_started", error=type(error).__name__)
            with contextlib.suppress(Exception):
                await bus.stop()
            await asyncio.sleep(pause)
            pause = min(pause * 2, 10.0)


async def _forever(job: Background, units: Units[Any]) -> None:
    """Keeps a background job going through failures."""
    while True:
        try:
            await job(units)
            return
        except Exception as error:
            _logger.warning("background.failed", job=getattr(job, "__name__", "job"), error=type(error).__name__)
            await asyncio.sleep(5.0)


def units_of(request: Request) -> Units[Any]:
    """The service's units of work, for endpoints."""
    units: Units[Any] = request.app.state.units
    return units


def run(service: Service[Any]) -> None:
    """Runs the service until it is told to stop."""
    settings = service.settings
    log.configure(settings.service, settings.log_level)
    uvicorn.run(
        service.app(),
        host=settings.http_host,
        port=settings.http_port,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        # Longer than the edge keeps an idle connection (two minutes): a command sent on one that is just being closed
        # here would be answered with 503, for nobody may send it again unasked.
        timeout_keep_alive=150,
        timeout_graceful_shutdown=10,
        proxy_headers=True,
        server_header=False,
    )
