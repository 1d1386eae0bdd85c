"""Commands that change a proposal without ending it: other quantities, later, and not after all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis.delivery import Delivery
from chassis.unit import Unit
from services.matching.domain import countering, postponing, refusals, succession, undoing
from services.matching.domain import match as matches
from services.matching.domain.countering import NothingCountered, UnknownPosition
from services.matching.domain.history import Asked, Channel
from services.matching.domain.ledger import NotEnough, TooMuch
from services.matching.domain.match import Match, Said
from services.matching.domain.parts import QuantityMissing
from services.matching.domain.policy import Policy
from services.matching.domain.postponing import NotLater, TooFar
from services.matching.domain.revision import beyond_limits, lost_ground
from services.matching.domain.speakers import Speaker, voice
from services.matching.domain.states import WrongState
from services.matching.domain.undoing import CannotUndo, Undone
from services.matching.handlers.concluding import conclude
from services.matching.handlers.deciding import Check, ask_end, locked, still_standing
from services.matching.handlers.posting import lines_of, still_free
from services.matching.handlers.succeeding import Taken, go_on
from services.matching.store import MatchingStore


@dataclass(frozen=True, slots=True)
class Counter:
    """Somebody says yes for a party, but to these ``quantities``, by position of the allocation."""

    match_id: UUID
    quantities: Mapping[int, Decimal] = field(default_factory=dict)
    party_id: str | None = None
    channel: Channel | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Postpone:
    """A party will decide later."""

    match_id: UUID
    until: date
    party_id: str | None = None
    channel: Channel | None = None
    note: str | None = None


async def counter(unit: Unit[MatchingStore], command: Counter, speaker: Speaker, policy: Policy, check: Check) -> Match:
    """The match goes on with other quantities, all reserved or none. Raises ``Refusal``."""
    match = await locked(unit, command.match_id)
    heard = voice(match, speaker, command.party_id, command.channel, command.note)
    check(match.version)
    standing = await still_standing(unit, match)
    said = Said(speaker.subject, unit.now, heard.channel, heard.note)
    try:
        decision = countering.counter(
            match,
            heard.party_id,
            said,
            quantities=command.quantities,
            lines=standing.lines,
            reserved_until=unit.now + policy.reservation_lasts,
        )
        standing.check_lots(match, decision.match, command.quantities)
        await conclude(unit, {match.match_id: match}, [decision])
    except WrongState as wrong:
        raise refusals.closed(wrong.state) from wrong
    except UnknownPosition as unknown:
        raise refusals.unknown_position(unknown.position) from unknown
    except NothingCountered as nothing:
        raise refusals.nothing_countered() from nothing
    except QuantityMissing as missing:
        raise refusals.quantity_required(missing.positions) from missing
    except TooMuch as beyond:
        raise refusals.quantity_too_large() from beyond
    except NotEnough as short:
        raise _not_so_much(match, command.quantities, short) from short
    return decision.match


async def postpone(
    unit: Unit[MatchingStore], command: Postpone, speaker: Speaker, policy: Policy, check: Check
) -> Match:
    """The proposal comes back by itself on the day. Raises ``Refusal``."""
    match = await locked(unit, command.match_id)
    heard = voice(match, speaker, command.party_id, command.channel, command.note)
    check(match.version)
    said = Said(speaker.subject, unit.now, heard.channel, heard.note)
    try:
        decision = postponing.postpone(match, heard.party_id, said, command.until, policy)
    except WrongState as wrong:
        raise refusals.closed(wrong.state) from wrong
    except NotLater as early:
        raise refusals.not_later() from early
    except TooFar as far:
        raise refusals.too_far(far.latest, far.bound) from far
    await conclude(unit, {match.match_id: match}, [decision])
    return decision.match


async def undo(unit: Unit[MatchingStore], match_id: UUID, speaker: Speaker, policy: Policy, check: Check) -> Match:
    """Takes back the speaker's own last decision. Raises ``Refusal``.

    Returns the proposal as it stands then: this match, or the one it goes on as when it had ended. A match that
    everybody agreed to has an agreement by now, which is asked first: it comes back as it is, with ``asked``.
    """
    match = await locked(unit, match_id)
    check(match.version)
    try:
        undoing.check(match, speaker.subject, unit.now, policy.undo_window)
        if match.state == "accepted":
            return await ask_end(unit, match, "undone", speaker.subject)
        undone = undoing.undo(match, speaker.subject, unit.now)
    except CannotUndo as cannot:
        raise refusals.cannot_undo(cannot.obstacle) from cannot
    except WrongState as wrong:
        raise refusals.closed(wrong.state) from wrong
    assert match.last is not None
    await unit.store.history.undo(unit.scope, match_id, match.last.version)
    try:
        async with unit.savepoint():
            if undone.goes_on is None:
                await conclude(unit, {match_id: match}, [undone.decision])
                return undone.decision.match
            return await _as_it_was(unit, match, undone, policy)
    except (NotEnough, Taken) as gone:
        raise refusals.gone_meanwhile() from gone


async def last_yes_back(
    unit: Unit[MatchingStore], match: Match, asked: Asked, policy: Policy, cause: Delivery[Any]
) -> Match:
    """The agreements of the match are closed: the last yes is taken back, as was asked. Returns the match as it ended.

    Where it cannot go on (its need was closed meanwhile, or others have the lines) it is released all the same.
    """
    undone = undoing.undo(match, asked.by, unit.now)
    assert match.last is not None
    await unit.store.history.undo(unit.scope, match.match_id, match.last.version)
    try:
        async with unit.savepoint():
            await _as_it_was(unit, match, undone, policy, cause)
    except (NotEnough, Taken):
        await conclude(unit, {match.match_id: match}, [undone.decision], {match.match_id: cause})
    return undone.decision.match


async def _as_it_was(
    unit: Unit[MatchingStore], match: Match, undone: Undone, policy: Policy, cause: Delivery[Any] | None = None
) -> Match:
    """The match that ended goes on as another one, unless others have answered a replacement or taken its lines."""
    assert undone.goes_on is not None
    if match.state == "declined":
        await _clear(unit, match)
    need = (await unit.store.candidates.needs(unit.scope, [match.need_id])).get(match.need_id)
    offers = await unit.store.candidates.offers(unit.scope, {part.allocation.offer_id for part in match.parts})
    if need is None or lost_ground(need, offers.values(), unit.now) or beyond_limits(match, need, offers):
        raise Taken
    # Whoever takes a decision back wants time to take another one.
    stands = succession.as_it_was(undone.goes_on, max(undone.goes_on.expires_at, unit.now + policy.undo_window))
    _, new = await go_on(unit, match, undone.decision, stands, "decision_undone", cause)
    if not new.is_reserved:
        await _check_free(unit, new)
    return new


async def _clear(unit: Unit[MatchingStore], match: Match) -> None:
    """What took the declined match's place gives way while nobody has answered it. Raises :class:`Taken`."""
    since = match.closed_at
    assert since is not None
    ids = await unit.store.matches.proposed_since(unit.scope, match.need_id, since)
    found = await unit.store.matches.locked(unit.scope, ids)
    if any(succession.newly_consented(one) for one in found.values()):
        raise Taken
    heirs = [one for one in found.values() if one.replaces == match.match_id and one.state == "proposed"]
    if heirs:
        ended = [matches.expire(one, "superseded", unit.now) for one in heirs]
        await conclude(unit, found, ended)


async def _check_free(unit: Unit[MatchingStore], match: Match) -> None:
    """Nobody's yes reserves anything, but what is proposed has to be there. Raises :class:`Taken`."""
    free = await still_free(unit, [(match, part) for part in match.parts])
    for part in match.parts:
        wanted = part.allocation.quantity
        if wanted is not None and any(free.get(key, wanted) < wanted for key in lines_of(match, part)):
            raise Taken


def _not_so_much(match: Match, quantities: Mapping[int, Decimal], short: NotEnough) -> refusals.Refusal:
    """Says how much there would be, at the field that asks for more where there is one."""
    on_line = [part for part in match.parts if (short.subject_id, short.line) in lines_of(match, part)]
    most = short.there + sum((part.reserved for part in on_line), Decimal(0))
    asked = [position for position in quantities if any(part.position == position for part in on_line)]
    pointer = f"/quantities/{list(quantities).index(asked[0])}/quantity" if asked else "/quantities"
    what = on_line[0].allocation if on_line else match.parts[0].allocation
    return refusals.not_so_much(most, what.unit, "need" if short.subject_id == match.need_id else "offer", pointer)
