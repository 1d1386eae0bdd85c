"""What others did since somebody last looked, said so that nobody feels overruled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.http.problem import Problem
from chassis.scope import Scope
from chassis.unit import Units
from chassis.web.i18n import speaking
from chassis.web.vocabulary import label
from services.matching.domain.city_time import CITY_TIME, city_day
from services.matching.store import MatchingStore

_TOLD = 3
_DID: Mapping[str, tuple[str, str]] = {
    "consent": ("{who} ha detto di sì", "{who} said yes"),
    "decline": ("{who} ha rifiutato", "{who} declined"),
    "counter": ("{who} ha accettato con altre quantità", "{who} agreed to other quantities"),
    "postpone": ("{who} ha rinviato la decisione", "{who} put the decision off"),
    "undo": ("{who} ha ritirato la sua decisione", "{who} took its decision back"),
    "expire": ("la proposta è stata chiusa", "the proposal was closed"),
    "release": ("l'abbinamento è stato sciolto", "the match was released"),
}


async def explained(
    units: Units[MatchingStore], scope: Scope, match_id: UUID, version: int | None, problem: Problem
) -> Problem:
    """The same problem with who did what meanwhile, and when; unchanged when that is not known."""
    async with units.reading() as store:
        steps = await store.history.since(scope, match_id, version or 0)
    facts = told(steps, units.clock())
    if facts is None:
        return problem
    return Problem(
        problem.status, problem.code, facts[0] + _next(problem, 0), facts[1] + _next(problem, 1), problem.errors
    )


def told(steps: Sequence[Mapping[str, Any]], now: datetime) -> tuple[str, str] | None:
    """ "In the meantime …", in Italian and English; None when nothing happened."""
    if not steps:
        return None
    shown = steps[-_TOLD:]
    italian = "; ".join(_sentence(one, now, 0) for one in shown)
    english = "; ".join(_sentence(one, now, 1) for one in shown)
    return f"Nel frattempo {italian}.", f"In the meantime {english}."


def _sentence(step: Mapping[str, Any], now: datetime, language: int) -> str:
    words = _DID[step["act"]][language].format(who=_who(step, language))
    at, today = step["at"].astimezone(CITY_TIME), city_day(now)
    if at.date() == today:
        return f"{words} alle {at:%H:%M}" if language == 0 else f"{words} at {at:%H:%M}"
    return f"{words} il {at:%d/%m/%Y alle %H:%M}" if language == 0 else f"{words} on {at:%d/%m/%Y at %H:%M}"


def _who(step: Mapping[str, Any], language: int) -> str:
    if step["department"]:
        with speaking("en" if language else "it"):
            return label("department", step["department"])
    return str(step["name"] or ("una parte" if language == 0 else "a party"))


def _next(problem: Problem, language: int) -> str:
    """What can still be done."""
    if problem.status == 409:
        return " " + (problem.italian, problem.english)[language]
    return (" Guarda come sta ora e decidi su questo.", " Look at how it stands now and decide on that.")[language]
