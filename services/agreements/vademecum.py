"""The instruments a new installation starts with, and putting them into the database."""

from __future__ import annotations

from pathlib import Path

from pydantic import TypeAdapter

from chassis.scope import Scope
from chassis.unit import Units
from services.agreements.domain.instruments import Instrument
from services.agreements.store import Store
from services.agreements.store.instruments import EVERY_CITY

_FILE = Path(__file__).parent / "migrations" / "data" / "instruments.json"


def first_records() -> tuple[Instrument, ...]:
    """The records that ship with the service; each says its source and how sure it is."""
    return TypeAdapter(tuple[Instrument, ...]).validate_json(_FILE.read_bytes())


async def seed(units: Units[Store]) -> int:
    """Adds versions the database does not have; the city's own and later ones are left alone."""
    scope = Scope(EVERY_CITY, "vademecum")
    async with units.begin(scope) as unit:
        return await unit.store.instruments.add(scope, first_records())
