"""What needs and offers say beside their text, as arrays: who may meet whom, and how near they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from services.matching.evaluation.records import Record

Row = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_NEAR_KM = 5.0
_KM_PER_DEGREE = 111.2
_SAME_MUNICIPIO = 0.6
_FIRST, _LAST = -(10**7), 10**7


class Structure:
    """Columns are offers. Everything counts only where both sides say it."""

    def __init__(self, needs: Sequence[Record], offers: Sequence[Record]) -> None:
        self.needs = needs
        self._numbers: dict[str, int] = {}
        self.kind = np.array([self._number(one.kind) for one in offers])
        self.unit = np.array([self._number(one.unit) for one in offers])
        self.first = np.array([_day(one, "starts_on", _FIRST) for one in offers])
        self.last = np.array([_day(one, "ends_on", _LAST) for one in offers])
        self.quantity = np.array(
            [np.nan if one.quantity is None else float(one.quantity) for one in offers], np.float32
        )
        self.category = np.array([self._number(one.category) for one in offers])
        self.digits = np.array([_digits(one.category) for one in offers], np.int64)
        self.nil = np.array(
            [self._number(None if (p := one.place) is None or p.nil is None else p.nil) for one in offers]
        )
        self.municipio = np.array([-1 if one.place is None else one.place.municipio or -1 for one in offers])
        self.point = np.array([_point(one) for one in offers], np.float64).reshape(-1, 2)
        self.placed = np.array([one.place is not None for one in offers], bool)

    def _number(self, value: object) -> int:
        """Equal values get equal numbers; none is -1."""
        return -1 if value is None else self._numbers.setdefault(str(value), len(self._numbers))

    def allowed(self, need: int) -> Mask:
        """The offers that pass the hard filters: the same kind and unit, periods that overlap."""
        one = self.needs[need]
        mask: Mask = np.ones(len(self.kind), bool)
        for value, column in ((one.kind, self.kind), (one.unit, self.unit)):
            if value is not None:
                mask &= (column == -1) | (column == self._number(value))
        if one.window is not None:
            mask &= (self.last >= _day(one, "starts_on", _FIRST)) & (self.first <= _day(one, "ends_on", _LAST))
        return mask

    def same_category(self, need: int) -> tuple[Row, Mask]:
        """Share of the leading digits of the CPV codes (words: the same or not), and where both sides have one."""
        one = self.needs[need]
        if one.category is None:
            return _nothing(len(self.kind))
        same = (self.category == self._number(one.category)).astype(np.float32)
        digits = _digits(one.category)
        if digits[0] >= 0:
            common = np.cumprod((self.digits == digits) & (self.digits >= 0), axis=1).sum(axis=1)
            same = np.maximum(same, np.where(common >= 2, common / 8, 0.0)).astype(np.float32)
        return same, self.category != -1

    def same_kind(self, need: int) -> Row:
        """1 where the offer is of the need's kind: the category of sets that have no other."""
        same: Row = (self.kind == self._number(self.needs[need].kind)).astype(np.float32)
        return same

    def near(self, need: int) -> tuple[Row, Mask]:
        """1 in the same neighbourhood, else falling to 0 at 5 km, and where both sides have a place."""
        place = self.needs[need].place
        if place is None:
            return _nothing(len(self.kind))
        near = np.zeros(len(self.kind), np.float32)
        if place.municipio is not None:
            near[self.municipio == place.municipio] = _SAME_MUNICIPIO
        if place.latitude is not None and place.longitude is not None:
            apart = self.point - (place.latitude, place.longitude)
            apart[:, 1] *= np.cos(np.radians(place.latitude))
            km = np.hypot(apart[:, 0], apart[:, 1]) * _KM_PER_DEGREE
            near = np.where(np.isnan(km), near, np.maximum(0.0, 1 - km / _NEAR_KM)).astype(np.float32)
        if place.nil is not None:
            near[self.nil == self._number(place.nil)] = 1.0
        return near, self.placed

    def quantity_fit(self, need: int) -> tuple[Row, Mask]:
        """Part of what is asked that the offer covers, and where both say how much."""
        asked = self.needs[need].quantity
        if asked is None:
            return _nothing(len(self.kind))
        fit = np.minimum(1.0, self.quantity / float(asked))
        return np.nan_to_num(fit).astype(np.float32), ~np.isnan(self.quantity)


def _nothing(size: int) -> tuple[Row, Mask]:
    return np.zeros(size, np.float32), np.zeros(size, bool)


def _day(one: Record, edge: str, open_end: int) -> int:
    day = None if one.window is None else getattr(one.window, edge)
    return open_end if day is None else day.toordinal()


def _digits(category: str | None) -> npt.NDArray[np.int64]:
    """The digits of a CPV code, -1 for the zeros at its end and for whatever is no code."""
    found = np.full(8, -1, np.int64)
    if category is not None and category.isdigit() and len(category) == 8:
        told = category.rstrip("0")
        found[: len(told)] = [int(digit) for digit in told]
    return found


def _point(one: Record) -> tuple[float, float]:
    if one.place is None or one.place.latitude is None or one.place.longitude is None:
        return (np.nan, np.nan)
    return (one.place.latitude, one.place.longitude)
