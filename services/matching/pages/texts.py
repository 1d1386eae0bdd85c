"""Codes of matching that only its pages show, with their texts."""

from __future__ import annotations

from chassis.web.i18n import gettext, mark

TEXTS: dict[str, dict[str, str]] = {
    "decline_reason": {
        "not_suitable": mark("Not suitable"),
        "too_late": mark("Too late"),
        "too_little": mark("Too little"),
        "too_far": mark("Too far away"),
        "not_available": mark("Not available any more"),
        "other_partner": mark("Another partner was chosen"),
        "no_answer": mark("No answer"),
        "other": mark("Another reason"),
    },
    "closing": {
        "timeout": mark("Nobody decided in time"),
        "superseded": mark("The quantities changed or went to another match"),
        "need_closed": mark("The need was closed"),
        "offer_closed": mark("An offer was closed"),
        "agreement_rejected": mark("The Legal Office rejected the agreement"),
        "agreement_terminated": mark("The agreement was terminated"),
        "party_withdrew": mark("A party withdrew"),
        "released_by_manager": mark("The account manager released it"),
        "undone": mark("A decision was taken back"),
    },
    "answer": {
        "act": mark("Answer"),
        "until": mark("Back on"),
        "reason_code": mark("Reason"),
        "channel": mark("How they said so"),
        "note": mark("Note"),
    },
    "asked": {
        "undone": mark("The last yes is to be taken back"),
        "released_by_manager": mark("The account manager wants to release it"),
        "party_withdrew": mark("A party withdrew"),
    },
    "sort": {
        "urgent": mark("The most urgent first"),
        "best": mark("What fits best first"),
        "newest": mark("The newest first"),
    },
    "step": {
        "consent": mark("said yes"),
        "decline": mark("declined"),
        "counter": mark("agreed to other quantities"),
        "postpone": mark("put the decision off"),
        "undo": mark("took its decision back"),
        "expire": mark("the proposal was closed"),
        "release": mark("the match was released"),
    },
    "channel": {
        "own": mark("By themselves, here"),
        "telephone": mark("By telephone"),
        "letter": mark("By letter"),
        "email": mark("By email"),
        "meeting": mark("In a meeting"),
    },
}


def text(group: str, code: str) -> str:
    """The text of ``code`` in the reader's language."""
    known = TEXTS[group].get(code)
    return gettext(known) if known else code.replace("_", " ")


def closing(code: str) -> str:
    """Why a match is closed: a reason of time and events, or one that a party gave."""
    return text("closing" if code in TEXTS["closing"] else "decline_reason", code)


def choices(group: str, *without: str) -> list[tuple[str, str]]:
    """(code, text) for a select."""
    return [(code, gettext(words)) for code, words in TEXTS[group].items() if code not in without]
