"""The indicator library: its first entries, and changes to it."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.unit import Unit
from services.impact.domain.commands import DefineIndicator
from services.impact.domain.library import Definition, defined
from services.impact.store import Store


@dataclass(frozen=True)
class Defined:
    definition: Definition
    created: bool


async def known_indicator(unit: Unit[Store], code: str) -> Definition | None:
    """The definition, held until the transaction ends."""
    await unit.store.library.lock(unit.scope, code)
    return await unit.store.library.find(unit.scope, code)


async def define_indicator(unit: Unit[Store], code: str, command: DefineIndicator) -> Defined:
    """The indicator as asked for; saying it again changes nothing."""
    known = await known_indicator(unit, code)
    event = defined(known, code, command, unit.new_id())
    if event is None:
        assert known is not None
        return Defined(known, False)
    await unit.store.library.save(unit.scope, event, unit.now)
    unit.append(event, aggregate_id=event.indicator_id, version=event.version)
    definition = Definition(event.indicator_id, event.version, code, event.title_it, event.title_en, event.unit)
    return Defined(definition, known is None)


async def seed_indicators(unit: Unit[Store], first: dict[str, DefineIndicator]) -> int:
    """Defines those of ``first`` that the library lacks and leaves alone what people changed; returns how many."""
    missing = await unit.store.library.missing(unit.scope, sorted(first))
    added = 0
    for code in sorted(missing):
        # Two instances may start at once: the second finds what the first defined.
        if await known_indicator(unit, code) is None:
            added += (await define_indicator(unit, code, first[code])).created
    return added
