"""What is wrong with an input, field by field, in Italian and English; never the input itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from contracts.values import FieldError

_ITALIAN = {
    "missing": "manca questo campo",
    "extra_forbidden": "campo sconosciuto",
    "string_type": "deve essere un testo",
    "string_too_short": "è troppo corto: almeno {min_length} caratteri",
    "string_too_long": "è troppo lungo: al massimo {max_length} caratteri",
    "string_pattern_mismatch": "non ha la forma richiesta ({pattern})",
    "int_type": "deve essere un numero intero",
    "int_parsing": "deve essere un numero intero",
    "int_from_float": "deve essere un numero intero",
    "float_type": "deve essere un numero",
    "float_parsing": "deve essere un numero",
    "bool_type": "deve essere vero o falso",
    "bool_parsing": "deve essere vero o falso",
    "greater_than": "deve essere maggiore di {gt}",
    "greater_than_equal": "deve essere almeno {ge}",
    "less_than": "deve essere minore di {lt}",
    "less_than_equal": "deve essere al massimo {le}",
    "too_short": "servono almeno {min_length} elementi",
    "too_long": "al massimo {max_length} elementi",
    "literal_error": "valori ammessi: {expected}",
    "uuid_parsing": "non è un identificativo (UUID) valido",
    "uuid_type": "non è un identificativo (UUID) valido",
    "date_from_datetime_parsing": "non è una data valida (AAAA-MM-GG)",
    "date_parsing": "non è una data valida (AAAA-MM-GG)",
    "datetime_from_date_parsing": "non è una data e ora valida (RFC 3339)",
    "datetime_parsing": "non è una data e ora valida (RFC 3339)",
    "json_invalid": "non è JSON valido",
    "model_type": "deve essere un oggetto",
    "model_attributes_type": "deve essere un oggetto",
    "dict_type": "deve essere un oggetto",
    "list_type": "deve essere un elenco",
    "tuple_type": "deve essere un elenco",
}
_ITALIAN_OF_ENGLISH = {
    "a quantity is written as a string such as '271' or '2.5', never as a float": (
        "una quantità si scrive come testo, per esempio '271' o '2.5', mai come numero con virgola mobile"
    ),
    "a quantity is digits with at most three decimals after a point, such as '271' or '2.5'": (
        "una quantità è un numero in cifre, con al massimo tre decimali: per esempio 271 o 2.5"
    ),
    "thousands are written without a point: 1000, not 1.000": "le migliaia si scrivono senza punto: 1000, non 1.000",
    "a quantity is a finite number": "una quantità è un numero finito",
    "a quantity has at most three decimals": "una quantità ha al massimo tre decimali",
    "a quantity has at most twelve digits before the point": "una quantità ha al massimo dodici cifre intere",
    "all occurrences together have at most twelve digits before the point": (
        "tutte le ricorrenze insieme hanno al massimo dodici cifre intere"
    ),
    "a quantity is greater than zero": "una quantità è maggiore di zero",
    "a balance is never negative": "un saldo non è mai negativo",
    "a date lies between the years 1900 and 2999": "una data sta fra gli anni 1900 e 2999",
    "a time carries its offset from UTC": "l'ora porta lo scostamento da UTC",
    "money is counted in EUR, and only money is": "il denaro si conta in EUR, e solo il denaro",
    "give the value per unit or in total, not both": "indicare il valore unitario o quello totale, non entrambi",
    "an open-ended line has no recurrence": "una riga a quantità aperta non ha ricorrenza",
    "an open-ended line has no total value": "una riga a quantità aperta non ha valore totale",
    "the smallest lot is not more than the whole quantity": "il lotto minimo non supera la quantità intera",
    "choose one of the list": "scegliere dall'elenco",
    "each is named once": "ciascuno si indica una volta sola",
    "a limit names at least one neighbourhood or municipio": "un limite indica almeno un quartiere o un municipio",
    "a text has no NUL character": "un testo non contiene il carattere NUL",
    "the window ends before it starts": "il periodo finisce prima di iniziare",
    "a party is either a department or a stakeholder": "una parte è una direzione oppure un'organizzazione",
    "exactly the department party names a department": "solo la parte 'direzione' indica una direzione",
    "an indicator is listed twice": "un indicatore è elencato due volte",
    "give the document as words or as a file": "dare il documento come testo o come file",
    "give an e-mail address or a telephone number": "indicare un indirizzo e-mail o un numero di telefono",
    "a refusal needs a reason": "per rifiutare serve un motivo",
}


def pointer(location: Iterable[str | int]) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


def _slug(text: str) -> str:
    return "".join(char if char.isalnum() else "-" for char in text.lower()).strip("-")[:64] or "invalid"


def _english(error: ErrorDetails) -> str:
    return error["msg"].removeprefix("Value error, ")


def _italian(error: ErrorDetails, english: str) -> str:
    if error["type"] == "value_error":
        if english.endswith("is not a decimal number"):
            return english.replace("is not a decimal number", "non è un numero decimale")
        return _ITALIAN_OF_ENGLISH.get(english, english)
    template = _ITALIAN.get(error["type"])
    if template is None:
        return english
    try:
        return template.format(**error.get("ctx", {}))
    except (KeyError, IndexError):
        return template


def field_errors(error: ValidationError, skip: int = 0) -> tuple[FieldError, ...]:
    """One entry per wrong field of a failed validation; ``skip`` leading location parts are dropped."""
    return from_details(error.errors(include_url=False, include_input=False), skip)


def from_details(details: Sequence[ErrorDetails] | Sequence[Any], skip: int = 0) -> tuple[FieldError, ...]:
    """:func:`field_errors` for error dictionaries as pydantic and FastAPI give them."""
    wrong = []
    for one in details[:50]:
        if one["type"] == "too_short" and _wrong_inside(one, details):
            continue  # pydantic counts only the items that are right: "at least 1" would be said of one wrong item
        english = _english(one)
        wrong.append(
            FieldError(
                pointer=pointer(one["loc"][skip:])[:300],
                code=_slug(one["type"]),
                message_it=_italian(one, english)[:1000],
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
