"""What the system checks before a file may go to review and to signature, each check with its reason."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

from contracts.values import Value
from services.agreements.domain.file import AgreementFile
from services.agreements.domain.instruments import (
    Bilingual,
    Certainty,
    Condition,
    Evidence,
    Instrument,
    LimitedTerm,
    Rule,
    Valued,
    Waiting,
)

Stage = Literal["review", "signature"]


class Check(Value):
    """One question to the file. `stage` says what an open check holds up; `pointer` says what to fill in."""

    code: str
    pointer: str
    stage: Stage
    closed: bool
    text: Bilingual
    source: str = ""
    certainty: Certainty = "A"


def checks(file: AgreementFile, instrument: Instrument | None, today: date) -> tuple[Check, ...]:
    """Every check that applies to the file, closed or open, those of the design first."""
    found = [
        _check(
            "instrument",
            "/instrument",
            file.instrument is not None and instrument is not None,
            "Scegliere lo strumento giuridico.",
            "Choose the legal instrument.",
        ),
        _check(
            "communication_plan",
            "/communication_plan",
            file.communication_plan is not None and bool(file.communication_plan.summary.strip()),
            "Concordare il piano di comunicazione prima dell'inizio.",
            "Agree the communication plan before the start.",
        ),
        _check(
            "impact_plan",
            "/impact_plan",
            file.impact_plan is not None,
            "Concordare il piano d'impatto prima dell'inizio.",
            "Agree the impact plan before the start.",
        ),
    ]
    if instrument is not None:
        found += [_of_rule(rule, file, today) for rule in instrument.rules if applies(rule.when, file)]
    return tuple(found)


def open_checks(
    file: AgreementFile, instrument: Instrument | None, today: date, stage: Stage = "signature"
) -> tuple[Check, ...]:
    """The open checks that hold the file up on its way to `stage` (those of review also hold up a signature)."""
    holding: tuple[Stage, ...] = ("review",) if stage == "review" else ("review", "signature")
    return tuple(check for check in checks(file, instrument, today) if not check.closed and check.stage in holding)


def applies(when: Condition, file: AgreementFile) -> bool:
    """Whether a rule's condition holds for the file. Values not known yet count as nothing."""
    if when.value_above_cents is not None and (file.value_cents or 0) <= when.value_above_cents:
        return False
    if when.kinds is not None and not any(allocation.kind in when.kinds for allocation in file.allocations):
        return False
    return when.expected_return is None or file.expected_return == when.expected_return


def _check(code: str, pointer: str, closed: bool, italian: str, english: str) -> Check:
    return Check(code=code, pointer=pointer, stage="review", closed=closed, text=Bilingual(it=italian, en=english))


def _of_rule(rule: Rule, file: AgreementFile, today: date) -> Check:
    pointer, stage, closed = _answer(rule, file, today)
    return Check(
        code=rule.code,
        pointer=pointer,
        stage=stage,
        closed=closed,
        text=rule.label,
        source=rule.source,
        certainty=rule.certainty,
    )


def _answer(rule: Rule, file: AgreementFile, today: date) -> tuple[str, Stage, bool]:
    match rule:
        case Evidence():
            written = any(file.terms.get(term, "").strip() for term in rule.terms)
            filed = any(document.kind in rule.documents for document in file.documents)
            pointer = f"/terms/{rule.terms[0]}" if rule.terms else f"/documents/{rule.documents[0]}"
            return pointer, "review", written or filed
        case Valued():
            known = all(allocation.value_cents is not None for allocation in file.allocations)
            return f"/terms/{rule.term}", "review", known or bool(file.terms.get(rule.term, "").strip())
        case Waiting():
            began = _day(file.terms.get(rule.term))
            return f"/terms/{rule.term}", "signature", began is not None and began + timedelta(rule.days) <= today
        case LimitedTerm():
            return "/valid_to", "review", _within(file, rule.years, today)


def _within(file: AgreementFile, years: int | None, today: date) -> bool:
    if file.valid_to is None:
        return False
    begins = file.valid_from or today
    # 29 February counts as 28 February in a year that has none.
    latest = date(begins.year + years, begins.month, min(begins.day, 28)) if years else date.max
    return begins <= file.valid_to <= latest


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
