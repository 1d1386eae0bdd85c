"""Errors as RFC 9457 problem details: what is wrong, where, and what to do, in the reader's language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import asyncpg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from chassis import log
from chassis.database.pool import AWAY
from chassis.http.trace_id import trace_id_of
from chassis.validation import from_details
from contracts.values import FieldError

MEDIA_TYPE = "application/problem+json"
_logger = log.get("http")

_TITLES = {
    400: ("Richiesta non valida", "Bad request"),
    401: ("Accesso richiesto", "Login required"),
    403: ("Non autorizzato", "Not allowed"),
    404: ("Non trovato", "Not found"),
    405: ("Metodo non ammesso", "Method not allowed"),
    406: ("Formato non disponibile", "Not acceptable"),
    409: ("In conflitto con lo stato attuale", "In conflict with the current state"),
    412: ("Modificato da qualcun altro", "Changed by somebody else"),
    413: ("Troppo grande", "Too large"),
    415: ("Formato non accettato", "Unsupported media type"),
    422: ("Dati non validi", "Invalid data"),
    428: ("Serve l'intestazione If-Match", "If-Match is required"),
    429: ("Troppe richieste", "Too many requests"),
    500: ("Errore interno", "Internal error"),
    503: ("Momentaneamente non disponibile", "Temporarily unavailable"),
}


class Problem(Exception):
    """An answer that is not a success. ``code`` is stable; ``italian``/``english`` say what is wrong and what to do."""

    def __init__(
        self,
        status: int,
        code: str,
        italian: str,
        english: str,
        errors: Sequence[FieldError] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {english}")
        self.status = status
        self.code = code
        self.italian = italian
        self.english = english
        self.errors = tuple(errors)
        self.headers = headers or {}


def not_found(italian: str, english: str) -> Problem:
    return Problem(404, "not-found", italian, english)


def invalid(errors: Sequence[FieldError]) -> Problem:
    """422 with a pointer to each wrong field."""
    return Problem(
        422,
        "invalid",
        "Alcuni campi non sono validi; l'elenco dice quali e perché.",
        "Some fields are not valid; the list says which and why.",
        errors,
    )


def conflict(code: str, italian: str, english: str) -> Problem:
    return Problem(409, code, italian, english)


def forbidden(italian: str, english: str) -> Problem:
    return Problem(403, "forbidden", italian, english)


UNAVAILABLE: tuple[type[Exception], ...] = (ConnectionError, TimeoutError, *AWAY)
"""The database is away for a moment: nothing was changed, and the same request may be sent again."""


UNSTORABLE: tuple[type[Exception], ...] = (
    asyncpg.CharacterNotInRepertoireError,
    asyncpg.UntranslatableCharacterError,
    asyncpg.NumericValueOutOfRangeError,
    asyncpg.DatetimeFieldOverflowError,
    asyncpg.DataError,
)
"""The database cannot hold what was sent: a NUL in a text, half a character, a number or a day that is too large.
Models refuse it by field wherever they foresee it; this is for where they do not. Nothing was changed.
"""
OF_DATABASE = (*UNAVAILABLE, *UNSTORABLE)


def unstorable() -> Problem:
    return Problem(
        422,
        "unstorable",
        "Qualcosa di ciò che è stato inviato non si può conservare: un carattere di controllo, o un numero o una data "
        "fuori da ogni misura. Non è stato registrato nulla.",
        "Something of what was sent cannot be stored: a control character, or a number or a day beyond all measure. "
        "Nothing was recorded.",
    )


def of_database(error: Exception) -> Problem | None:
    """What a failure of the database means to who asked; None when it is a fault of ours."""
    if isinstance(error, UNAVAILABLE):
        return unavailable()
    foreseen = UNSTORABLE[:-1]
    return unstorable() if isinstance(error, foreseen) or _cannot_be_sent(error) else None


def _cannot_be_sent(error: Exception) -> bool:
    """Whether it is asyncpg's own refusal of a value. Other children of its broad class are faults in queries, and so
    is a value of another type than the query takes: no model lets anybody send that."""
    return type(error) is asyncpg.DataError and not isinstance(error.__cause__, TypeError | AttributeError)


def unavailable() -> Problem:
    return Problem(
        503,
        "unavailable",
        "Il servizio non è disponibile per un momento; nulla è stato modificato. Riprovare tra poco.",
        "The service is not available for a moment; nothing was changed. Try again shortly.",
        headers={"Retry-After": "2"},
    )


def language_of(request: Request) -> str:
    """``it`` or ``en``, as the caller prefers; Italian when it does not say."""
    chosen = getattr(request.state, "language", None)
    if chosen in ("it", "en"):
        return str(chosen)
    for part in request.headers.get("accept-language", "").lower().split(","):
        tag = part.split(";")[0].strip()[:2]
        if tag in ("it", "en"):
            return tag
    return "it"


def body_of(request: Request, problem: Problem) -> dict[str, Any]:
    """The problem document."""
    italian = language_of(request) == "it"
    titles = _TITLES.get(problem.status, ("Errore", "Error"))
    body: dict[str, Any] = {
        "type": f"urn:sportello:problem:{problem.code}",
        "title": titles[0] if italian else titles[1],
        "status": problem.status,
        "detail": problem.italian if italian else problem.english,
        "code": problem.code,
        "instance": request.url.path,
    }
    if problem.errors:
        body["errors"] = [
            {
                "pointer": error.pointer,
                "code": error.code,
                "detail": error.message_it if italian else error.message_en,
                "message_it": error.message_it,
                "message_en": error.message_en,
            }
            for error in problem.errors
        ]
    trace_id = trace_id_of(request)
    if trace_id:
        body["trace_id"] = trace_id
    return body


def respond(request: Request, problem: Problem) -> Response:
    """The problem as JSON; :mod:`chassis.web.errors` shows people a page instead."""
    return JSONResponse(body_of(request, problem), problem.status, problem.headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Makes ``app`` answer every error as a problem."""

    async def on_problem(request: Request, problem: Exception) -> Response:
        assert isinstance(problem, Problem)
        return respond(request, problem)

    async def on_validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return respond(request, invalid(from_details(error.errors(), skip=_skip(error))))

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        titles = _TITLES.get(error.status_code, ("Errore", "Error"))
        problem = Problem(error.status_code, f"http-{error.status_code}", titles[0], titles[1])
        problem.headers = dict(error.headers or {})
        return respond(request, problem)

    async def on_crash(request: Request, error: Exception) -> Response:
        _logger.error(
            "http.crashed",
            path=request.url.path,
            error=type(error).__name__,
            exc_info=error,
            trace_id=trace_id_of(request),
        )
        problem = Problem(
            500,
            "internal",
            "Qualcosa è andato storto da parte nostra; il numero di traccia aiuta chi è di turno a capire.",
            "Something went wrong on our side; the trace number helps the person on call to find out.",
        )
        return respond(request, problem)

    async def on_database(request: Request, error: Exception) -> Response:
        problem = of_database(error)
        if problem is None:
            return await on_crash(request, error)
        _logger.warning(f"http.{problem.code}", path=request.url.path, error=type(error).__name__)
        return respond(request, problem)

    for kind in OF_DATABASE:
        app.add_exception_handler(kind, on_database)
    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(Exception, on_crash)


def _skip(error: RequestValidationError) -> int:
    """FastAPI puts ``body`` before the pointer; ``query`` and ``path`` stay, they say where to look."""
    locations = [one["loc"] for one in error.errors()]
    return 1 if all(location and location[0] == "body" for location in locations) else 0
