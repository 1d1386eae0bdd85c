"""What other services are told of the toolkit: when an instrument can be used at all, and from which day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from contracts.events.agreements import Bilingual, DecisiveCriterion, InstrumentCondition, InstrumentRecord
from services.agreements.domain import rules
from services.agreements.domain.instruments import Criterion, Instrument

Records = tuple[InstrumentRecord, ...]


def told_of(versions: Sequence[Instrument], today: date) -> Records:
    """Of the versions of one instrument that count: the one in force today and those to come, in their order."""
    return standing(tuple(_record(one) for one in versions), today)


def standing(records: Records, today: date) -> Records:
    """The records without those that others have taken the place of by today."""
    ordered = sorted(records, key=lambda one: (one.valid_from, one.number))
    begun = [one for one in ordered if one.valid_from <= today]
    return tuple(begun[-1:] + [one for one in ordered if one.valid_from > today])


def is_news(told: Records, now: Records, today: date) -> bool:
    """Whether ``now`` says anything that whoever was ``told`` would not work out by the calendar."""
    return standing(told, today) != now


def _record(one: Instrument) -> InstrumentRecord:
    return InstrumentRecord(
        number=one.version,
        valid_from=one.valid_from,
        title=_words(one.title),
        source=one.source,
        certainty=one.certainty,
        criteria=tuple(found for criterion in one.applies if (found := _criterion(criterion)) is not None),
    )


def _criterion(one: Criterion) -> DecisiveCriterion | None:
    """None for what only puts instruments in their order."""
    if one.effect != "needed" and one.effect != "excludes":
        return None
    return DecisiveCriterion(
        code=one.code,
        effect=one.effect,
        when=tuple(InstrumentCondition(**condition.model_dump()) for condition in one.when),
        text=_words(one.text),
        otherwise=_words(one.otherwise) if one.otherwise else None,
        source=one.source,
        certainty=one.certainty,
    )


def _words(one: rules.Bilingual) -> Bilingual:
    return Bilingual(it=one.it, en=one.en)
