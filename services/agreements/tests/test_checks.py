"""Every rule of every instrument, open and closed; the sources are in the records themselves."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from chassis.clock import new_id
from contracts.values import CommunicationPlan, ImpactPlan
from services.agreements.domain import drafting
from services.agreements.domain.checks import checks, open_checks
from services.agreements.domain.file import AgreementFile, FiledDocument
from services.agreements.domain.instruments import Evidence, Instrument, LimitedTerm, Valued, Waiting, in_force
from services.agreements.tests.story import donation
from services.agreements.vademecum import first_records

pytestmark = pytest.mark.unit

TODAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
RECORDS = {record.code: record for record in first_records()}
RULES = [(record, rule) for record in RECORDS.values() for rule in record.rules]


def file(instrument: str | None = None, **more: Any) -> AgreementFile:
    """A file with both plans; `value` and `kind` change its only line."""
    opened = drafting.draft(donation(), new_id(), NOW, TODAY).file
    line = opened.allocations[0]
    line = line.model_copy(update={key: more.pop(key) for key in ("value_cents", "kind") if key in more})
    plans = {"communication_plan": CommunicationPlan(summary="x"), "impact_plan": ImpactPlan()}
    return opened.model_copy(update={"allocations": (line,), "instrument": instrument} | plans | more)


def codes(of: AgreementFile, record: Instrument, stage: Any = "signature", today: date = TODAY) -> set[str]:
    return {check.code for check in open_checks(of, record, today, stage)}


def statement(kind: str) -> FiledDocument:
    return FiledDocument(document_id=new_id(), kind=kind, title="t", text="t", added_at=NOW, added_by="a")


def test_there_are_the_seven_instruments_of_the_vademecum() -> None:
    assert set(RECORDS) == {
        "sponsorizzazione",
        "donazione",
        "concessione_comodato",
        "patto_di_collaborazione",
        "accordo_di_collaborazione",
        "accordo_di_partenariato",
        "accordo_di_co_produzione",
    }
    assert RECORDS["accordo_di_co_produzione"].to_be_confirmed


@pytest.mark.parametrize(("record", "rule"), RULES, ids=[f"{r.code}:{rule.code}" for r, rule in RULES])
def test_each_rule_is_open_without_and_closed_with_its_evidence(record: Instrument, rule: Any) -> None:
    kind = rule.when.kinds[0] if rule.when.kinds else "goods"
    value = (rule.when.value_above_cents or 0) + 1
    bare = file(record.code, kind=kind, value_cents=None if isinstance(rule, Valued) else value)
    if isinstance(rule, Waiting) and rule.days == 0:
        assert rule.code not in codes(bare, record)  # the service publishes it itself
        return
    assert rule.code in codes(bare, record)
    for closing in closings(rule):
        assert rule.code not in codes(bare.model_copy(update=closing), record), closing


def closings(rule: Any) -> list[dict[str, Any]]:
    match rule:
        case Evidence():
            terms = [{"terms": {term: "scritto"}} for term in rule.terms]
            return terms + [{"documents": (statement(kind),)} for kind in rule.documents]
        case Valued():
            return [{"terms": {rule.term: "1000"}}]
        case Waiting():
            return [{"terms": {rule.term: (TODAY - timedelta(rule.days)).isoformat()}}]
        case LimitedTerm():
            return [{"valid_to": TODAY + timedelta(365)}]
    raise AssertionError(rule)


@pytest.mark.parametrize(("record", "rule"), RULES, ids=[f"{r.code}:{rule.code}" for r, rule in RULES])
def test_a_rule_with_a_condition_does_not_apply_outside_it(record: Instrument, rule: Any) -> None:
    if rule.when.value_above_cents is not None:
        below = file(record.code, value_cents=rule.when.value_above_cents)
        assert rule.code not in {check.code for check in checks(below, record, TODAY)}
    if rule.when.kinds is not None:
        other = file(record.code, kind="volunteering")
        assert rule.code not in {check.code for check in checks(other, record, TODAY)}


@pytest.mark.parametrize("record", RECORDS.values(), ids=str(list(RECORDS)).strip("[]").replace("'", "").split(", "))
def test_a_record_only_names_what_it_defines(record: Instrument) -> None:
    terms = {term.code for term in record.terms}
    documents = {kind.code for kind in record.documents}
    for rule in record.rules:
        named = set(rule.terms) if isinstance(rule, Evidence) else {getattr(rule, "term", None)} - {None}
        assert named <= terms
        assert set(getattr(rule, "documents", ())) <= documents
    for clause in record.clauses:
        for text in (clause.text.it, clause.text.en):
            assert set(re.findall(r"\{([a-z0-9_]+)\}", text)) <= terms


def test_a_public_notice_holds_up_the_signature_for_thirty_days_but_not_the_review() -> None:
    """Art. 134 c. 4 D.Lgs. 36/2023: above 40,000 EUR a prior public notice."""
    record = RECORDS["sponsorizzazione"]
    published = file(record.code, value_cents=4_000_001, terms={"public_notice_on": "2026-11-01"})
    assert "public_notice_period" not in codes(published, record, "review")
    assert "public_notice_period" in codes(published, record, today=date(2026, 11, 30))
    assert "public_notice_period" not in codes(published, record, today=date(2026, 12, 1))
    assert "public_notice_period" in codes(published.model_copy(update={"terms": {"public_notice_on": "?"}}), record)


def test_a_loan_for_use_lasts_at_most_thirty_years() -> None:
    """Art. 71 D.Lgs. 117/2017."""
    record = RECORDS["concessione_comodato"]
    lasting = file(record.code, valid_from=date(2026, 1, 1), valid_to=date(2056, 1, 1))
    assert "certain_term" not in codes(lasting, record)
    assert "certain_term" in codes(lasting.model_copy(update={"valid_to": date(2056, 1, 2)}), record)


def test_the_plans_are_asked_for_before_everything_else() -> None:
    bare = file(communication_plan=None, impact_plan=None)
    assert [check.pointer for check in open_checks(bare, None, TODAY, "review")] == [
        "/instrument",
        "/communication_plan",
        "/impact_plan",
    ]


def test_a_new_version_counts_from_its_day_on() -> None:
    first = RECORDS["donazione"]
    second = first.model_copy(update={"version": 2, "valid_from": date(2027, 1, 1)})
    assert in_force((first, second), "donazione", date(2026, 12, 31)) == first
    assert in_force((first, second), "donazione", date(2027, 1, 1)) == second
    assert in_force((first, second), "donazione", date(2025, 1, 1)) is None


def test_the_value_of_a_file_is_the_sum_of_what_is_known() -> None:
    opened = file(value_cents=5)
    line = opened.allocations[0]
    several = opened.model_copy(update={"allocations": (line, line, line.model_copy(update={"value_cents": None}))})
    assert several.value_cents == 10
    assert file(value_cents=None).value_cents is None
    assert line.quantity == Decimal(3000)
