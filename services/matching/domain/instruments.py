"""Whether a legal instrument could ever be used for what is proposed, by the rules that the Legal Office publishes.

Three-valued: what nobody can know before there is a file never excludes. A match may be divided into several
agreements, so a set is refused only when one of its lines could be in none, with whatever others of the set.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from contracts.events.agreements import DecisiveCriterion, InstrumentCondition, InstrumentRecord
from contracts.values import ResourceKind, StakeholderType
from services.matching.domain.city_time import city_day

CITY_ITSELF = "department"
_MOST_REMEMBERED = 5000
Line = tuple[UUID, ResourceKind, int | None]
"""Who gives what kind of resource, and its value in cents when known."""
_Between = tuple[frozenset[UUID], frozenset[UUID]]
"""Those that take part for sure, and all that may."""


@dataclass(frozen=True, slots=True)
class Deal:
    """What would be agreed. ``kinds`` are those of organisations that are known; ``partners`` are by giver."""

    lines: Sequence[Line]
    kinds: Mapping[UUID, StakeholderType | None]
    partners: Mapping[UUID, frozenset[UUID]]
    receivers: frozenset[UUID]
    expected: Literal["none", "visibility"]

    @property
    def givers(self) -> frozenset[UUID]:
        return frozenset(line[0] for line in self.lines)

    def behind(self, givers: frozenset[UUID]) -> frozenset[UUID]:
        """The partners of these givers."""
        return frozenset(one for giver in givers for one in self.partners.get(giver, ()))


@dataclass(frozen=True, slots=True)
class Among:
    """Kinds that are there for ``sure`` and those that ``may`` be; ``unknown``: there may be anything else, too."""

    sure: frozenset[str]
    may: frozenset[str]
    unknown: bool = False

    def some(self, wanted: frozenset[str]) -> bool | None:
        """Whether one of the ``wanted`` is there; None = nobody knows yet."""
        if self.sure & wanted:
            return True
        return None if self.unknown or self.may & wanted else False

    def only(self, wanted: frozenset[str]) -> bool | None:
        """Whether there is something and all of it is ``wanted``."""
        if self.sure - wanted:
            return False
        if not self.unknown and self.sure and self.may <= wanted:
            return True
        return None if self.unknown or self.may & wanted else False


@dataclass(frozen=True, slots=True)
class Facts:
    """What conditions look at. ``passed`` is the highest threshold that the value is above for sure, -1 = none."""

    kinds: Among
    organisations: Among
    parties: Among
    givers: Among
    at_least: int
    at_most: int | None
    expected: Literal["none", "visibility"] | None
    passed: int = -1


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition ready to be asked."""

    above: int | None
    expected: str | None
    organisations: int | None
    asks: tuple[tuple[str, str, frozenset[str]], ...]

    @classmethod
    def of(cls, one: InstrumentCondition) -> Condition:
        wanted = (
            ("kinds", "some", one.kinds),
            ("kinds", "only", one.only_kinds),
            ("organisations", "some", one.party_types),
            ("parties", "only", one.only_party_types),
            ("givers", "some", one.giver_types),
        )
        asks = tuple((what, how, frozenset(each)) for what, how, each in wanted if each is not None)
        return cls(one.value_above_cents, one.expected_return, one.organisations_at_least, asks)

    def holds(self, facts: Facts) -> bool | None:
        answers = list(self._answers(facts))
        if False in answers:
            return False
        return None if None in answers else True

    def _answers(self, facts: Facts) -> Iterator[bool | None]:
        if self.above is not None:
            # What is worth less may still be declared at more in the file.
            yield True if facts.passed >= self.above else None
        if self.expected is not None:
            yield None if facts.expected is None else facts.expected == self.expected
        if self.organisations is not None:
            enough = facts.at_most is None or facts.at_most >= self.organisations
            yield True if facts.at_least >= self.organisations else (None if enough else False)
        for what, how, wanted in self.asks:
            found: bool | None = getattr(getattr(facts, what), how)(wanted)
            yield found


@dataclass(frozen=True, slots=True)
class Instrument:
    """A version in force, ready to be asked."""

    code: str
    record: InstrumentRecord
    criteria: tuple[tuple[DecisiveCriterion, tuple[Condition, ...]], ...]

    @classmethod
    def of(cls, code: str, record: InstrumentRecord) -> Instrument:
        each = ((one, tuple(Condition.of(condition) for condition in one.when)) for one in record.criteria)
        return cls(code, record, tuple(each))

    def failing(self, facts: Facts) -> list[DecisiveCriterion]:
        """The criteria for which the instrument cannot be used, for sure."""
        return [one for one, when in self.criteria if _any(when, facts) is (one.effect == "excludes")]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The instruments that are possible; or the nearest one and why it is not."""

    possible: tuple[Instrument, ...]
    nearest: tuple[Instrument, DecisiveCriterion] | None = None


@dataclass(frozen=True, slots=True)
class InForce:
    """The instruments of one day. A city of which nothing is known yet has none, and everything passes."""

    instruments: tuple[Instrument, ...] = ()
    thresholds: tuple[int, ...] = ()
    _remembered: dict[Facts, Verdict] = field(default_factory=dict, compare=False, repr=False)

    def judge(self, facts: Facts) -> Verdict:
        """Which instruments are possible. Deals are much alike: each kind is judged once."""
        found = self._remembered.get(facts)
        if found is None:
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            found = self._remembered[facts] = self._judged(facts)
        return found

    def _judged(self, facts: Facts) -> Verdict:
        failing = [(one, one.failing(facts)) for one in self.instruments]
        possible = tuple(one for one, reasons in failing if not reasons)
        if possible or not failing:
            return Verdict(possible)
        one, reasons = min(failing, key=lambda found: (len(found[1]), -len(found[0].criteria), found[0].code))
        return Verdict((), (one, reasons[0]))

    def possible(self, deal: Deal) -> tuple[Instrument, ...]:
        """The instruments that could be used for all of it, as one agreement."""
        return self.judge(self.whole(deal)).possible

    def refusal(self, deal: Deal) -> Verdict | None:
        """Why there is no instrument for it, not even in several agreements; None when there is."""
        if not (self.instruments and deal.lines):
            return None
        whole = self.judge(self.whole(deal))
        if whole.possible:
            return None
        others = [line for line in deal.lines if deal.kinds.get(line[0]) != CITY_ITSELF]
        if len(deal.lines) == 1 or not others:
            return whole
        parts = (self.judge(self._part(deal, line)) for line in others)
        return next((one for one in parts if not one.possible), None)

    def whole(self, deal: Deal) -> Facts:
        """All of it as one agreement: only what nobody has said of an organisation is not known."""
        givers = deal.givers
        everybody = givers | deal.behind(givers) | deal.receivers
        return self._facts(deal, deal.lines, (givers, givers), (everybody, everybody))

    def _part(self, deal: Deal, line: Line) -> Facts:
        """Any agreement of the match that this line is in, alone or with others; receivers are in it or not."""
        giver, givers = frozenset({line[0]}), deal.givers
        return self._facts(
            deal,
            (line,),
            (giver, givers),
            (giver | deal.behind(giver), givers | deal.behind(givers) | deal.receivers),
        )

    def _facts(self, deal: Deal, lines: Sequence[Line], givers: _Between, organisations: _Between) -> Facts:
        sure, may = organisations
        there = deal.receivers if sure is may else frozenset()  # of an agreement on a part of it nobody knows
        known = [one for one in sure if deal.kinds.get(one) not in (None, CITY_ITSELF)]
        return Facts(
            kinds=_resources(deal, lines),
            organisations=_among(deal, sure, may),
            parties=_among(deal, givers[0] | there, givers[1] | deal.receivers),
            givers=_among(deal, *givers),
            at_least=len(known),
            at_most=sum(deal.kinds.get(one) != CITY_ITSELF for one in may),
            expected=deal.expected,
            passed=self._passed(deal, givers[0]),
        )

    def _passed(self, deal: Deal, givers: frozenset[UUID]) -> int:
        """By what these givers give in all: a division gets nobody below a threshold."""
        if not self.thresholds:
            return -1
        worth = sum(cents or 0 for giver, _, cents in deal.lines if giver in givers)
        return max((one for one in self.thresholds if worth > one), default=-1)


@dataclass(frozen=True, slots=True)
class Toolkit:
    """What was published of every instrument of a city, by its code; ``awaited`` while some are still to come: what
    those that are there refuse, another might allow."""

    records: Mapping[str, Sequence[InstrumentRecord]] = field(default_factory=dict)
    awaited: bool = False
    _days: dict[date, InForce] = field(default_factory=dict, compare=False, repr=False)

    def at(self, now: datetime) -> InForce:
        """The instruments in force at a moment: a version counts from the beginning of a day in the city."""
        day = city_day(now)
        if day not in self._days:
            self._days.clear()
            self._days[day] = self._on(day)
        return self._days[day]

    def _on(self, day: date) -> InForce:
        if self.awaited:
            return InForce((), ())
        found = [
            Instrument.of(code, record)
            for code in sorted(self.records)
            if (record := in_force(self.records[code], day)) is not None
        ]
        conditions = [condition for one in found for _, when in one.criteria for condition in when]
        return InForce(tuple(found), tuple(sorted({one.above for one in conditions if one.above is not None})))


UNKNOWN = Toolkit()
"""Nothing was published yet."""


def in_force(records: Sequence[InstrumentRecord], day: date) -> InstrumentRecord | None:
    """The newest that has begun."""
    begun = [one for one in records if one.valid_from <= day]
    return max(begun, key=lambda one: (one.valid_from, one.number), default=None)


def _any(when: Sequence[Condition], facts: Facts) -> bool | None:
    answers = [one.holds(facts) for one in when]
    if True in answers:
        return True
    return None if None in answers else False


def _resources(deal: Deal, lines: Sequence[Line]) -> Among:
    """Kinds of resources that others than the city itself give; whoever is not known may be the city."""
    sure = frozenset(kind for giver, kind, _ in lines if deal.kinds.get(giver) not in (None, CITY_ITSELF))
    return Among(sure, frozenset(kind for giver, kind, _ in deal.lines if deal.kinds.get(giver) != CITY_ITSELF))


def _among(deal: Deal, sure: frozenset[UUID], may: frozenset[UUID]) -> Among:
    possible = {deal.kinds.get(one) for one in may}
    known = frozenset(kind for kind in possible if kind is not None and kind != CITY_ITSELF)
    if sure is may or sure == may:
        return Among(known, known, None in possible)
    there = {deal.kinds.get(one) for one in sure}
    return Among(frozenset(kind for kind in there if kind is not None and kind in known), known, None in possible)
