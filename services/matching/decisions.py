"""Decisions as API and pages ask for them: one transaction, refusals as problems, a lost race told kindly."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

from chassis.auth import Actor
from chassis.http.commands import Reply
from chassis.http.etag import check as check_version
from chassis.http.etag import etag
from chassis.http.problem import Problem, conflict, forbidden, invalid, not_found
from chassis.scope import Scope
from chassis.unit import Unit, Units
from chassis.validation import field_error
from services.matching.access import reach_of, sees_notes, speaker_of
from services.matching.domain import refusals
from services.matching.domain.match import Match
from services.matching.domain.policy import Policy
from services.matching.domain.refusals import NoLongerThere, Refusal
from services.matching.handlers import deciding
from services.matching.store import MatchingStore
from services.matching.views import AcceptBody, DeclineBody, MatchView

T = TypeVar("T")
Work = Callable[[Unit[MatchingStore]], Awaitable[Reply]]


def accepting(actor: Actor, match_id: UUID, body: AcceptBody, policy: Policy, version: int | None) -> Work:
    """The work of accepting; answers with the match as it is then."""
    command = deciding.Accept(
        match_id, body.party_id, body.channel, body.note, {one.position: one.quantity for one in body.quantities}
    )
    return _work(actor, lambda unit: deciding.accept(unit, command, speaker_of(actor), policy, _check(version)))


def declining(actor: Actor, match_id: UUID, body: DeclineBody, version: int | None) -> Work:
    command = deciding.Decline(match_id, body.reason_code, body.party_id, body.channel, body.note)
    return _work(actor, lambda unit: deciding.decline(unit, command, speaker_of(actor), _check(version)))


def releasing(actor: Actor, match_id: UUID, version: int | None) -> Work:
    return _work(actor, lambda unit: deciding.release(unit, match_id, _check(version)))


async def carried_out(units: Units[MatchingStore], actor: Actor, match_id: UUID, run: Awaitable[T]) -> T:
    """The result of ``run``, refusals turned into problems. A proposal whose quantities are gone is ended."""
    try:
        return await run
    except Refusal as refusal:
        raise problem_of(refusal) from refusal
    except NoLongerThere as gone:
        scope = Scope(actor.city, actor.subject)
        await units.run(scope, lambda unit: deciding.supersede(unit, match_id))
        raise problem_of(refusals.no_longer_there()) from gone


def problem_of(refusal: Refusal) -> Problem:
    if refusal.kind == "not_found":
        return not_found(refusal.italian, refusal.english)
    if refusal.kind == "forbidden":
        return forbidden(refusal.italian, refusal.english)
    if refusal.kind == "conflict":
        return conflict(refusal.code, refusal.italian, refusal.english)
    return invalid([field_error(refusal.pointer, refusal.code, refusal.italian, refusal.english)])


def _check(version: int | None) -> deciding.Check:
    return lambda actual: check_version(version, actual)


def _work(actor: Actor, decide: Callable[[Unit[MatchingStore]], Awaitable[Match]]) -> Work:
    async def work(unit: Unit[MatchingStore]) -> Reply:
        match_id = (await decide(unit)).match_id
        row = await unit.store.overview.match(unit.scope, reach_of(actor), match_id)
        if row is None:
            raise refusals.unknown_match()
        view = MatchView.of(row, notes=sees_notes(actor))
        return Reply(200, view, {"ETag": etag(view.version)})

    return work
