"""Answers to what cannot be done, in both languages."""

from __future__ import annotations

from chassis.http.problem import Problem, conflict, forbidden, not_found
from services.intake.domain.states import NotPossible

_STATES = {
    "open": ("aperto", "open"),
    "fulfilled": ("soddisfatto", "fulfilled"),
    "withdrawn": ("ritirato", "withdrawn"),
    "expired": ("scaduto", "expired"),
}


def no_need() -> Problem:
    return not_found("Questo bisogno non esiste.", "This need does not exist.")


def no_offer() -> Problem:
    return not_found("Questa offerta non esiste.", "This offer does not exist.")


def no_stakeholder() -> Problem:
    return not_found("Questa organizzazione non è registrata.", "This organisation is not registered.")


def not_your_department() -> Problem:
    return forbidden(
        "I bisogni li gestisce la direzione che li ha, o un account manager.",
        "A need is in the hands of its own department, or of an account manager.",
    )


def not_your_stakeholder() -> Problem:
    return forbidden(
        "Non risulta che lei agisca per questa organizzazione: chieda a chi già lo fa, o all'account manager.",
        "You are not known to act for this organisation: ask somebody who is, or the account manager.",
    )


def closed(wrong: NotPossible) -> Problem:
    """A step that the state does not allow."""
    italian, english = _STATES.get(wrong.state, (wrong.state, wrong.state))
    return conflict(
        "not-open",
        f"Non è più possibile: risulta già {italian}.",
        f"This is no longer possible: it is {english} already.",
    )
