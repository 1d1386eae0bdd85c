"""Units of quantities (UN/CEFACT Recommendation 20, and EUR), and quantities in words."""

from __future__ import annotations

from decimal import Decimal

UNITS: dict[str, tuple[str, str]] = {
    "C62": ("pezzi", "pieces"),
    "KGM": ("kg", "kg"),
    "LTR": ("litri", "litres"),
    "MTR": ("metri", "metres"),
    "MTK": ("m²", "m²"),
    "HUR": ("ore", "hours"),
    "DAY": ("giorni", "days"),
    "MON": ("mesi", "months"),
    "EUR": ("euro", "euro"),
    "E48": ("attività", "service units"),
    "IE": ("persone", "people"),
    "KMT": ("km", "km"),
}
"""Accepted unit codes (UN/CEFACT Recommendation 20, and EUR), each with its Italian and English label."""


def plain(value: Decimal) -> str:
    """Shortest decimal notation without exponent: ``271``, ``0.5``, ``9600``."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


_ONE: dict[str, tuple[str, str]] = {
    "C62": ("pezzo", "piece"),
    "LTR": ("litro", "litre"),
    "MTR": ("metro", "metre"),
    "HUR": ("ora", "hour"),
    "DAY": ("giorno", "day"),
    "MON": ("mese", "month"),
    "E48": ("attività", "service unit"),
    "IE": ("persona", "person"),
}


def amount(value: Decimal, unit: str) -> tuple[str, str]:
    """A quantity with its unit in words, Italian and English: ``("1 giorno", "1 day")``. Unknown units stay codes."""
    names = UNITS.get(unit, (unit, unit))
    italian, english = _ONE.get(unit, names) if value == 1 else names
    return f"{plain(value).replace('.', ',')} {italian}", f"{plain(value)} {english}"
