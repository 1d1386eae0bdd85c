"""Writing a new version of an instrument, and what that does to files that are open: nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.clock import new_id
from contracts.values import CommunicationPlan, ImpactPlan
from services.agreements.domain import drafting
from services.agreements.domain.checks import checks, open_checks
from services.agreements.domain.commands import ChooseInstrument
from services.agreements.domain.edits import InstrumentEdit
from services.agreements.domain.instruments import Instrument, in_force
from services.agreements.domain.refusals import Invalid, InvalidFields, NotPossible
from services.agreements.domain.toolkit import differences, edited, next_draft, published, refuse_withdrawal
from services.agreements.tests.story import donation
from services.agreements.vademecum import first_records

pytestmark = pytest.mark.unit

TODAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
RELEASED = first_records()
SPONSOR = next(one for one in RELEASED if (one.code, one.version) == ("sponsorizzazione", 2))
GIFT = next(one for one in RELEASED if (one.code, one.version) == ("donazione", 2))


def edit(record: Instrument, **changes: Any) -> Instrument:
    return edited(record, InstrumentEdit.model_validate(changes))


def faults(record: Instrument, **changes: Any) -> dict[str, str]:
    with pytest.raises(InvalidFields) as refused:
        edit(record, **changes)
    return {fault.pointer: fault.code for fault in refused.value.faults}


def test_an_edit_changes_what_it_names_and_nothing_else() -> None:
    changed = edit(
        SPONSOR,
        certainty="B",
        rules={
            "public_notice_period": {"days": 45, "value_above_cents": 5_000_000, "certainty": "A"},
            "spaces": {"enabled": False, "off_because": "Gli spazi sono nel piano di comunicazione"},
        },
        clauses={"vat": {"text": {"it": "IVA: {vat}", "en": "VAT: {vat}"}}},
        without_clauses=["saving"],
        steps={"review": {"days": 5}},
    )
    said = {one.pointer: (one.before, one.after) for one in differences(SPONSOR, changed)}
    assert said == {
        "/certainty": ("A", "B"),
        "/rules/public_notice_period/days": ("30", "45"),
        "/rules/public_notice_period/when/value_above_cents": ("4000000", "5000000"),
        "/rules/public_notice_period/certainty": ("B", "A"),
        "/rules/spaces/enabled": ("True", "False"),
        "/rules/spaces/off_because": (None, "Gli spazi sono nel piano di comunicazione"),
        "/clauses/vat/text/it": ("{vat}", "IVA: {vat}"),
        "/clauses/vat/text/en": ("{vat}", "VAT: {vat}"),
        "/clauses/saving": ("Risparmio per il Comune", None),
        "/steps/review/days": ("10", "5"),
    }
    assert not differences(SPONSOR, edit(SPONSOR))


def test_a_check_a_term_and_a_document_are_added_and_the_list_of_excluded_subjects_changed() -> None:
    words = {"it": "Dichiarazione antimafia", "en": "Anti-mafia statement"}
    subjects = [{"code": "gambling", "label": {"it": "Gioco d'azzardo", "en": "Gambling"}}]
    changed = edit(
        SPONSOR,
        terms={"anti_mafia": {"label": words}},
        documents={"anti_mafia": {"label": words}},
        new_checks={
            "anti_mafia": {
                "label": words, "source": "D.Lgs. 159/2011", "certainty": "C",
                "terms": ["anti_mafia"], "documents": ["anti_mafia"],
            }
        },
        rules={"excluded_subjects": {"items": subjects}},
        applies={"company": {"weight": 3}},
    )  # fmt: skip
    rule = changed.rules[-1]
    assert (rule.code, rule.overridable, rule.severity) == ("anti_mafia", True, "block")
    assert changed.to_be_confirmed
    said = {one.pointer: one.after for one in differences(SPONSOR, changed)}
    assert said == {
        "/applies/company/weight": "3",
        "/terms/anti_mafia": "Dichiarazione antimafia",
        "/documents/anti_mafia": "Dichiarazione antimafia",
        "/rules/anti_mafia": "Dichiarazione antimafia",
        "/rules/excluded_subjects/items": "Gioco d'azzardo",
    }
    bare = {"label": words, "source": "x", "certainty": "B"}
    assert faults(SPONSOR, new_checks={"anti_mafia": bare, "vat": bare}) == {"/new_checks/vat": "already-there"}
    assert faults(SPONSOR, new_checks={"anti_mafia": bare}) == {"/new_checks/anti_mafia/terms": "nothing-asked"}
    assert faults(SPONSOR, new_checks={"anti_mafia": bare | {"terms": ["nowhere"]}}) == {
        "/new_checks/anti_mafia/terms": "unknown-code"
    }
    assert faults(SPONSOR, rules={"public_notice_period": {"items": subjects}}) == {
        "/rules/public_notice_period/items": "not-of-this-rule"
    }
    assert faults(SPONSOR, applies={"nothing": {"weight": 3}}) == {"/applies/nothing": "unknown-code"}


def test_a_rule_that_was_off_is_switched_on_with_the_city_s_own_threshold() -> None:
    """Art. 783 c.c.: the law has no threshold, a city may choose one."""
    changed = edit(GIFT, rules={"deed_above_threshold": {"enabled": True, "value_above_cents": 2_000_000}})
    rule = next(one for one in changed.rules if one.code == "deed_above_threshold")
    assert rule.enabled
    assert rule.off_because is None
    assert "20.000 euro" in rule.wording.it


def test_every_fault_is_named_with_its_field_and_reason() -> None:
    assert faults(SPONSOR, rules={"nothing": {"days": 3}, "vat": {"days": 3, "value_above_cents": 1}}) == {
        "/rules/nothing": "unknown-code",
        "/rules/vat/days": "not-of-this-rule",
        "/rules/vat/value_above_cents": "not-of-this-rule",
    }
    assert faults(SPONSOR, rules={"spaces": {"enabled": False}, "public_notice_period": {"enabled": False}}) == {
        "/rules/spaces/off_because": "reason-missing",
        "/rules/public_notice_period/off_because": "reason-missing",
        "/rules/public_notice_period/enabled": "firm",
    }
    assert faults(SPONSOR, rules={"public_notice_period": {"days": 0}}) == {
        "/rules/public_notice_period/days": "another-rule"
    }
    words = {"it": "Vedi {nulla}", "en": "See {vat}"}
    assert faults(SPONSOR, clauses={"vat": {"text": words}, "new": {"text": words}}) == {"/clauses/new": "incomplete"}
    assert faults(SPONSOR, clauses={"vat": {"text": words}}) == {"/clauses/vat/text/it": "unknown-term"}
    assert faults(SPONSOR, steps={"dance": {"days": 1}}) == {"/steps/dance": "unknown-code"}
    everything = [clause.code for clause in SPONSOR.clauses]
    assert faults(SPONSOR, without_clauses=everything) == {"/without_clauses": "no-clause"}


def test_a_version_counts_from_today_or_later_and_not_before_the_last() -> None:
    draft = next_draft(GIFT, 3)
    assert published(draft, TODAY, TODAY, TODAY).valid_from == TODAY
    with pytest.raises(Invalid, match="never for the past") as past:
        published(draft, TODAY - timedelta(1), TODAY - timedelta(9), TODAY)
    assert past.value.pointer == "/valid_from"
    with pytest.raises(Invalid, match="published already"):
        published(draft, TODAY, TODAY + timedelta(30), TODAY)


def test_only_what_does_not_count_yet_is_taken_back() -> None:
    refuse_withdrawal(GIFT.model_copy(update={"valid_from": TODAY + timedelta(1)}), TODAY)
    with pytest.raises(NotPossible, match="counts already"):
        refuse_withdrawal(GIFT.model_copy(update={"valid_from": TODAY}), TODAY)


EDITS = st.fixed_dictionaries(
    {},
    optional={
        "certainty": st.sampled_from("ABC"),
        "rules": st.dictionaries(
            st.sampled_from([rule.code for rule in GIFT.rules if rule.overridable]),
            st.one_of(
                st.fixed_dictionaries({"label": st.just({"it": "altro", "en": "else"})}),
                st.fixed_dictionaries({"enabled": st.just(False), "off_because": st.just("non serve")}),
                st.fixed_dictionaries({"enabled": st.just(True)}),
                st.fixed_dictionaries({"certainty": st.sampled_from("ABC")}),
            ),
        ),
        "clauses": st.dictionaries(
            st.sampled_from([clause.code for clause in GIFT.clauses] + ["new"]),
            st.just({"heading": {"it": "t", "en": "t"}, "text": {"it": "x", "en": "y"}}),
            max_size=3,
        ),
        "without_clauses": st.lists(st.sampled_from([clause.code for clause in GIFT.clauses]), max_size=4),
        "steps": st.dictionaries(
            st.sampled_from([step.code for step in GIFT.steps]),
            st.fixed_dictionaries({"days": st.integers(0, 400)}),
        ),
    },
)


@settings(max_examples=80, deadline=None)
@given(st.lists(EDITS, min_size=1, max_size=4), st.integers(0, 60))
def test_whatever_is_published_a_file_keeps_the_version_it_was_given(many: list[Any], wait: int) -> None:
    """A drafted agreement is judged by the rules of its day, through any number of later versions."""
    opened = drafting.draft(donation(), new_id(), NOW, TODAY).file
    plans = {"communication_plan": CommunicationPlan(summary="x"), "impact_plan": ImpactPlan()}
    pinned = drafting.choose_instrument(
        opened.model_copy(update=plans),
        ChooseInstrument(instrument="donazione", terms={"modest_value": "sì"}),
        in_force(RELEASED, "donazione", TODAY),
    ).file
    records = RELEASED
    before = checks(pinned, GIFT, TODAY)
    for number, changes in enumerate(many, start=3):
        day = TODAY + timedelta(wait * (number - 2))
        newest = max((one for one in records if one.code == "donazione"), key=lambda one: one.version)
        draft = edited(next_draft(newest, number), InstrumentEdit.model_validate(changes))
        records = (*records, published(draft, day, newest.valid_from, TODAY))
    kept = [one for one in records if (one.code, one.version) == ("donazione", pinned.instrument_version)]
    assert kept == [GIFT]
    assert checks(pinned, kept[0], TODAY) == before
    again = drafting.choose_instrument(pinned, ChooseInstrument(instrument="donazione"), kept[0]).file
    assert again.instrument_version == GIFT.version
    last = TODAY + timedelta(wait * len(many))
    taken = in_force(records, "donazione", last)
    assert taken is not None
    assert taken.version == len(many) + 2
    assert open_checks(pinned, kept[0], last) == open_checks(pinned, GIFT, last)
