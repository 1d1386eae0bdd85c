"""All SQL of notifications. Statements take whole batches: this service reads every event."""

from __future__ import annotations

from collections.abc import Callable

from chassis.database.pool import Connection
from services.notifications.store.cases import Cases
from services.notifications.store.inbox import Inbox
from services.notifications.store.live import LiveView
from services.notifications.store.timeline import Timeline
from services.notifications.store.work import Work


class Store:
    """One transaction's view of the schema. ``on_change`` is called when an inbox may look different afterwards."""

    def __init__(self, connection: Connection, on_change: Callable[[], None] = lambda: None) -> None:
        self.timeline = Timeline(connection)
        self.cases = Cases(connection)
        self.work = Work(connection, on_change)
        self.inbox = Inbox(connection, on_change)
        self.live = LiveView(connection)
