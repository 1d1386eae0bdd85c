"""Commands on a match: accept, decline, release. Each loads it locked, lets the domain decide, and carries that out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from chassis.unit import Unit
from contracts.values import Line
from services.matching.domain import ending, lots, refusals
from services.matching.domain import match as matches
from services.matching.domain.history import Channel, EndReason
from services.matching.domain.ledger import NotEnough, TooMuch
from services.matching.domain.match import Match, QuantityFixed, Said
from services.matching.domain.parts import QuantityMissing
from services.matching.domain.policy import Policy
from services.matching.domain.revision import beyond_limits, lost_ground
from services.matching.domain.speakers import Speaker, voice
from services.matching.domain.states import WrongState
from services.matching.domain.subjects import Need, Offer
from services.matching.handlers.concluding import conclude
from services.matching.handlers.succeeding import end
from services.matching.store import MatchingStore

Check = Callable[[int], None]
"""Called with the version of the locked match; raises when the caller saw another one."""


@dataclass(frozen=True, slots=True)
class Accept:
    """Somebody says yes for a party. ``quantities`` by position of the allocation."""

    match_id: UUID
    party_id: str | None = None
    channel: Channel | None = None
    note: str | None = None
    quantities: Mapping[int, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decline:
    match_id: UUID
    reason_code: str
    party_id: str | None = None
    channel: Channel | None = None
    note: str | None = None


async def accept(unit: Unit[MatchingStore], command: Accept, speaker: Speaker, policy: Policy, check: Check) -> Match:
    """Consent of one party; the first reserves all quantities, the last makes the match accepted.

    Raises :class:`services.matching.domain.refusals.Refusal`, and ``NoLongerThere`` when the quantities went to
    somebody else or a limit was said meanwhile: roll back, then call :func:`supersede`.
    """
    match = await locked(unit, command.match_id)
    heard = voice(match, speaker, command.party_id, command.channel, command.note)
    check(match.version)
    standing = await still_standing(unit, match)
    try:
        decision = matches.consent(
            match,
            heard.party_id,
            Said(speaker.subject, unit.now, heard.channel, heard.note),
            quantities=command.quantities,
            lines=standing.lines,
            reserved_until=unit.now + policy.reservation_lasts,
        )
        standing.check_lots(match, decision.match, command.quantities)
        await conclude(unit, {match.match_id: match}, [decision])
    except WrongState as wrong:
        raise refusals.closed(wrong.state) from wrong
    except QuantityMissing as missing:
        raise refusals.quantity_required(missing.positions) from missing
    except QuantityFixed as fixed:
        raise refusals.quantity_fixed(fixed.position) from fixed
    except TooMuch as beyond:
        raise refusals.quantity_too_large() from beyond
    except NotEnough as gone:
        raise refusals.NoLongerThere from gone
    return decision.match


async def decline(unit: Unit[MatchingStore], command: Decline, speaker: Speaker, policy: Policy, check: Check) -> Match:
    """One party says no: the match ends for all. Raises ``Refusal``.

    When a giver of several falls out after others agreed, somebody else takes its part over if there is one.
    """
    match = await locked(unit, command.match_id)
    heard = voice(match, speaker, command.party_id, command.channel, command.note)
    check(match.version)
    said = Said(speaker.subject, unit.now, heard.channel, heard.note)
    try:
        decision = matches.decline(match, heard.party_id, said, command.reason_code)
    except WrongState as wrong:
        raise refusals.closed(wrong.state) from wrong
    gone = {
        part.allocation.offer_id
        for part in match.parts
        if f"stakeholder:{part.allocation.stakeholder_id}" == heard.party_id
    }
    return await end(unit, match, decision, gone, policy)


async def release(unit: Unit[MatchingStore], match_id: UUID, by: str, check: Check) -> Match:
    """The account manager dissolves an accepted match for which nothing was signed yet. Raises ``Refusal``.

    Its agreements are asked first: the match comes back as it is, with ``asked``.
    """
    match = await locked(unit, match_id)
    check(match.version)
    if match.is_committed:
        raise refusals.signed_already()
    try:
        return await ask_end(unit, match, "released_by_manager", by)
    except WrongState as wrong:
        raise refusals.closed(wrong.state) from wrong


async def ask_end(unit: Unit[MatchingStore], match: Match, reason: EndReason, by: str) -> Match:
    """Asks the agreements of an accepted match for its end; once is enough. Raises ``WrongState``."""
    decision = ending.ask(match, reason, unit.now, by)
    if decision is None:
        return match
    await conclude(unit, {match.match_id: match}, [decision])
    return decision.match


async def supersede(unit: Unit[MatchingStore], match_id: UUID) -> None:
    """Ends a proposal that nobody can agree to any more; nothing happens when it has ended already.

    One with somebody's yes is looked at again first: others may take over the part of whoever fell out.
    """
    match = await locked(unit, match_id)
    if match.state == "proposed" and match.is_reserved:
        await unit.store.revisions.ask(unit.scope, unit.now, needs=[match.need_id])
    elif match.state == "proposed":
        await conclude(unit, {match_id: match}, [matches.expire(match, "superseded", unit.now)])


async def locked(unit: Unit[MatchingStore], match_id: UUID) -> Match:
    """The match, locked. Raises ``Refusal`` when there is none."""
    found = await unit.store.matches.locked(unit.scope, [match_id])
    if match_id not in found:
        raise refusals.unknown_match()
    return found[match_id]


@dataclass(frozen=True, slots=True)
class Standing:
    """What a proposal is about, as it is now."""

    need: Need
    offers: Mapping[UUID, Offer]

    @property
    def lines(self) -> dict[tuple[UUID, int], Line]:
        """The offered lines."""
        return {
            (offer_id, index): line
            for offer_id, offer in self.offers.items()
            for index, line in enumerate(offer.state.lines)
        }

    def check_lots(self, before: Match, after: Match, quantities: Mapping[int, Decimal]) -> None:
        """Raises ``Refusal`` at the field of the first of these quantities that is below a smallest lot, or that
        leaves another one below it."""
        found = lots.broken(before, after, self.need, self.offers)
        if found is not None:
            said = list(quantities)
            pointer = f"/quantities/{said.index(found.position)}/quantity" if found.position in said else "/quantities"
            refuse = refusals.leaves_below_lot if found.other else refusals.below_lot
            raise refuse(found.least, found.unit, found.whose, pointer)


async def still_standing(unit: Unit[MatchingStore], match: Match) -> Standing:
    """Need and offers of a proposal, all of them open and within the limits that both sides have said by now.

    The proposal may be older than the news of today. Raises ``NoLongerThere``.
    """
    need = (await unit.store.candidates.needs(unit.scope, [match.need_id]))[match.need_id]
    offers = await unit.store.candidates.offers(unit.scope, {part.allocation.offer_id for part in match.parts})
    if match.state == "proposed":
        lost = lost_ground(need, offers.values(), unit.now) or beyond_limits(match, need, offers)
        if lost or (not match.is_reserved and lots.outdated(match, need, offers)):
            raise refusals.NoLongerThere
    return Standing(need, offers)
