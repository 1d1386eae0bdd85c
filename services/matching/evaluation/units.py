"""Units of measure as people write them. Words not known say nothing: «pasti» and "meals" keep no pair apart."""

from __future__ import annotations

from contracts.units import UNITS
from services.matching.text.words import fold

_WORDS = {
    "C62": "pz pezzo pezzi piece pieces pcs pc unit units unita item items n no numero number each ea capi",
    "KGM": "kg chilo chili chilogrammo chilogrammi kilo kilos kilogram kilograms",
    "LTR": "l lt litro litri litre litres liter liters",
    "MTR": "m metro metri metre metres meter meters",
    "MTK": "mq m2 m² sqm metri-quadri metri-quadrati square-metres square-meters",
    "HUR": "h ora ore hour hours hr hrs",
    "DAY": "d giorno giorni giornata giornate day days",
    "MON": "mese mesi month months",
    "EUR": "eur euro euros €",
    "E48": "servizio servizi service services attivita activity activities workshop workshops laboratorio laboratori",
    "IE": "persona persone person persons people volontari volunteers posti seats",
    "KMT": "km chilometro chilometri kilometre kilometres kilometer kilometers",
}
_CODES = {word: code for code, words in _WORDS.items() for word in words.split()}


def unit_code(said: str | None) -> str | None:
    """The code of a unit, given as its code or as a word in either language; None for none and for unknown words."""
    if said is None:
        return None
    if said.upper() in UNITS:
        return said.upper()
    return _CODES.get(fold(said).strip(" .").replace(" ", "-"))
