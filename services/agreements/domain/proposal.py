"""Which instrument fits a file, with reasons, and why not the others. The officer decides."""

from __future__ import annotations

from datetime import date

from contracts.values import Value
from services.agreements.domain.conditions import applies
from services.agreements.domain.file import AgreementFile
from services.agreements.domain.instruments import Criterion, Instrument, in_force
from services.agreements.domain.rules import Bilingual, Certainty


class ReasonGiven(Value):
    """One reason for or against an instrument, with its source; `weight` is what it adds to the order (or takes)."""

    code: str
    speaks_for: bool
    decisive: bool
    weight: int
    text: Bilingual
    source: str
    certainty: Certainty
    to_be_confirmed: bool


class Candidate(Value):
    """One instrument as the proposal sees it."""

    code: str
    version: int
    title: Bilingual
    applies_when: Bilingual
    fits: bool
    score: int
    to_be_confirmed: bool
    reasons: tuple[ReasonGiven, ...]


def propose(records: tuple[Instrument, ...], file: AgreementFile, today: date) -> tuple[Candidate, ...]:
    """Every instrument in force, those that fit first, the better supported before the less."""
    codes = sorted({record.code for record in records})
    found = [record for code in codes if (record := in_force(records, code, today)) is not None]
    return tuple(
        sorted((_candidate(record, file) for record in found), key=lambda one: (not one.fits, -one.score, one.code))
    )


def _candidate(record: Instrument, file: AgreementFile) -> Candidate:
    reasons = tuple(filter(None, (_reason(criterion, file) for criterion in record.applies)))
    return Candidate(
        code=record.code,
        version=record.version,
        title=record.title,
        applies_when=record.applies_when,
        # A record that says nothing about when it applies is never proposed.
        fits=bool(record.applies) and not any(one.decisive and not one.speaks_for for one in reasons),
        score=sum(
            one.weight if one.speaks_for else -one.weight for one in reasons if not one.decisive or one.speaks_for
        ),
        to_be_confirmed=record.to_be_confirmed,
        reasons=reasons,
    )


def _reason(criterion: Criterion, file: AgreementFile) -> ReasonGiven | None:
    holds = any(applies(condition, file) for condition in criterion.when)
    needed = criterion.effect == "needed"
    if not holds and not needed:
        return None
    return ReasonGiven(
        code=criterion.code,
        speaks_for=holds and criterion.effect in ("needed", "speaks_for"),
        decisive=criterion.effect in ("needed", "excludes"),
        weight=criterion.weight,
        text=criterion.text if holds else criterion.otherwise or criterion.text,
        source=criterion.source,
        certainty=criterion.certainty,
        to_be_confirmed=criterion.unconfirmed,
    )
