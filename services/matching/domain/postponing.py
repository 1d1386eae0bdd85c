"""Not now: a proposal sleeps until a day, within what the need's deadline and the policy leave."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Literal

from contracts.events.matching import MatchPostponed
from services.matching.domain.city_time import CITY_TIME, city_day
from services.matching.domain.match import Decision, Match, Said, noted
from services.matching.domain.policy import Policy
from services.matching.domain.states import after

Bound = Literal["policy", "in_all", "deadline", "reservation"]


class NotLater(Exception):
    """The day is not in the future."""


class TooFar(Exception):
    """The proposal cannot wait that long; ``latest`` is the last day it can, and ``bound`` says why."""

    def __init__(self, latest: date, bound: Bound) -> None:
        super().__init__(f"not after {latest} ({bound})")
        self.latest = latest
        self.bound = bound


def postpone(match: Match, party_id: str, said: Said, until: date, policy: Policy) -> Decision:
    """The proposal is nobody's task before the morning of ``until``, and its time stands still until then.

    Others may decide all the same; their yes brings it back. Raises ``UnknownParty``, ``WrongState``,
    :class:`NotLater` and :class:`TooFar`.
    """
    match.party(party_id)
    state = after(match.state, "postpone")
    back = datetime.combine(until, time(0), CITY_TIME)
    if back <= said.at:
        raise NotLater
    reserved_until = match.expires_at if match.is_reserved else None
    latest, bound = latest_day(match.due_on, reserved_until, said.at, policy, match.proposed_at)
    if until > latest:
        raise TooFar(latest, bound)
    slept = match.postponed_until if match.postponed_until and match.postponed_until > said.at else said.at
    expires_at = match.expires_at
    if not match.is_reserved or policy.postponing_extends_reservations:
        expires_at += max(back - slept, timedelta())
        if match.due_on is not None:
            expires_at = max(match.expires_at, min(expires_at, _end_of(match.due_on)))
    later = replace(match, state=state, version=match.version + 1, postponed_until=back, expires_at=expires_at)
    event = MatchPostponed(
        match_id=match.match_id,
        version=later.version,
        need_id=match.need_id,
        party_id=party_id,
        until=back,
        expires_at=expires_at,
        account_manager_id=match.account_manager_id,
    )
    return noted(Decision(later, ((later.version, event),)), "postpone", said, party_id, before=match)


def latest_day(
    due_on: date | None,
    reserved_until: datetime | None,
    now: datetime,
    policy: Policy,
    proposed_at: datetime | None = None,
) -> tuple[date, Bound]:
    """The last day until which a match can be postponed, and what sets it.

    It may have passed: what was put off for long enough is to be decided.
    """
    bounds: list[tuple[date, Bound]] = [(city_day(now + policy.longest_postponement), "policy")]
    if proposed_at is not None:
        bounds.append((city_day(proposed_at + policy.postponed_in_all), "in_all"))
    if due_on is not None:
        bounds.append((due_on, "deadline"))
    if reserved_until is not None and not policy.postponing_extends_reservations:
        bounds.append((city_day(reserved_until), "reservation"))
    return min(bounds, key=lambda one: one[0])


def _end_of(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(0), CITY_TIME)
