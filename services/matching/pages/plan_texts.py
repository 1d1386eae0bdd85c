"""Codes of plans with their texts."""

from __future__ import annotations

from chassis.web.i18n import gettext, mark

TEXTS: dict[str, dict[str, str]] = {
    "state": {
        "queued": mark("Waiting"),
        "running": mark("Being made"),
        "done": mark("Ready"),
        "cancelled": mark("Cancelled"),
        "failed": mark("Failed"),
    },
    "phase": {
        "waiting": mark("Waiting for its turn"),
        "reading": mark("Reading needs and offers"),
        "candidates": mark("Finding offers for each need"),
        "solving": mark("Weighing all of them against each other"),
        "comparing": mark("Comparing with the proposals of today"),
        "saving": mark("Storing the result"),
        "over": mark("Over"),
    },
    "change": {
        "new": mark("New"),
        "kept": mark("As today"),
        "other_quantity": mark("Another quantity"),
        "dropped": mark("Not in the plan"),
    },
    "left_out": {
        "no_candidate": mark("No offer fits"),
        "to_be_agreed": mark("Only offers whose quantity is open as well: people agree on it"),
        "capability_missing": mark("Nobody has what it requires"),
        "capability_dealt": mark("What it requires goes to needs that come first"),
        "not_proposable": mark("It cannot be proposed now"),
    },
    "not_proposed": {
        "nothing_free": mark("Nothing of it is free any more"),
        "nothing_open": mark("Nothing of what is asked is open any more"),
        "under_way": mark("Somebody has said yes to today's proposal already"),
        "proposed_already": mark("These two are proposed to each other already"),
        "declined_before": mark("It was declined before"),
        "capability_missing": mark("Who should bring what it requires is not free any more"),
        "need_closed": mark("The need is not open any more"),
        "offer_closed": mark("The offer is not available any more"),
        "not_vetted": mark("Who offers is not approved"),
        "no_instrument": mark("No legal instrument in force allows it"),
    },
    "not_possible": {
        "too_much": mark("There is not that much on both sides."),
        "not_in_plan": mark("One of the two was not in the situation the plan was made in."),
        "not_done": mark("The plan is not ready."),
        "outside_place": mark("One side is not where the other side allows"),
        "excluded": mark("One side excludes the other"),
        "below_lot": mark("It is less than the smallest lot of one side"),
        "no_instrument": mark("No legal instrument in force allows it."),
    },
    "failure": {
        "gave_up": mark("It was started several times and did not come to an end. Operations can see why in the log."),
    },
    "fairness": {
        "0.0": mark("No: only how well offers fit"),
        "0.1": mark("A little"),
        "0.3": mark("Balanced"),
        "0.6": mark("Strongly"),
        "1.0": mark("Above all"),
    },
    "smallest_share": {
        "0.0": mark("Any quantity"),
        "0.1": mark("A tenth of what is asked"),
        "0.25": mark("A quarter of what is asked"),
        "0.5": mark("Half of what is asked"),
        "1.0": mark("All of it, from one offer"),
    },
}
TONES = {"done": "success", "running": "primary", "failed": "danger", "new": "primary", "other_quantity": "warning"}


def text(group: str, code: object) -> str:
    """The text of ``code`` in the reader's language; of a code without one, the code in words."""
    known = TEXTS[group].get(str(code))
    return gettext(known) if known else str(code).replace("_", " ")


def choices(group: str) -> list[tuple[str, str]]:
    """(code, text) for a select."""
    return [(code, gettext(words)) for code, words in TEXTS[group].items()]


def tone(code: str) -> str:
    """Colour of a badge; it never carries the meaning alone."""
    return TONES.get(code, "secondary")
