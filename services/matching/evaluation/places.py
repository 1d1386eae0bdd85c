"""Places as an evaluation set may give them: a neighbourhood, a municipio, a point, or words."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from contracts.places import Place
from services.matching.text.words import fold

_FILE = Path(__file__).parent / "data" / "milan_nil_88.csv"
_MUNICIPIO = re.compile(r"(?:municipio|municipality|zona|district)\s*([1-9])(?![0-9])")
_POSTAL_CODE = re.compile(r"[0-9]{5}")


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    number: int
    name: str
    latitude: float
    longitude: float
    municipio: int | None

    def place(self) -> Place:
        return Place(
            label=self.name,
            nil=self.number,
            municipio=self.municipio,
            latitude=self.latitude,
            longitude=self.longitude,
        )


@cache
def _neighbourhoods() -> dict[int, Neighbourhood]:
    """The 88 NIL; one that lies in two municipi has none here, for it is wrong to assume one."""
    found = {}
    with _FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            whole = float(row["municipio_share"]) > 0.9
            number, municipio = int(row["id_nil"]), int(row["municipio_main"]) if whole else None
            point = float(row["lat_inside"]), float(row["lon_inside"])
            found[number] = Neighbourhood(number, row["nil"].title(), *point, municipio)
    return found


@cache
def _by_name() -> dict[str, Neighbourhood]:
    return {_plain(one.name): one for one in _neighbourhoods().values()}


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", fold(name)).strip()


def place(said: Any) -> Place | None:
    """From a NIL number or name, «Municipio 4», other words, ``[lat, lon]`` or an object with nil, municipio, lat, lon
    or label. Raises ValueError with what is wrong."""
    if said is None or said == "" or said == {}:
        return None
    if isinstance(said, int) and not isinstance(said, bool):
        return _from_words(str(said))
    if isinstance(said, str):
        return _from_words(said.strip())
    if isinstance(said, list) and len(said) == 2:
        return _from_object({"lat": said[0], "lon": said[1]})
    if isinstance(said, Mapping):
        return _from_object(said)
    raise ValueError("has to be a neighbourhood, a municipio, a point {lat, lon} or words")


def _neighbourhood(number: int) -> Neighbourhood:
    if number not in _neighbourhoods():
        raise ValueError(f"there is no NIL {number} (1-88)")
    return _neighbourhoods()[number]


def _from_words(said: str) -> Place | None:
    if not said:
        return None
    if _POSTAL_CODE.fullmatch(said):
        return Place(label=said)
    if said.isdigit():
        return _neighbourhood(int(said)).place()
    plain = _plain(said)
    if plain.removeprefix("nil ").isdigit():
        return _neighbourhood(int(plain.removeprefix("nil "))).place()
    if plain.removeprefix("nil ") in _by_name():
        return _by_name()[plain.removeprefix("nil ")].place()
    municipio = _MUNICIPIO.search(plain)
    if not plain:
        return None
    return Place(label=plain[:200], municipio=int(municipio[1]) if municipio else None)


def _from_object(said: Mapping[str, Any]) -> Place | None:
    label = next((str(said[key]) for key in ("label", "name", "address") if said.get(key)), None)
    nil = said.get("nil")
    if nil is not None:
        return _from_words(str(nil))
    latitude, longitude = (_number(said, *names) for names in (("lat", "latitude"), ("lon", "lng", "longitude")))
    municipio = said.get("municipio")
    if latitude is None and municipio is None:
        return _from_words(label or "")
    return Place(
        label=_plain(label or "")[:200] or "-",
        municipio=None if municipio is None else _municipio(municipio),
        latitude=latitude,
        longitude=longitude,
    )


def _municipio(said: Any) -> int:
    found = re.search(r"(?<![0-9])[1-9](?![0-9])", str(said))
    if found is None:
        raise ValueError(f"there is no municipio {said!r} (1-9)")
    return int(found[0])


def _number(said: Mapping[str, Any], *names: str) -> float | None:
    value = next((said[name] for name in names if said.get(name) is not None), None)
    if value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{value!r} is not a coordinate") from None
