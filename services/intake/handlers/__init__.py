"""One function per command or event: load, decide, save, append events."""

from __future__ import annotations

from chassis.unit import Unit
from services.intake.store import Store

IntakeUnit = Unit[Store]
