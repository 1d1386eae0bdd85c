"""What is wrong with an input, field by field, in Italian and English; never the input itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from chassis.fault_words import words_of
from contracts.values import FieldError

_LOT = "the smallest lot is more than the whole quantity"
_FIELD_OF = {_LOT: "min_lot"}
"""The field that is to blame where a rule looks at several."""
_ITALIAN_OF_ENGLISH = {
    "a quantity is written as a string such as '271' or '2.5', never as a float": (
        "una quantità si scrive come testo, per esempio '271' o '2.5', mai come numero con virgola mobile"
    ),
    "a quantity is digits with at most three decimals after a point, such as '271' or '2.5'": (
        "una quantità si scrive in cifre, con al massimo tre decimali dopo un punto, per esempio '271' o '2.5'"
    ),
    "thousands are written without a point: 1000, not 1.000": "le migliaia si scrivono senza punto: 1000, non 1.000",
    "a quantity is a finite number": "una quantità è un numero finito",
    "a quantity has at most three decimals": "una quantità ha al massimo tre decimali",
    "write a quantity in digits, such as 271 or 2.5": "scrivi un numero in cifre, per esempio 271 o 2,5",
    "write an amount in euro, such as 1500 or 99.90": "scrivi l'importo in euro, per esempio 1500 o 99,90",
    "write an e-mail address, such as anna@example.org": "scrivi un indirizzo e-mail, per esempio anna@example.org",
    "write a telephone number, such as +39 02 1234567": "scrivi un numero di telefono, per esempio +39 02 1234567",
    "this day has passed already": "questo giorno è già passato",
    "a quantity has at most twelve digits before the point": (
        "la quantità è troppo grande: al massimo dodici cifre intere"
    ),
    "all occurrences together have at most twelve digits before the point": (
        "tutte le ricorrenze insieme hanno al massimo dodici cifre intere"
    ),
    "a quantity is greater than zero": "una quantità è maggiore di zero",
    "a balance is never negative": "un saldo non è mai negativo",
    "a date lies between the years 1900 and 2999": "una data sta fra gli anni 1900 e 2999",
    "a time carries its offset from UTC": "l'ora porta lo scostamento da UTC",
    "money is counted in EUR, and only money is": "il denaro si conta in EUR, e solo il denaro",
    "give the value per unit or in total, not both": "indica il valore unitario o quello totale, non entrambi",
    "an open-ended line has no recurrence": "una riga a quantità aperta non ha ricorrenza",
    "an open-ended line has no total value": "una riga a quantità aperta non ha valore totale",
    _LOT: "il lotto minimo è più grande della quantità della riga",
    "choose one of the list": "scegli dall'elenco",
    "each is named once": "ciascuno si indica una volta sola",
    "a limit names at least one neighbourhood or municipio": "un limite indica almeno un quartiere o un municipio",
    "a text has no NUL character": "un testo non contiene il carattere NUL",
    "the window ends before it starts": "il periodo finisce prima di iniziare",
    "a party is either a department or a stakeholder": "una parte è una direzione oppure un'organizzazione",
    "exactly the department party names a department": "solo la parte 'direzione' indica una direzione",
    "an indicator is listed twice": "un indicatore è elencato due volte",
    "give the document as words or as a file": "dai il documento come testo o come file",
    "give an e-mail address or a telephone number": "indica un indirizzo e-mail o un numero di telefono",
    "a refusal needs a reason": "per rifiutare serve un motivo",
}


def pointer(location: Iterable[str | int]) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


def _slug(text: str) -> str:
    return "".join(char if char.isalnum() else "-" for char in text.lower()).strip("-")[:64] or "invalid"


def _words(error: ErrorDetails | Any) -> tuple[str, str]:
    """Italian and English. Rules of ours say it in English, and their Italian is looked up here."""
    if error["type"] not in ("value_error", "assertion_error"):
        return words_of(error["type"], error.get("ctx", {}))
    english = error["msg"].removeprefix("Value error, ")
    if english.endswith("is not a decimal number"):
        return english.replace("is not a decimal number", "non è un numero decimale"), english
    return _ITALIAN_OF_ENGLISH.get(english, english), english


def field_errors(error: ValidationError, skip: int = 0) -> tuple[FieldError, ...]:
    """One entry per wrong field of a failed validation; ``skip`` leading location parts are dropped."""
    return from_details(error.errors(include_url=False, include_input=False), skip)


def from_details(details: Sequence[ErrorDetails] | Sequence[Any], skip: int = 0) -> tuple[FieldError, ...]:
    """:func:`field_errors` for error dictionaries as pydantic and FastAPI give them."""
    wrong = []
    for one in details[:50]:
        if one["type"] == "too_short" and _wrong_inside(one, details):
            continue  # pydantic counts only the items that are right: "at least 1" would be said of one wrong item
        italian, english = _words(one)
        where = (*one["loc"][skip:], *([_FIELD_OF[english]] if english in _FIELD_OF else []))
        wrong.append(
            FieldError(
                pointer=pointer(where)[:300],
                code=_slug(one["type"]),
                message_it=italian[:1000],
                message_en=english[:1000],
            )
        )
    return tuple(wrong)


def _wrong_inside(one: ErrorDetails | Any, details: Sequence[ErrorDetails] | Sequence[Any]) -> bool:
    depth = len(one["loc"])
    return any(len(other["loc"]) > depth and other["loc"][:depth] == one["loc"] for other in details)


def field_error(where: str, code: str, italian: str, english: str) -> FieldError:
    """A wrong field found by the domain rather than by its type."""
    return FieldError(pointer=where, code=code, message_it=italian, message_en=english)
