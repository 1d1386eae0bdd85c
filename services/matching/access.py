"""From whoever asks to what they may see and for whom they speak."""

from __future__ import annotations

from uuid import UUID

from chassis.auth import Actor
from chassis.auth.dependencies import refuse_unless
from services.matching.domain.speakers import Speaker
from services.matching.store.listing import Reach

SEE_EVERYTHING = ("account_manager", "coordinator", "legal", "operations")
READERS = ("department", "partner", *SEE_EVERYTHING)


def reach_of(actor: Actor) -> Reach:
    """Raises Problem 401 or 403 for who may see no match at all."""
    refuse_unless(actor, *READERS)
    return Reach(
        everything=actor.has(*SEE_EVERYTHING),
        department=actor.department if actor.has("department") else None,
        stakeholders=tuple(filter(None, map(uuid_of, actor.stakeholders))) if actor.has("partner") else (),
    )


def speaker_of(actor: Actor) -> Speaker:
    """Raises Problem 401 or 403 for who decides for nobody."""
    refuse_unless(actor, "department", "partner", "account_manager")
    return Speaker(
        actor.subject,
        actor.department if actor.has("department") else None,
        actor.stakeholders if actor.has("partner") else frozenset(),
        actor.has("account_manager"),
    )


def sees_notes(actor: Actor) -> bool:
    """Notes may name people: they are for those who guide the parties."""
    return actor.has("account_manager")


def uuid_of(text: str) -> UUID | None:
    """The id that a text is; None for any other text, as people may put it into an address or a provider in a claim."""
    try:
        return UUID(text)
    except ValueError:
        return None
