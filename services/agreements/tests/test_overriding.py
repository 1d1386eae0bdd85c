"""Setting an open check aside: who may, which may be, what stays."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from chassis.clock import new_id
from contracts.values import CommunicationPlan, ImpactPlan
from services.agreements.domain import drafting, signing
from services.agreements.domain.checks import checks, open_checks
from services.agreements.domain.commands import ChooseInstrument, SetAside, TakeBack
from services.agreements.domain.file import AgreementFile
from services.agreements.domain.overriding import set_aside, take_back
from services.agreements.domain.refusals import ChecksOpen, Invalid, NotPossible
from services.agreements.domain.states import State
from services.agreements.tests.story import DONATION_TERMS, donation
from services.agreements.vademecum import first_records

pytestmark = pytest.mark.unit

TODAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
RECORDS = {(record.code, record.version): record for record in first_records()}
PACT, GIFT = RECORDS["patto_di_collaborazione", 2], RECORDS["donazione", 2]
WHY = "Polizza quadro del Comune già in vigore"
WRITTEN = {
    "shared_place": "a",
    "duration": "b",
    "monitoring": "c",
    "withdrawal": "d",
    "gifts": "e",
    "transparency": "f",
}


def file(**more: Any) -> AgreementFile:
    """A pact in which only the insurance is missing."""
    opened = drafting.draft(donation(), new_id(), NOW, TODAY).file
    plans = {"communication_plan": CommunicationPlan(summary="x"), "impact_plan": ImpactPlan()}
    command = ChooseInstrument(instrument=PACT.code, terms=WRITTEN)
    return drafting.choose_instrument(opened.model_copy(update=plans | more), command, PACT).file


def aside(of: AgreementFile, check: str = "insurance", record: Any = PACT) -> AgreementFile:
    return set_aside(of, record, check, WHY, by="legal-1", now=NOW, today=TODAY).file


def test_an_open_check_is_set_aside_with_its_mark_and_the_file_goes_on() -> None:
    before = file()
    with pytest.raises(ChecksOpen):
        drafting.submit(before, PACT, "guide", TODAY)
    after = aside(before)
    mark = after.overrides[0]
    assert (mark.check, mark.reason, mark.by, mark.role, mark.at) == ("insurance", WHY, "legal-1", "legal", NOW)
    check = next(one for one in checks(after, PACT, TODAY) if one.code == "insurance")
    assert not check.closed
    assert check.settled
    assert check.override == mark
    submitted = drafting.submit(after, PACT, "guide", TODAY).file
    assert signing.may_be_approved(submitted, PACT, TODAY) == PACT


def test_an_override_is_taken_back_and_both_marks_stay() -> None:
    back = take_back(aside(file()), "insurance", "La polizza è scaduta", by="legal-2", now=NOW + timedelta(1)).file
    assert {check.code for check in open_checks(back, PACT, TODAY)} == {"insurance"}
    mark = back.overrides[0]
    assert (mark.revoked_by, mark.revoked_because) == ("legal-2", "La polizza è scaduta")
    again = aside(back)
    assert [one.stands for one in again.overrides] == [False, True]
    assert not open_checks(again, PACT, TODAY)
    with pytest.raises(NotPossible, match="not set aside"):
        take_back(back, "insurance", WHY, by="legal-2", now=NOW)


def test_it_is_for_one_check_only() -> None:
    bare = file().model_copy(update={"terms": {}})
    assert "monitoring" in {check.code for check in open_checks(aside(bare), PACT, TODAY)}


def test_a_check_that_is_closed_or_not_there_cannot_be_set_aside() -> None:
    with pytest.raises(NotPossible, match="not open"):
        aside(file(), "monitoring")
    with pytest.raises(NotPossible, match="not open"):
        aside(aside(file()))
    with pytest.raises(Invalid, match="no such check"):
        aside(file(), "vat")


FIRM = [
    (record, rule)
    for record in RECORDS.values()
    if record.version == 2
    for rule in record.rules
    if not rule.overridable
]


@pytest.mark.parametrize(("record", "rule"), FIRM, ids=[f"{record.code}:{rule.code}" for record, rule in FIRM])
def test_what_makes_the_act_void_or_without_effect_cannot_be_set_aside(record: Any, rule: Any) -> None:
    """Form, acceptance, return, publication before effect: see `firm_because` of each rule."""
    line = donation().allocations[0].model_copy(update={"value_cents": 9_000_000})
    types = {str(one.stakeholder_id): "public_body" for one in donation().parties if one.stakeholder_id}
    bare = file(allocations=(line,)).model_copy(
        update={"instrument": record.code, "instrument_version": 2, "organisation_types": types, "terms": {}}
    )
    giver = next(str(one.stakeholder_id) for one in bare.parties if one.stakeholder_id)
    bare = bare.model_copy(update={"organisation_types": {giver: "public_body"}})
    with pytest.raises(NotPossible, match="cannot be set aside") as refused:
        aside(bare, rule.code, record)
    assert rule.firm_because.en in refused.value.english


@pytest.mark.parametrize("check", ["instrument", "communication_plan", "impact_plan"])
def test_plans_and_instrument_cannot_be_set_aside(check: str) -> None:
    bare = file().model_copy(update={"communication_plan": None, "impact_plan": None})
    with pytest.raises(NotPossible, match="cannot be set aside"):
        aside(bare, check, PACT if check != "instrument" else None)


def test_a_warning_needs_no_override() -> None:
    with pytest.raises(NotPossible):
        aside(file(), "risks")


def test_it_counts_for_the_version_of_the_instrument_it_was_made_under() -> None:
    after = aside(file())
    renewed = PACT.model_copy(update={"version": 3})
    moved = after.model_copy(update={"instrument_version": 3})
    assert "insurance" in {check.code for check in open_checks(moved, renewed, TODAY)}


def test_nothing_is_set_aside_once_the_file_is_approved() -> None:
    approved = file().model_copy(update={"state": State.APPROVED})
    with pytest.raises(NotPossible, match="present state"):
        aside(approved)


@pytest.mark.parametrize("command", [SetAside, TakeBack])
@pytest.mark.parametrize("reason", ["", "perché sì"])
def test_a_reason_has_at_least_ten_characters(command: Any, reason: str) -> None:
    with pytest.raises(ValidationError):
        command(check="insurance", reason=reason)
    command(check="insurance", reason="perché così")


def test_a_file_of_before_still_loads() -> None:
    """Stored files know nothing of overrides, risks, milestones, kinds of organisations, next steps."""
    content = drafting.draft(donation(), new_id(), NOW, TODAY).file.model_dump(mode="json")
    for name in ("overrides", "risks", "milestones", "organisation_types", "next_step", "notices", "amendments"):
        content.pop(name, None)
    loaded = AgreementFile.model_validate(content)
    assert (loaded.overrides, loaded.risks, loaded.next_step) == ((), (), None)
    chosen = drafting.choose_instrument(
        loaded, ChooseInstrument(instrument="donazione", terms=DONATION_TERMS), RECORDS["donazione", 1]
    )
    assert chosen.file.instrument_version == 1
