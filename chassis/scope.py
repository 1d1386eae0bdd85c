"""On whose behalf something is done, and in which city."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scope:
    """``city`` is an IPA code and leads every key; ``actor`` is an account's ``sub`` or the name of a process."""

    city: str
    actor: str = "system"
