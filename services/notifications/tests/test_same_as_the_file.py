"""Whose turn it is and until when: the inbox says what the agreement's own page says."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from contracts.event import Event
from contracts.events import agreements as a
from services.notifications.domain.parts import merge, open_parts
from services.notifications.domain.rules import parts_of
from services.notifications.tests.tale import Tale

pytestmark = pytest.mark.unit
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
LEGAL = {"mend_agreement", "review_agreement", "record_delivery"}
STEP = {"next_owner": "account_manager", "next_due_on": date(2026, 12, 5)}
DUE = datetime(2026, 12, 5, 18, tzinfo=ZoneInfo("Europe/Rome"))


def open_kinds(events: Iterable[Event]) -> set[str]:
    return {one.kind for one in open_parts(merge(part for event in events for part in parts_of(event, NOW)))} & LEGAL


def test_the_day_is_the_one_the_event_names() -> None:
    tale = Tale()
    for event, kind in (
        (tale.drafted(), "choose_instrument"),
        (tale.review(), "review_agreement"),
        (tale.sent_back(), "mend_agreement"),
        (tale.approved(), "sign_agreement"),
        (tale.signed(), "record_delivery"),
    ):
        told = event.model_copy(update=STEP | ({"next_owner": "department"} if kind == "record_delivery" else {}))
        part = next(one for one in parts_of(told, NOW) if one.kind == kind and one.content)
        assert part.content is not None
        assert part.content.due_at == DUE, kind


def test_sent_back_is_the_account_managers_until_it_is_handed_in_again() -> None:
    tale = Tale()
    again = tale.file(a.AgreementReviewRequested, 4, title=tale.title, instrument="donazione")
    events = [tale.drafted(), tale.review(), tale.sent_back()]
    assert open_kinds(events) == {"mend_agreement"}
    assert open_kinds([*events, again]) == {"review_agreement"}
    assert open_kinds([again, *reversed(events)]) == {"review_agreement"}
    part = next(one for one in parts_of(tale.sent_back(), NOW) if one.content)
    assert part.content is not None
    assert part.content.audience == "account_manager"


def test_a_signed_agreement_asks_the_department_to_record_what_arrives() -> None:
    tale = Tale()
    part = next(one for one in parts_of(tale.signed(), NOW) if one.kind == "record_delivery")
    assert part.content is not None
    assert part.content.audience == f"department:{tale.department}"
    assert "record_delivery" not in open_kinds([tale.signed(), *tale.fulfilled()])
