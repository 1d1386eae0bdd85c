"""Every rule of every instrument, open and closed; the sources are in the records themselves."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from chassis.clock import new_id
from contracts.values import CommunicationPlan, ImpactPlan, SignatureEvidence
from services.agreements.domain import drafting
from services.agreements.domain.checks import checks, open_checks, required_levels
from services.agreements.domain.conditions import amount_cents
from services.agreements.domain.file import AgreementFile, FiledDocument, NoticeOnFile, Signatory
from services.agreements.domain.instruments import Condition, Evidence, Instrument, in_force
from services.agreements.domain.particulars import Risk
from services.agreements.domain.toolkit import inconsistencies
from services.agreements.tests.story import donation, giver_of
from services.agreements.tests.toolkit_table import ROWS, SWITCHED_OFF, TODAY, Row
from services.agreements.vademecum import first_records

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
VERSIONS = {(record.code, record.version): record for record in first_records()}
RECORDS = {record.code: record for record in first_records()}
"""The newest version of each."""
CASES = [(row, version) for row in ROWS for version in row.versions]
case = pytest.mark.parametrize(("row", "version"), CASES, ids=[f"{r.instrument}-{v}:{r.rule}" for r, v in CASES])


def file(instrument: str | None = None, **facts: Any) -> AgreementFile:
    """A file with both plans; `value_cents` and `kind` change its only line, other facts what is around it."""
    match = donation()
    opened = drafting.draft(match, new_id(), NOW, TODAY).file
    line = opened.allocations[0]
    line = line.model_copy(update={key: facts.pop(key) for key in ("value_cents", "kind") if key in facts})
    more: dict[str, Any] = {"communication_plan": CommunicationPlan(summary="x"), "impact_plan": ImpactPlan()}
    if "giver_type" in facts:
        more["organisation_types"] = {str(giver_of(match)): facts.pop("giver_type")}
    if "kinds_on_file" in facts:
        more["documents"] = tuple(statement(kind) for kind in facts.pop("kinds_on_file"))
    if "notice" in facts:
        counted, day = facts.pop("notice")
        more["notices"] = (NoticeOnFile(notice_id=new_id(), term=counted, published_on=day),)
    if "levels" in facts:
        more["signatories"] = tuple(signed_by(level) for level in facts.pop("levels"))
    return opened.model_copy(update={"allocations": (line,), "instrument": instrument} | more | facts)


def signed_by(level: Any) -> Signatory:
    evidence = SignatureEvidence(party_id="p", level=level, signed_at=NOW, certificate_sha256="0" * 64)
    return Signatory(party_id="p", name="P", organisation_id="o", is_city=False, evidence=evidence)


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


def test_every_rule_of_every_version_has_its_row_in_the_table() -> None:
    ruled = {(record.code, record.version, rule.code) for record in VERSIONS.values() for rule in record.rules}
    rows = {(row.instrument, version, row.rule) for row, version in CASES}
    assert ruled == rows | set(SWITCHED_OFF)
    assert len(CASES) == len(rows)


@case
def test_each_rule_is_open_without_and_closed_with_what_it_asks_for(row: Row, version: int) -> None:
    record = VERSIONS[row.instrument, version]
    bare = {check.code: check for check in checks(file(row.instrument, **row.facts), record, TODAY)}[row.rule]
    assert bare.closed == (not row.closes)
    for closing in row.closes:
        closed = file(row.instrument, **row.facts | closing)
        assert {check.code: check for check in checks(closed, record, TODAY)}[row.rule].closed, closing


@case
def test_each_rule_says_its_source_how_sure_it_is_and_what_it_holds_up(row: Row, version: int) -> None:
    record = VERSIONS[row.instrument, version]
    of = file(row.instrument, **row.facts)
    check = {check.code: check for check in checks(of, record, TODAY)}[row.rule]
    assert check.source.startswith(row.source)
    assert (check.certainty, check.severity, check.stage) == (row.certainty, row.severity, row.stage)
    assert check.to_be_confirmed == (row.certainty == "C")
    assert check.overridable == (row.severity == "block" and version not in row.firm)
    assert (check.firm_because is not None) == (version in row.firm)
    assert (row.rule in codes(of, record)) == (row.severity == "block" and bool(row.closes))
    assert (row.rule in codes(of, record, "review")) == (row.severity == "block" and row.stage == "review")


@case
def test_a_rule_with_a_condition_does_not_apply_outside_it(row: Row, version: int) -> None:
    record = VERSIONS[row.instrument, version]
    conditional = next(rule for rule in record.rules if rule.code == row.rule).when != Condition()
    assert conditional == (row.elsewhere is not None)
    if row.elsewhere is not None:
        elsewhere = file(row.instrument, **row.facts | row.elsewhere)
        assert row.rule not in {check.code for check in checks(elsewhere, record, TODAY)}


@pytest.mark.parametrize("key", SWITCHED_OFF, ids=lambda key: key[2])
def test_a_rule_that_is_off_says_why_and_asks_for_nothing(key: tuple[str, int, str]) -> None:
    record = VERSIONS[key[0], key[1]]
    rule = next(rule for rule in record.rules if rule.code == key[2])
    assert not rule.enabled
    assert rule.off_because
    assert (rule.source.startswith(SWITCHED_OFF[key][0]), rule.certainty) == (True, SWITCHED_OFF[key][1])
    assert key[2] not in {check.code for check in checks(file(key[0], value_cents=10**9), record, TODAY)}


@pytest.mark.parametrize("record", VERSIONS.values(), ids=[f"{code}-{version}" for code, version in VERSIONS])
def test_a_record_only_names_what_it_defines(record: Instrument) -> None:
    terms = {term.code for term in record.terms}
    documents = {kind.code for kind in record.documents}
    rules = {rule.code for rule in record.rules}
    assert not list(inconsistencies(record))
    for rule in record.rules:
        named = set(rule.terms) if isinstance(rule, Evidence) else {getattr(rule, "term", None)} - {None}
        assert named <= terms
        assert set(getattr(rule, "documents", ())) <= documents
        assert rule.overridable or rule.firm_because is not None
    for step in record.steps:
        assert set(step.done_when) <= rules
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
    days = {"valid_from": date(2026, 1, 1), "valid_to": date(2056, 1, 1)}
    lasting = file(record.code, giver_type="association", **days)
    assert "third_sector_term" not in codes(lasting, record)
    assert "third_sector_term" in codes(lasting.model_copy(update={"valid_to": date(2056, 1, 2)}), record)


def test_a_declared_value_counts_for_the_thresholds_and_has_to_be_an_amount() -> None:
    """Art. 134 c. 4 D.Lgs. 36/2023: the threshold cannot be got round by leaving the lines without a value."""
    record = RECORDS["sponsorizzazione"]
    declared = file(record.code, value_cents=None, terms={"declared_value": "40.000,01 euro"})
    assert "public_notice_period" in codes(declared, record)
    assert "value" not in codes(declared, record)
    assert "value" in codes(declared.model_copy(update={"terms": {"declared_value": "molto"}}), record)


@pytest.mark.parametrize(
    ("text", "cents"),
    [("40.000,50", 4_000_050), ("40,000.50", 4_000_050), ("40000", 4_000_000), ("€ 1.5", 150), ("1,5 euro", 150),
     ("40.000", 4_000_000), ("circa mille", None), ("", None), ("12.34.5", None), ("9" * 15, None)],
)  # fmt: skip
def test_an_amount_is_read_as_people_write_it(text: str, cents: int | None) -> None:
    assert amount_cents(text) == cents


def test_the_sponsor_is_looked_at_for_each_excluded_subject() -> None:
    """The vademecum's list: political, religious, tobacco, spirits, pornography, weapons, offensive."""
    record = RECORDS["sponsorizzazione"]
    check = next(one for one in checks(file(record.code), record, TODAY) if one.code == "excluded_subjects")
    assert {item.code for item in check.items} == {
        "political", "religious", "tobacco", "spirits", "pornography", "weapons", "offensive",
    }  # fmt: skip


def test_the_city_s_own_warehouse_is_no_giver() -> None:
    """Goods that a department of the city moves about are no gift to be listed."""
    record = RECORDS["donazione"]
    own = file(record.code, kind="goods", value_cents=None, giver_type="department")
    assert not {"item_list", "delivery_record"} & {check.code for check in checks(own, record, TODAY)}


def test_what_the_city_learned_to_agree_beforehand_warns_and_holds_nothing_up() -> None:
    """Integrated action plan, part 2f: shared responsibilities, a timeline, risks with mitigation."""
    record = RECORDS["donazione"]
    bare = file(record.code)
    warned = {check.code for check in checks(bare, record, TODAY) if check.severity == "warning" and not check.closed}
    assert {"responsibilities", "timeline", "risks"} <= warned
    assert not warned & codes(bare, record)
    high = Risk(kind="political", text="x", level="high")
    open_risks = next(one for one in checks(file(record.code, risks=(high,)), record, TODAY) if one.code == "risks")
    assert not open_risks.closed
    eased = high.model_copy(update={"mitigation": "y"})
    assert next(one for one in checks(file(record.code, risks=(eased,)), record, TODAY) if one.code == "risks").closed


def test_only_these_levels_of_signature_count_between_public_bodies() -> None:
    """Art. 15 c. 2-bis L. 241/1990."""
    record = RECORDS["accordo_di_collaborazione"]
    assert required_levels(file(record.code, giver_type="public_body"), record) == {"advanced", "qualified"}
    assert required_levels(file(record.code, giver_type="company"), record) is None
    assert required_levels(file(), None) is None


def test_the_words_of_a_rule_carry_the_record_s_own_numbers() -> None:
    rule = next(one for one in RECORDS["sponsorizzazione"].rules if one.code == "public_notice_period")
    assert "40.000 euro" in rule.wording.it
    assert "40,000 EUR" in rule.wording.en
    assert "30 giorni" in rule.wording.it


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
