"""Settings of the notifications service."""

from __future__ import annotations

from pydantic import Field

from chassis.settings import PORTS, Settings


class NotificationsSettings(Settings):
    """The common settings, and how the live inbox behaves."""

    service: str = "notifications"
    http_port: int = PORTS["notifications"]

    live_poll_seconds: float = Field(default=3.0, gt=0, description="safety net; work of this process wakes it")
    live_heartbeat_seconds: float = Field(default=15.0, gt=0)
    live_stream_seconds: float = Field(default=900.0, gt=0, description="then the browser logs in again by itself")
