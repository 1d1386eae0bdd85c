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
from services.matching.handlers import deciding, reconsidering
from services.matching.meanwhile import explained
from services.matching.store import MatchingStore
from services.matching.views import AcceptBody, CounterBody, DeclineBody, MatchView, PostponeBody

T = TypeVar("T")
Work = Callable[[Unit[MatchingStore]], Awaitable[Reply]]


def accepting(actor: Actor, match_id: UUID, body: AcceptBody, policy: Policy, version: int | None) -> Work:
    """The work of accepting; answers with the match as it is then."""
    command = deciding.Accept(
        match_id, body.party_id, body.channel, body.note, {one.position: one.quantity for one in body.quantities}
    )
    return _work(actor, policy, lambda unit: deciding.accept(unit, command, speaker_of(actor), policy, _check(version)))


def declining(actor: Actor, match_id: UUID, body: DeclineBody, policy: Policy, version: int | None) -> Work:
    command = deciding.Decline(match_id, body.reason_code, body.party_id, body.channel, body.note)
    return _work(
        actor, policy, lambda unit: deciding.decline(unit, command, speaker_of(actor), policy, _check(version))
    )


def countering(actor: Actor, match_id: UUID, body: CounterBody, policy: Policy, version: int | None) -> Work:
    """The work of agreeing to other quantities."""
    quantities = {one.position: one.quantity for one in body.quantities}
    command = reconsidering.Counter(match_id, quantities, body.party_id, body.channel, body.note)
    return _work(
        actor, policy, lambda unit: reconsidering.counter(unit, command, speaker_of(actor), policy, _check(version))
    )


def postponing(actor: Actor, match_id: UUID, body: PostponeBody, policy: Policy, version: int | None) -> Work:
    note = body.note or body.reason
    command = reconsidering.Postpone(match_id, body.until, body.party_id, body.channel, note)
    return _work(
        actor, policy, lambda unit: reconsidering.postpone(unit, command, speaker_of(actor), policy, _check(version))
    )


def undoing(actor: Actor, match_id: UUID, policy: Policy, version: int | None) -> Work:
    """The work of taking back one's last decision; answers with the match it goes on as."""
    return _work(
        actor, policy, lambda unit: reconsidering.undo(unit, match_id, speaker_of(actor), policy, _check(version))
    )


def releasing(actor: Actor, match_id: UUID, policy: Policy, version: int | None) -> Work:
    return _work(actor, policy, lambda unit: deciding.release(unit, match_id, actor.subject, _check(version)))


async def carried_out(
    units: Units[MatchingStore], actor: Actor, match_id: UUID, run: Awaitable[T], version: int | None = None
) -> T:
    """The result of ``run``, refusals turned into problems. A proposal whose quantities are gone is ended.

    Where somebody was faster, the problem says who did what since ``version`` (None = ever) and when.
    """
    scope = Scope(actor.city, actor.subject)
    try:
        return await run
    except Problem as problem:
        if problem.status != 412:
            raise
        raise await explained(units, scope, match_id, version, problem) from problem
    except Refusal as refusal:
        refused = problem_of(refusal)
        if refusal.kind == "conflict" and refusal.code.startswith("match-"):
            refused = await explained(units, scope, match_id, version, refused)
        raise refused from refusal
    except NoLongerThere as gone:
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


def _work(actor: Actor, policy: Policy, decide: Callable[[Unit[MatchingStore]], Awaitable[Match]]) -> Work:
    async def work(unit: Unit[MatchingStore]) -> Reply:
        match_id = (await decide(unit)).match_id
        row = await unit.store.overview.match(unit.scope, reach_of(actor), match_id)
        if row is None:
            raise refusals.unknown_match()
        view = MatchView.of(row, notes=sees_notes(actor), reader=actor.subject, undo_window=policy.undo_window)
        return Reply(200, view, {"ETag": etag(view.version)})

    return work
