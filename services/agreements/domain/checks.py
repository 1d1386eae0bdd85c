"""What the system checks before a file may go to review and to signature, each check with its reason."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

from pydantic import computed_field

from contracts.values import Value
from services.agreements.domain.conditions import amount_cents, outside_lines
from services.agreements.domain.conditions import applies as applies
from services.agreements.domain.file import AgreementFile
from services.agreements.domain.instruments import Instrument
from services.agreements.domain.legibility import illegible
from services.agreements.domain.particulars import Override
from services.agreements.domain.rules import (
    Bilingual,
    Certainty,
    Evidence,
    Item,
    Level,
    LimitedTerm,
    Rule,
    Severity,
    SignatureForm,
    Valued,
    Waiting,
)

Stage = Literal["review", "signature"]
ACTION_PLAN = "Integrated Action Plan, Milano (CITIES4CSR), part 2f"
PDF_A = "ISO 19005-2 (PDF/A-2b)"


class Check(Value):
    """One question to the file. `stage` says what an open check holds up; `pointer` says what to fill in."""

    code: str
    pointer: str
    stage: Stage
    closed: bool
    text: Bilingual
    source: str = ""
    certainty: Certainty = "A"
    severity: Severity = "block"
    overridable: bool = False
    firm_because: Bilingual | None = None
    """Why nobody may set it aside."""
    override: Override | None = None
    items: tuple[Item, ...] = ()

    @computed_field  # type: ignore[prop-decorator]
    @property
    def settled(self) -> bool:
        """It holds nothing up: closed, set aside, or only a warning."""
        return self.closed or self.override is not None or self.severity == "warning"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def to_be_confirmed(self) -> bool:
        """Not verified: to be confirmed by the Legal Office."""
        return self.certainty == "C"


def checks(file: AgreementFile, instrument: Instrument | None, today: date) -> tuple[Check, ...]:
    """Every check that applies to the file, closed or open: those of the design, the instrument's, then warnings."""
    rules = [rule for rule in instrument.rules if rule.enabled and applies(rule.when, file)] if instrument else []
    own = (_of_rule(rule, file, today) for rule in rules)
    return (*_of_design(file, instrument), *own, *_of_action_plan(file), *_of_lettering(file))


def open_checks(
    file: AgreementFile, instrument: Instrument | None, today: date, stage: Stage = "signature"
) -> tuple[Check, ...]:
    """The checks that hold the file up on its way to `stage` (those of review also hold up a signature)."""
    holding: tuple[Stage, ...] = ("review",) if stage == "review" else ("review", "signature")
    return tuple(check for check in checks(file, instrument, today) if not check.settled and check.stage in holding)


def required_levels(file: AgreementFile, instrument: Instrument | None) -> frozenset[Level] | None:
    """The only levels of signature that count for this file; None when every level does.

    Leaves out rules that are off, do not apply, or were set aside.
    """
    rules = instrument.rules if instrument else ()
    forms = [
        rule
        for rule in rules
        if isinstance(rule, SignatureForm)
        and rule.enabled
        and rule.severity == "block"
        and applies(rule.when, file)
        and standing_override(file, rule.code) is None
    ]
    return frozenset.intersection(*(frozenset(rule.levels) for rule in forms)) if forms else None


def standing_override(file: AgreementFile, check: str) -> Override | None:
    """The override of a check, as long as it stands and the file keeps the instrument it was made under."""
    pinned = (file.instrument, file.instrument_version)
    return next(
        (
            one
            for one in file.overrides
            if one.check == check and one.stands and (one.instrument, one.instrument_version) == pinned
        ),
        None,
    )


def _of_design(file: AgreementFile, instrument: Instrument | None) -> tuple[Check, ...]:
    """What every file needs, whatever its instrument."""
    chosen = file.instrument is not None and instrument is not None
    plan = file.communication_plan
    return (
        _check("instrument", chosen, "Scegliere lo strumento giuridico.", "Choose the legal instrument."),
        _check(
            "communication_plan",
            plan is not None and bool(plan.summary.strip()),
            "Concordare il piano di comunicazione prima dell'inizio.",
            "Agree the communication plan before the start.",
        ),
        _check(
            "impact_plan",
            file.impact_plan is not None,
            "Concordare il piano d'impatto prima dell'inizio.",
            "Agree the impact plan before the start.",
        ),
    )


def _of_action_plan(file: AgreementFile) -> tuple[Check, ...]:
    """What the city learned to agree beforehand; good practice, so it warns and holds nothing up."""
    high = [risk for risk in file.risks if risk.level == "high" and not (risk.mitigation or "").strip()]
    return (
        _warning(
            "responsibilities",
            bool(file.responsibilities),
            "Scrivere ruoli e responsabilità di ogni parte.",
            "Write down the roles and responsibilities of every party.",
        ),
        _warning(
            "timeline",
            bool(file.milestones),
            "Concordare un calendario con le tappe e chi ne risponde.",
            "Agree a timeline with its steps and who answers for them.",
        ),
        _warning(
            "risks",
            bool(file.risks) and not high,
            "Indicare i rischi; per quelli alti, che cosa si fa per ridurli.",
            "Name the risks; for the high ones, what is done about them.",
        ),
    )


def _of_lettering(file: AgreementFile) -> tuple[Check, ...]:
    """Only there when something is lost: whoever reads it may have a title changed where it was written."""
    found = illegible(file)
    if found is None:
        return ()
    field, text = found
    return (
        _warning("lettering", False, text.it, text.en).model_copy(update={"pointer": f"/{field}", "source": PDF_A}),
    )


def _check(code: str, closed: bool, italian: str, english: str) -> Check:
    return Check(
        code=code,
        pointer=f"/{code}",
        stage="review",
        closed=closed,
        text=Bilingual(it=italian, en=english),
        firm_because=Bilingual(
            it="Senza non c'è che cosa firmare né che cosa misurare.",
            en="Without it there is nothing to sign and nothing to measure.",
        ),
    )


def _warning(code: str, closed: bool, italian: str, english: str) -> Check:
    text = Bilingual(it=italian, en=english)
    return Check(
        code=code,
        pointer=f"/{code}",
        stage="review",
        closed=closed,
        text=text,
        source=ACTION_PLAN,
        severity="warning",
    )


def _of_rule(rule: Rule, file: AgreementFile, today: date) -> Check:
    pointer, stage, closed = _answer(rule, file, today)
    blocks = rule.severity == "block"
    return Check(
        code=rule.code,
        pointer=pointer,
        stage=stage,
        closed=closed,
        text=rule.wording,
        source=rule.source,
        certainty=rule.certainty,
        severity=rule.severity,
        overridable=rule.overridable and blocks,
        firm_because=rule.firm_because,
        override=standing_override(file, rule.code) if rule.overridable and blocks and not closed else None,
        items=rule.items if isinstance(rule, Evidence) else (),
    )


def _answer(rule: Rule, file: AgreementFile, today: date) -> tuple[str, Stage, bool]:
    match rule:
        case Evidence():
            there = (
                _written(file, *rule.terms)
                or _filed(file, rule.documents)
                or ("valid_to" in rule.fields and file.valid_to is not None)
                or (rule.by_notice and _announced(rule, file, today))
            )
            return _pointer(rule), "review", there
        case Valued():
            lines = [one for one in outside_lines(file) if rule.of_kinds is None or one.kind in rule.of_kinds]
            known = all(one.value_cents is not None for one in lines)
            declared = rule.term is not None and _declared(file.terms.get(rule.term, ""), rule.numeric)
            pointer = f"/terms/{rule.term}" if rule.term else _documents_pointer(rule.documents)
            return pointer, "review", known or declared or _filed(file, rule.documents)
        case Waiting(days=0):
            # Nothing to wait for: the service itself publishes the act before it takes effect.
            return f"/terms/{rule.term}", "signature", True
        case Waiting():
            ends = waits_until(rule, file)
            return f"/terms/{rule.term}", "signature", ends is not None and ends <= today
        case LimitedTerm():
            return "/valid_to", "review", _within(file, rule.years, today)
        case SignatureForm():
            given = [one.evidence.level for one in file.signatories if one.evidence is not None]
            return "/signatories", "signature", all(level in (*rule.levels, "development") for level in given)


def waits_until(rule: Waiting, file: AgreementFile) -> date | None:
    """The first day on which the file may be signed; None as long as the waiting has not begun."""
    began = file.notice_day(rule.term) or _day(file.terms.get(rule.term))
    return began + timedelta(rule.days) if began is not None else None


def _pointer(rule: Evidence) -> str:
    if rule.terms:
        return f"/terms/{rule.terms[0]}"
    return _documents_pointer(rule.documents) if rule.documents else f"/{rule.fields[0]}"


def _documents_pointer(kinds: tuple[str, ...]) -> str:
    return f"/documents/{kinds[0]}" if kinds else "/allocations"


def _declared(text: str, numeric: bool) -> bool:
    return amount_cents(text) is not None if numeric else bool(text.strip())


def _announced(rule: Evidence, file: AgreementFile, today: date) -> bool:
    days = [file.notice_day(term) for term in rule.terms]
    return any(day is not None and day <= today for day in days)


def _written(file: AgreementFile, *terms: str) -> bool:
    return any(file.terms.get(term, "").strip() for term in terms)


def _filed(file: AgreementFile, kinds: tuple[str, ...]) -> bool:
    return any(document.kind in kinds for document in file.documents)


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
