"""Yes, but other quantities: the same match goes on, and whoever's part changed is asked again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from contracts.events.matching import MatchCountered
from contracts.values import Line, QuantityChange
from services.matching.domain.history import Answer
from services.matching.domain.match import Decision, Match, Said, noted, rebalanced, with_answer
from services.matching.domain.parts import MatchParty, Part, QuantityMissing
from services.matching.domain.states import after


class NothingCountered(Exception):
    """These are the quantities as they stand: that is a yes, or nothing."""


class UnknownPosition(Exception):
    """The match has no such allocation."""

    def __init__(self, position: int) -> None:
        super().__init__(f"no allocation {position}")
        self.position = position


def counter(
    match: Match,
    party_id: str,
    said: Said,
    *,
    quantities: Mapping[int, Decimal],
    lines: Mapping[tuple[UUID, int], Line],
    reserved_until: datetime,
) -> Decision:
    """One party agrees to ``quantities`` (by position) instead; everything is reserved anew, all or nothing.

    The party has consented to them. The department and the receivers are asked (again), and every giver whose part
    changed; who brings what they agreed to bring need not say so twice. Raises ``UnknownParty``, ``WrongState``,
    :class:`UnknownPosition`, :class:`NothingCountered` and ``QuantityMissing``.
    """
    match.party(party_id)
    state = after(match.state, "counter")
    wanted = following(match, quantities)
    parts = tuple(
        part.with_quantity(wanted[part.position], lines)
        if part.position in wanted and wanted[part.position] != part.allocation.quantity
        else part
        for part in match.parts
    )
    missing = [part.position for part in parts if part.to_agree]
    if missing:
        raise QuantityMissing(missing)
    changes = [(old, new) for old, new in zip(match.parts, parts, strict=True) if old is not new]
    if not changes:
        raise NothingCountered
    touched = {new.allocation.stakeholder_id for _, new in changes}
    answers = [_asked_again(one) for one in match.parties if _concerned(one, touched)]
    agreed = with_answer(replace(match, parts=parts), *answers, _yes(party_id, said))
    agreed = replace(agreed, state=state, version=match.version + 1, expires_at=reserved_until, postponed_until=None)
    agreed, moves = rebalanced(agreed)
    event = MatchCountered(
        match_id=match.match_id,
        version=agreed.version,
        need_id=match.need_id,
        need_title=match.need_title,
        department=match.department,
        policy_area=match.policy_area,
        triangulation=match.triangulation,
        parties=tuple(one.party for one in match.parties),
        allocations=agreed.agreed,
        account_manager_id=match.account_manager_id,
        party_id=party_id,
        channel=said.channel,
        changes=tuple(_change(old, new) for old, new in changes),
        awaited=agreed.awaited,
        consented=agreed.consented,
        expires_at=reserved_until,
    )
    return noted(Decision(agreed, ((agreed.version, event),), moves), "counter", said, party_id, before=match)


def following(match: Match, quantities: Mapping[int, Decimal]) -> dict[int, Decimal]:
    """``quantities`` and what depends on them.

    A capability counted in the unit of what it serves lends as much as that: where it did, it goes on doing so, and
    it never lends more. Raises :class:`UnknownPosition`, and ``QuantityMissing`` where only people can say how it is
    split.
    """
    known = {part.position for part in match.parts}
    for position in quantities.keys() - known:
        raise UnknownPosition(position)
    wanted = dict(quantities)
    for lending in _capabilities(match.parts):
        served = served_by(match.parts, lending[0])
        needed = _together(served, quantities)
        if not served or needed is None or any(part.position in quantities for part in lending):
            continue
        lent = _together(lending, {})
        if lent is None or lent > needed or lent == _together(served, {}):
            wanted |= _spread(lending, needed)
    return wanted


def _capabilities(parts: Sequence[Part]) -> list[list[Part]]:
    """The parts that bring one capability in one unit, together."""
    found: dict[tuple[str | None, str], list[Part]] = {}
    for part in parts:
        if part.allocation.need_line is None:
            found.setdefault((part.allocation.capability, part.allocation.unit), []).append(part)
    return list(found.values())


def _spread(lending: Sequence[Part], needed: Decimal) -> dict[int, Decimal]:
    """The last takes the difference; raises ``QuantityMissing`` where that leaves it nothing to bring."""
    *others, last = lending
    rest = needed - sum((part.allocation.quantity or Decimal(0) for part in others), Decimal(0))
    if rest <= 0:
        raise QuantityMissing([part.position for part in lending])
    return {last.position: rest}


def served_by(parts: Sequence[Part], capability: Part) -> list[Part]:
    """The parts that meet the first of the need's lines that is counted in the capability's unit."""
    same = [
        part
        for part in parts
        if part.allocation.need_line is not None and part.allocation.unit == capability.allocation.unit
    ]
    return [part for part in same if part.allocation.need_line == same[0].allocation.need_line]


def _together(parts: Sequence[Part], quantities: Mapping[int, Decimal]) -> Decimal | None:
    found = [quantities.get(part.position, part.allocation.quantity) for part in parts]
    known = [quantity for quantity in found if quantity is not None]
    return sum(known, Decimal(0)) if len(known) == len(found) else None


def _concerned(one: MatchParty, touched: set[UUID]) -> bool:
    return one.party.role != "giver" or one.party.stakeholder_id in touched


def _asked_again(one: MatchParty) -> Answer:
    return Answer(party_id=one.party.party_id)


def _yes(party_id: str, said: Said) -> Answer:
    return Answer(
        party_id=party_id,
        consent="given",
        channel=said.channel,
        note=said.note,
        decided_by=said.by,
        decided_at=said.at,
    )


def _change(old: Part, new: Part) -> QuantityChange:
    allocation = new.allocation
    return QuantityChange(
        offer_id=allocation.offer_id,
        offer_line=allocation.offer_line,
        need_line=allocation.need_line,
        stakeholder_id=allocation.stakeholder_id,
        kind=allocation.kind,
        capability=allocation.capability,
        unit=allocation.unit,
        before=old.allocation.quantity,
        after=new.quantity,
    )
