"""The unit of work: one transaction, one store, the events it produced."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import stamina

from chassis import clock as clocks
from chassis import outbox, telemetry
from chassis.database.pool import CONFLICTS, Connection, Pool
from chassis.delivery import Delivery
from chassis.scope import Scope
from contracts.envelope import Envelope
from contracts.event import Event

StoreT = TypeVar("StoreT")
T = TypeVar("T")


class Unit(Generic[StoreT]):
    """One transaction on behalf of ``scope``. Handlers load and save by ``store`` and publish by :meth:`append`.

    ``connection`` is for stores only.
    """

    def __init__(
        self,
        service: str,
        connection: Connection,
        store: StoreT,
        scope: Scope,
        now: datetime,
        pending: list[outbox.Outgoing],
    ) -> None:
        self.service = service
        self.connection = connection
        self.store = store
        self.scope = scope
        self.now = now
        self._pending = pending

    def within(self, scope: Scope) -> Unit[StoreT]:
        """The same transaction on behalf of another scope."""
        return Unit(self.service, self.connection, self.store, scope, self.now, self._pending)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """What happens inside is undone on an exception, its events included; the transaction goes on."""
        mark = len(self._pending)
        try:
            async with self.connection.transaction():
                yield
        except BaseException:
            del self._pending[mark:]
            raise

    def new_id(self) -> UUID:
        return clocks.new_id()

    def append(
        self,
        event: Event,
        *,
        aggregate_id: UUID | str,
        version: int,
        case: UUID | str | None = None,
        cause: Delivery[Any] | None = None,
    ) -> None:
        """Publishes ``event`` with this transaction.

        ``version`` is the aggregate's after the change and is used once per topic. ``case`` is the case id; it and
        the trace come from ``cause`` (the event being handled) unless given. Raises
        :class:`chassis.outbox.EventTooLarge`.
        """
        trace = telemetry.carried(cause.context if cause else None)
        case_id = str(case) if case else (cause.envelope.correlationid if cause else None)
        envelope = Envelope(
            id=str(clocks.new_id()),
            source=f"/{self.service}",
            type=event.type,
            city=self.scope.city,
            time=self.now,
            subject=str(aggregate_id),
            dataschema=event.schema_path(),
            correlationid=case_id,
            causationid=cause.envelope.id if cause else None,
            traceparent=trace.get("traceparent"),
            tracestate=trace.get("tracestate"),
        )
        self._pending.append(outbox.Outgoing.of(event, envelope, str(aggregate_id), version))


class Units(Generic[StoreT]):
    """Makes units of work and wakes the relay after each commit that produced events."""

    def __init__(
        self,
        service: str,
        pool: Pool,
        make_store: Callable[[Connection], StoreT],
        *,
        wake: Callable[[], None] = lambda: None,
        clock: clocks.Clock = clocks.utc_now,
    ) -> None:
        self.service = service
        self.pool = pool
        self.clock = clock
        self._make_store = make_store
        self._wake = wake

    @asynccontextmanager
    async def begin(self, scope: Scope) -> AsyncIterator[Unit[StoreT]]:
        """One transaction; commits on leaving, rolls back on an exception. Outbox rows are written last."""
        pending: list[outbox.Outgoing] = []
        async with self.pool.acquire() as connection, connection.transaction():
            store = self._make_store(connection)
            yield Unit(self.service, connection, store, scope, self.clock(), pending)
            await outbox.write(connection, pending)
        if pending:
            self._wake()

    async def run(self, scope: Scope, work: Callable[[Unit[StoreT]], Awaitable[T]]) -> T:
        """Runs ``work`` in one transaction, again from the start when it lost a conflict with another one."""
        with suppress(*CONFLICTS):  # the usual case is spared the machinery of retrying, a tenth of a request
            async with self.begin(scope) as unit:
                return await work(unit)
        async for attempt in stamina.retry_context(on=CONFLICTS, attempts=4, wait_initial=0.01, wait_max=0.5):
            with attempt:
                async with self.begin(scope) as unit:
                    return await work(unit)
        raise AssertionError("unreachable: stamina raises when attempts run out")

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[StoreT]:
        """A store outside a transaction, for queries."""
        async with self.pool.acquire() as connection:
            yield self._make_store(connection)
