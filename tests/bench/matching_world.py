"""An invented city that asks and offers a lot: needs and offers with the skew of real ones, from a seed.

Texts are made of the labels of the CPV in Italian and English, wrapped in the phrases people use. A few things are
asked and offered very often and most hardly ever (Zipf); half of the lines name their CPV code; two needs in a hundred
require capabilities that other offers bring.
"""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from itertools import accumulate
from typing import Any
from uuid import UUID

from chassis.clock import new_id
from contracts.events.intake import NeedRegistered, OfferReceived
from contracts.places import Place
from contracts.values import Line, Window

Labels = Mapping[str, tuple[str, str]]
"""CPV code (eight digits) to its Italian and its English label."""

AREAS = (
    "digital_poverty",
    "food_aid",
    "school",
    "social_care",
    "culture",
    "green",
    "sport",
    "housing",
    "work",
    "mobility",
)
CAPABILITIES = ("refurbishing", "storage", "delivery", "transport", "workshop", "training", "legal_advice")
NIL = 88
TODAY = date(2026, 11, 20)

_KINDS = {"goods": 45, "service": 20, "expertise": 13, "volunteering": 8, "money": 9, "space": 5}
_UNITS: Mapping[str, Mapping[str, int]] = {
    "goods": {"C62": 78, "KGM": 12, "LTR": 5, "MTK": 5},
    "service": {"E48": 60, "HUR": 30, "DAY": 10},
    "expertise": {"HUR": 75, "DAY": 25},
    "volunteering": {"HUR": 70, "IE": 30},
    "space": {"MTK": 40, "DAY": 40, "MON": 20},
    "money": {"EUR": 1},
}
_DIVISIONS: Mapping[str, Sequence[str]] = {
    "goods": ("03", "15", "18", "19", "22", "30", "31", "32", "33", "34", "37", "38", "39", "42", "43", "44", "48"),
    "service": ("50", "55", "60", "63", "64", "66", "72", "77", "90", "92", "98"),
    "expertise": ("71", "72", "73", "75", "79", "80"),
    "volunteering": ("77", "80", "85", "92", "98"),
    "space": ("45", "70"),
    "money": ("80", "85", "92", "15", "30", "45"),
}
_ASKED_IT = (
    "Servono {n} {x} per {b}",
    "{x} per {b}",
    "Richiesta di {x}, {n} {u}",
    "Cerchiamo {x} da destinare a {b}",
    "{b}: mancano {x}",
)
_ASKED_EN = ("{n} {x} needed for {b}", "{x} for {b}", "Looking for {x} ({n} {u})", "{b} in want of {x}")
_GIVEN_IT = (
    "Mettiamo a disposizione {x}",
    "Doniamo {n} {x}",
    "{x}, {n} {u}, subito disponibili",
    "Offerta di {x} per {b}",
    "Abbiamo {x} in buono stato",
)
_GIVEN_EN = ("We give away {x}", "{n} {x} available", "{x} in good condition", "Offering {x} to {b}")
_FOR_IT = (
    "le scuole primarie", "il centro anziani", "famiglie fragili", "la biblioteca di quartiere", "il dormitorio",
    "l'oratorio", "il consultorio", "la casa delle associazioni", "i giovani del municipio", "il doposcuola",
    "gli orti condivisi", "persone senza dimora", "donne in difficoltà", "la mensa sociale", "il centro sportivo",
)  # fmt: skip
_FOR_EN = (
    "primary schools", "the senior centre", "families in need", "the neighbourhood library", "the night shelter",
    "the youth club", "the health advice centre", "local associations", "young people", "after-school clubs",
    "shared gardens", "homeless people", "women in difficulty", "the soup kitchen", "the sports centre",
)  # fmt: skip
_MORE_IT = (
    "Il ritiro è a carico nostro.", "Consegna da concordare.", "Preferibilmente entro la primavera.",
    "È già stato fatto un sopralluogo.", "Possiamo suddividere la quantità.", "",
)  # fmt: skip
_MORE_EN = ("Collection can be arranged.", "Delivery to be agreed.", "The quantity can be split.", "")
_CAPABILITY_TITLES = {
    "refurbishing": ("Rigenerazione di apparecchi usati", "Refurbishing of used devices"),
    "storage": ("Deposito coperto per la raccolta", "Indoor storage space"),
    "delivery": ("Consegna a domicilio in città", "Delivery within the city"),
    "transport": ("Trasporto con furgone", "Transport by van"),
    "workshop": ("Laboratorio attrezzato", "Fully equipped workshop"),
    "training": ("Formazione di base", "Basic training"),
    "legal_advice": ("Consulenza legale gratuita", "Free legal advice"),
}


class _Skewed:
    """Draws from a sequence whose head is much more frequent than its tail."""

    def __init__(self, values: Sequence[str], weights: Sequence[float]) -> None:
        self._values = values
        self._sums = list(accumulate(weights))

    def draw(self, chance: random.Random) -> str:
        return self._values[bisect(self._sums, chance.random() * self._sums[-1])]


def _zipf(count: int) -> list[float]:
    return [1 / (rank + 3) for rank in range(count)]


@dataclass(frozen=True)
class Size:
    """How much there is; ``givers`` are the organisations behind the offers."""

    needs: int
    offers: int
    givers: int = 5000


class InventedCity:
    """Draws needs and offers; the same seed draws the same ones, ids apart."""

    def __init__(self, labels: Labels, givers: Sequence[UUID], seed: int = 7) -> None:
        self._labels = labels
        self._givers = givers
        self._chance = random.Random(seed)
        self._places = _Skewed([str(nil) for nil in range(1, NIL + 1)], _zipf(NIL))

    def needs(self, count: int) -> Iterator[NeedRegistered]:
        return (self.need() for _ in range(count))

    def offers(self, count: int) -> Iterator[OfferReceived]:
        return (self.offer() for _ in range(count))

    def need(self) -> NeedRegistered:
        chance = self._chance
        kind, code, unit = self._thing()
        italian = chance.random() < 0.8
        title, more = self._words(code, unit, italian, _ASKED_IT if italian else _ASKED_EN)
        requires = chance.sample(CAPABILITIES, chance.choice((1, 1, 2, 3))) if chance.random() < 0.02 else ()
        return NeedRegistered(
            need_id=new_id(),
            version=1,
            department=f"department-{chance.randrange(20)}",
            policy_area=self._area(code),
            lines=self._lines(kind, code, unit, italian),
            requires=tuple(requires),
            **self._frame(title, more),
        )

    def offer(self) -> OfferReceived:
        chance = self._chance
        if chance.random() < 0.05:
            return self._capability()
        kind, code, unit = self._thing()
        italian = chance.random() < 0.7
        title, more = self._words(code, unit, italian, _GIVEN_IT if italian else _GIVEN_EN)
        return OfferReceived(
            offer_id=new_id(),
            version=1,
            stakeholder_id=chance.choice(self._givers),
            policy_area=self._area(code) if chance.random() < 0.7 else None,
            lines=self._lines(kind, code, unit, italian),
            **self._frame(title, more),
        )

    def _capability(self) -> OfferReceived:
        chance = self._chance
        capability = chance.choice(CAPABILITIES)
        unit = chance.choice(("C62", "HUR", "E48"))
        line = Line(kind="service", unit=unit, quantity=str(chance.randint(5, 400)), capability=capability)
        return OfferReceived(
            offer_id=new_id(),
            version=1,
            stakeholder_id=chance.choice(self._givers),
            lines=(line,),
            **self._frame(chance.choice(_CAPABILITY_TITLES[capability]), ""),
        )

    def _thing(self) -> tuple[str, str, str]:
        chance = self._chance
        kind = chance.choices(list(_KINDS), list(_KINDS.values()))[0]
        units = _UNITS[kind]
        return kind, self._codes[kind].draw(chance), chance.choices(list(units), list(units.values()))[0]

    def _words(self, code: str, unit: str, italian: bool, phrases: Sequence[str]) -> tuple[str, str]:
        chance = self._chance
        label = self._labels[code][0 if italian else 1] or self._labels[code][1]
        said = chance.choice(phrases).format(
            n=chance.randint(1, 300),
            x=label[0].lower() + label[1:],
            b=chance.choice(_FOR_IT if italian else _FOR_EN),
            u={"C62": "pezzi" if italian else "pieces"}.get(unit, unit),
        )
        return said[:300], chance.choice(_MORE_IT if italian else _MORE_EN)

    def _lines(self, kind: str, code: str, unit: str, italian: bool) -> tuple[Line, ...]:
        lines = [self._line(kind, code, unit)]
        if self._chance.random() < 0.08:
            other_kind, other_code, other_unit = self._thing()
            label = self._labels[other_code][0 if italian else 1] or None
            lines.append(self._line(other_kind, other_code, other_unit, label))
        return tuple(lines)

    def _line(self, kind: str, code: str, unit: str, description: str | None = None) -> Line:
        chance = self._chance
        quantity = None if chance.random() < 0.1 else str(max(1, round(chance.lognormvariate(3.5, 1.3))))
        cpv = code if kind != "money" and chance.random() < 0.5 else None
        return Line(kind=kind, unit=unit, quantity=quantity, cpv=cpv, description=description and description[:300])

    def _frame(self, title: str, more: str) -> dict[str, Any]:
        """What needs and offers both may have around their lines."""
        chance = self._chance
        frame: dict[str, Any] = {"title": title[0].upper() + title[1:], "description": more or None}
        if chance.random() < 0.7:
            nil = int(self._places.draw(chance))
            frame["place"] = Place(label=f"Q{nil}", nil=nil, municipio=(nil - 1) // 10 + 1)
        if chance.random() < 0.3:
            starts = TODAY + timedelta(days=chance.randint(0, 90))
            frame["window"] = Window(starts_on=starts, ends_on=starts + timedelta(days=chance.randint(30, 400)))
        if chance.random() < 0.3:
            frame["valid_until"] = datetime(2027, 1, 1, tzinfo=UTC) + timedelta(days=chance.randint(0, 400))
        return frame

    def _area(self, code: str) -> str:
        """Most of what is about one thing serves one area."""
        usual = AREAS[int(code[:3]) % len(AREAS)]
        return usual if self._chance.random() < 0.7 else self._chance.choice(AREAS)

    @cached_property
    def _codes(self) -> dict[str, _Skewed]:
        """By kind: its codes, in a random order of frequency."""
        found = {}
        for kind, divisions in _DIVISIONS.items():
            codes = sorted(code for code in self._labels if code[:2] in divisions)
            random.Random(kind).shuffle(codes)
            found[kind] = _Skewed(codes, _zipf(len(codes)))
        return found
