"""What notifications publishes: whether a message reached its channel. No address, no name."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field

from contracts.event import Event
from contracts.values import ShortText, Slug

NOTIFICATION = "notifications.notification.v1"
Channel = Literal["inbox", "email", "webhook"]


class NotificationDelivered(Event, type="sportello.notifications.notification-delivered.v1", topic=NOTIFICATION):
    """The channel took the message."""

    notification_id: UUID
    version: int = Field(ge=1)
    channel: Channel
    template: Slug
    case_id: UUID | None = None


class NotificationFailed(Event, type="sportello.notifications.notification-failed.v1", topic=NOTIFICATION):
    """The message did not go out and is not tried again (permanent) or attempts ran out (technical)."""

    notification_id: UUID
    version: int = Field(ge=1)
    channel: Channel
    template: Slug
    failure: Literal["permanent-failure", "technical-failure"]
    reason: ShortText
    case_id: UUID | None = None
