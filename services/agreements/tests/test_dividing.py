"""Dividing a file gets nobody below a threshold."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from chassis.clock import new_id
from contracts.values import Allocation
from services.agreements.domain import drafting
from services.agreements.domain.commands import Split
from services.agreements.domain.conditions import worth_cents
from services.agreements.domain.file import AgreementFile
from services.agreements.domain.splitting import split
from services.agreements.tests.story import donation

pytestmark = pytest.mark.unit

NOW, TODAY = datetime(2026, 11, 20, tzinfo=UTC), date(2026, 11, 20)
SPONSOR, OTHER = new_id(), new_id()


def line(giver: object, cents: int) -> Allocation:
    return Allocation(
        offer_id=new_id(), offer_line=0, need_line=0, stakeholder_id=giver, kind="money", unit="EUR",
        quantity=Decimal(cents) / 100, value_cents=cents,
    )  # fmt: skip


def opened(*lines: Allocation) -> AgreementFile:
    return drafting.draft(donation(SPONSOR, allocations=lines), new_id(), NOW, TODAY).file


def divided(file: AgreementFile, *going: int) -> tuple[AgreementFile, AgreementFile]:
    stays, goes = split(file, Split(allocations=going), new_id(), 2, NOW, TODAY)
    return stays.file, goes.file


def test_two_halves_of_one_sponsorship_are_worth_the_whole() -> None:
    stays, goes = divided(opened(line(SPONSOR, 2_500_000), line(SPONSOR, 2_500_000)), 1)
    assert (stays.value_cents, worth_cents(stays)) == (2_500_000, 5_000_000)
    assert (goes.value_cents, worth_cents(goes)) == (2_500_000, 5_000_000)


def test_another_givers_lines_do_not_count() -> None:
    stays, goes = divided(opened(line(SPONSOR, 3_000_000), line(OTHER, 2_000_000)), 1)
    assert (worth_cents(stays), worth_cents(goes)) == (3_000_000, 2_000_000)


def test_dividing_twice_changes_nothing_either() -> None:
    _stays, goes = divided(opened(*(line(SPONSOR, 1_500_000) for _ in range(3))), 1, 2)
    assert [worth_cents(one) for one in divided(goes, 0)] == [4_500_000, 4_500_000]
