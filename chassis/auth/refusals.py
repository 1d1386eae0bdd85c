"""The ways in which identity says no, in both languages."""

from chassis.http.problem import Problem

_CHALLENGE = {"WWW-Authenticate": "Bearer"}


def not_a_bearer() -> Problem:
    return Problem(
        401,
        "invalid-token",
        "L'intestazione Authorization deve portare un token di tipo Bearer.",
        "The Authorization header must carry a bearer token.",
        headers=_CHALLENGE,
    )


def invalid_token() -> Problem:
    return Problem(
        401,
        "invalid-token",
        "Il token non è valido per questo servizio.",
        "The token is not valid for this service.",
        headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
    )


def expired() -> Problem:
    return Problem(
        401,
        "login-expired",
        "L'accesso è scaduto: accedi di nuovo.",
        "Your login has expired: please log in again.",
        headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
    )


def provider_unavailable() -> Problem:
    return Problem(
        503,
        "identity-provider-unavailable",
        "Il servizio di accesso non risponde: riprova tra poco.",
        "The identity provider does not answer: please try again shortly.",
        headers={"Retry-After": "15"},
    )


def foreign_request() -> Problem:
    return Problem(
        403,
        "foreign-request",
        "Questa richiesta non è partita da una pagina di questo sito.",
        "This request did not come from one of our own pages.",
    )


def login_failed() -> Problem:
    return Problem(
        401,
        "login-failed",
        "L'accesso non è riuscito: ricomincia da capo.",
        "Login did not succeed: please start again.",
    )
