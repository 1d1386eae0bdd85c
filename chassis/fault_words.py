"""What is wrong with an input in words, Italian and English, by the type of pydantic's error.

Every type has words of ours: pydantic's own are English, speak to programmers and show patterns.
"""

from __future__ import annotations

Words = tuple[str, str]
_TEXT = ("deve essere un testo", "this has to be a text")
_WHOLE = ("deve essere un numero intero, per esempio 12", "this has to be a whole number, such as 12")
_NUMBER = ("deve essere un numero", "this has to be a number")
_YES_NO = ("deve essere vero o falso", "this has to be true or false")
_ID = ("non è un identificativo (UUID) valido", "this is not a valid identifier (UUID)")
_DAY = ("non è una data valida: serve anno-mese-giorno", "this is not a valid date: year-month-day is needed")
_MOMENT = ("non è una data e ora valida (RFC 3339)", "this is not a valid date and time (RFC 3339)")
_TIME = ("non è un'ora valida", "this is not a valid time of day")
_OBJECT = ("deve essere un oggetto", "this has to be an object")
_LIST = ("deve essere un elenco", "this has to be a list")
_URL = (
    "non è un indirizzo valido, per esempio https://example.org",
    "this is no valid address, such as https://example.org",
)
_FORM = ("non è scritto nella forma giusta", "this is not written in the right form")
_MISSING = ("manca questo campo", "this field is missing")
_UNKNOWN = ("campo sconosciuto", "this field is not known")

ANYTHING: Words = ("non è un valore valido", "this is not a valid value")
"""For what no client can bring about."""

BY_TYPE: dict[str, Words] = {
    "missing": _MISSING,
    "missing_argument": _MISSING,
    "missing_keyword_only_argument": _MISSING,
    "missing_positional_only_argument": _MISSING,
    "extra_forbidden": _UNKNOWN,
    "unexpected_keyword_argument": _UNKNOWN,
    "none_required": ("deve restare vuoto", "this has to stay empty"),
    "string_type": _TEXT,
    "string_unicode": ("contiene caratteri che non sono testo", "this has characters that are no text"),
    "string_not_ascii": ("solo lettere senza accenti e cifre", "only letters without accents and digits"),
    "string_too_short": (
        "è troppo corto: servono più caratteri (minimo {min_length})",
        "this is too short: it takes more characters (at least {min_length})",
    ),
    "string_too_long": (
        "è troppo lungo: al massimo {max_length} caratteri",
        "this is too long: at most {max_length} characters",
    ),
    "string_pattern_mismatch": _FORM,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": ("è un numero troppo grande", "this number is too large"),
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "finite_number": ("deve essere un numero finito", "this has to be a finite number"),
    "multiple_of": ("deve essere un multiplo di {multiple_of}", "this has to be a multiple of {multiple_of}"),
    "decimal_max_digits": (
        "ha troppe cifre: al massimo {max_digits}",
        "too many digits: at most {max_digits}",
    ),
    "decimal_max_places": (
        "ha troppi decimali: al massimo {decimal_places}",
        "this has too many decimals: at most {decimal_places}",
    ),
    "decimal_whole_digits": (
        "è troppo grande: al massimo {whole_digits} cifre intere",
        "this is too large: at most {whole_digits} digits before the point",
    ),
    "bool_type": _YES_NO,
    "bool_parsing": _YES_NO,
    "greater_than": ("deve essere maggiore di {gt}", "this has to be greater than {gt}"),
    "greater_than_equal": ("deve essere almeno {ge}", "this has to be at least {ge}"),
    "less_than": ("deve essere minore di {lt}", "this has to be less than {lt}"),
    "less_than_equal": ("deve essere al massimo {le}", "this has to be at most {le}"),
    "too_short": ("elementi: almeno {min_length}", "items: at least {min_length}"),
    "too_long": ("elementi: al massimo {max_length}", "items: at most {max_length}"),
    "enum": ("valori ammessi: {expected}", "one of these: {expected}"),
    "literal_error": ("valori ammessi: {expected}", "one of these: {expected}"),
    "union_tag_invalid": ("tipo sconosciuto: valori ammessi {expected_tags}", "unknown kind: one of {expected_tags}"),
    "union_tag_not_found": ("manca il tipo", "the kind is missing"),
    "uuid_type": _ID,
    "uuid_parsing": _ID,
    "uuid_version": _ID,
    "date_type": _DAY,
    "date_parsing": _DAY,
    "date_from_datetime_parsing": _DAY,
    "date_from_datetime_inexact": _DAY,
    "date_past": ("deve essere una data passata", "this has to be a day in the past"),
    "date_future": ("deve essere una data futura", "this has to be a day in the future"),
    "datetime_type": _MOMENT,
    "datetime_parsing": _MOMENT,
    "datetime_object_invalid": _MOMENT,
    "datetime_from_date_parsing": _MOMENT,
    "datetime_past": ("deve essere nel passato", "this has to be in the past"),
    "datetime_future": ("deve essere nel futuro", "this has to be in the future"),
    "timezone_naive": ("l'ora è senza fuso orario", "this time carries no offset from UTC"),
    "timezone_aware": ("l'ora porta lo scostamento da UTC", "a time carries its offset from UTC"),
    "timezone_offset": ("lo scostamento da UTC non è quello atteso", "this is not the expected offset from UTC"),
    "time_type": _TIME,
    "time_parsing": _TIME,
    "time_delta_type": ("non è una durata valida", "this is not a valid duration"),
    "time_delta_parsing": ("non è una durata valida", "this is not a valid duration"),
    "json_invalid": ("non è JSON valido", "this is not valid JSON"),
    "json_type": ("non è JSON valido", "this is not valid JSON"),
    "invalid_key": ("i nomi dei campi sono testi", "names of fields are texts"),
    "recursion_loop": ("è annidato in sé stesso", "this is nested in itself"),
    "recursion_depth_exceeded": ("è annidato troppo in profondità", "this is nested too deeply"),
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "dataclass_type": _OBJECT,
    "dict_type": _OBJECT,
    "mapping_type": _OBJECT,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "set_type": _LIST,
    "frozen_set_type": _LIST,
    "deque_type": _LIST,
    "iterable_type": _LIST,
    "bytes_type": _TEXT,
    "bytes_too_short": ("è troppo corto", "this is too short"),
    "bytes_too_long": ("è troppo lungo", "this is too long"),
    "bytes_invalid_encoding": _FORM,
    "url_type": _URL,
    "url_parsing": _URL,
    "url_syntax_violation": _URL,
    "url_scheme": _URL,
    "url_too_long": ("è un indirizzo troppo lungo", "this address is too long"),
}


def words_of(kind: str, context: dict[str, object]) -> Words:
    """Both languages' words for an error of pydantic; what it says of the limits is filled in."""
    italian, english = BY_TYPE.get(kind, ANYTHING)
    try:
        filled = italian.format(**context), english.format(**context)
    except (KeyError, IndexError):
        return ANYTHING
    if kind in ("literal_error", "enum"):
        return filled[0].replace("' or '", "' o '"), filled[1]
    return filled
