"""Places, and limits to places, as events carry them."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from contracts.neighbourhoods import municipi_of, name_of
from contracts.values import ShortText, Value


class Place(Value):
    """Where: a label and, when known, the neighbourhood (NIL 1-88), the municipio (1-9) and a WGS 84 point."""

    label: ShortText
    nil: int | None = Field(default=None, ge=1, le=88)
    municipio: int | None = Field(default=None, ge=1, le=9)
    latitude: float | None = Field(default=None, ge=-90, le=90)
    longitude: float | None = Field(default=None, ge=-180, le=180)


def _different(values: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(values)) < len(values):
        raise ValueError("each is named once")
    return values


_Different = Field(json_schema_extra={"uniqueItems": True})


class PlaceLimit(Value):
    """Only inside these neighbourhoods (NIL 1-88) or municipi (1-9), taken together; at least one is named."""

    nils: Annotated[tuple[Annotated[int, Field(ge=1, le=88)], ...], AfterValidator(_different), _Different] = ()
    municipi: Annotated[tuple[Annotated[int, Field(ge=1, le=9)], ...], AfterValidator(_different), _Different] = ()

    @model_validator(mode="after")
    def _names_something(self) -> PlaceLimit:
        if not self.nils and not self.municipi:
            raise ValueError("a limit names at least one neighbourhood or municipio")
        return self

    def admits(self, place: Place | None) -> bool | None:
        """Whether the place lies inside; None where that is not known well enough to say.

        A neighbourhood in several municipi, and a municipio of which only some neighbourhoods are named, leave it open.
        """
        if place is None or (place.nil is None and place.municipio is None):
            return None
        if place.nil is None:
            return self._admits_municipio(place.municipio)
        if place.nil in self.nils:
            return True
        possible = {place.municipio} if place.municipio is not None else set(municipi_of(place.nil))
        inside = possible & set(self.municipi)
        return False if not inside else True if inside == possible else None

    def _admits_municipio(self, municipio: int | None) -> bool | None:
        if municipio in self.municipi:
            return True
        return None if any(municipio in municipi_of(nil) for nil in self.nils) else False

    @property
    def names(self) -> list[str]:
        """What it names, as both languages say it: ``Municipio 9``, ``NIL Duomo``."""
        return [f"Municipio {number}" for number in self.municipi] + [f"NIL {name_of(number)}" for number in self.nils]

    @property
    def words(self) -> str:
        return ", ".join(self.names)
