"""The register's chain: any change is found, erasing words is not one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.clock import new_id
from services.agreements.domain.file import Protocol
from services.agreements.domain.register import BEGINNING, Disclosure, Entry, chain, faults

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 20, tzinfo=UTC)
ACTS = ("registered", "signed", "terminated", "completed", "rejected")


def register(acts: list[Any]) -> tuple[list[Entry], dict[int, list[Disclosure]]]:
    entries: list[Entry] = []
    disclosed: dict[int, list[Disclosure]] = {}
    number = 0
    for position, act in enumerate(acts, start=1):
        number += act == "registered"
        words = [Disclosure(name="subject", salt=f"{position:064x}", words=f"Oggetto {position}")]
        entries.append(
            chain(
                city="c_f205",
                position=position,
                previous=entries[-1].hash if entries else BEGINNING,
                protocol=Protocol(year=2026, number=max(number, 1)),
                act=act,
                agreement_id=new_id(),
                entered_at=NOW + timedelta(seconds=position),
                instrument="donazione",
                document_sha256="a" * 64,
                disclosures=words,
            )
        )
        disclosed[position] = words
    return entries, disclosed


series = st.lists(st.sampled_from(ACTS), min_size=1, max_size=12)


@given(series)
@settings(max_examples=50, deadline=None)
def test_a_register_as_it_was_written_holds_also_after_erasing_words(acts: list[Any]) -> None:
    entries, disclosed = register(acts)
    assert faults(entries, disclosed) == []
    assert faults(entries, {}) == []


CHANGES: dict[str, Any] = {
    "entered_at": NOW,
    "instrument": "sponsorizzazione",
    "document_sha256": "b" * 64,
    "city": "c_h501",
    "protocol": Protocol(year=2025, number=7),
    "previous": "c" * 64,
    "hash": "d" * 64,
    "commitments": {},
}


@given(series, st.data())
@settings(max_examples=100, deadline=None)
def test_any_change_of_any_entry_is_found(acts: list[Any], data: st.DataObject) -> None:
    entries, _ = register(acts)
    index = data.draw(st.integers(0, len(entries) - 1))
    name = data.draw(st.sampled_from(sorted(CHANGES)))
    entries[index] = entries[index].model_copy(update={name: CHANGES[name]})
    assert faults(entries, {})


@given(series, st.data())
@settings(max_examples=50, deadline=None)
def test_an_entry_taken_out_is_found_unless_it_was_the_last(acts: list[Any], data: st.DataObject) -> None:
    entries, _ = register([*acts, "registered"])
    del entries[data.draw(st.integers(0, len(entries) - 2))]
    assert faults(entries, {})


def test_changed_words_are_found() -> None:
    entries, disclosed = register(["registered", "signed"])
    disclosed[2] = [disclosed[2][0].model_copy(update={"words": "Altro"})]
    assert [(fault.position, fault.code) for fault in faults(entries, disclosed)] == [(2, "words-changed")]


def test_a_missing_protocol_number_is_found() -> None:
    entries, _ = register(["registered", "registered"])
    skipped = register(["registered", "registered"])[0][1].model_copy(
        update={"protocol": Protocol(year=2026, number=3), "previous": entries[0].hash}
    )
    assert "protocol-gap" in {fault.code for fault in faults([entries[0], skipped], {})}


def test_the_words_can_not_be_guessed_without_the_salt() -> None:
    one = Disclosure(name="subject", salt="1" * 64, words="Maria Bianchi")
    other = Disclosure(name="subject", salt="2" * 64, words="Maria Bianchi")
    assert one.commitment() != other.commitment()
