"""Numbers, money, quantities, dates and codes as people write them in each language."""

from datetime import UTC, date, datetime, timedelta
from typing import get_args

import pytest

from chassis.auth.actor import ROLES
from chassis.web import formats, vocabulary
from chassis.web.event_words import EVENTS
from chassis.web.i18n import Language, speaking
from contracts import units, values
from contracts.event import Event

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("language", "value", "unit", "shown"),
    [
        ("it", "271", "C62", "271 pezzi"),
        ("en", "271", "C62", "271 pieces"),
        ("it", "1", "C62", "1 pezzo"),
        ("it", "1.00", "C62", "1 pezzo"),
        ("en", "0.5", "DAY", "0.5 days"),
        ("it", "9600", "KGM", "9.600 chilogrammi"),
        ("it", "200000", "EUR", "200.000,00\xa0€"),
        ("en", "3000", "EUR", "€3,000.00"),
        ("it", None, "EUR", "da concordare"),
        ("en", "2", "XYZ", "2 XYZ"),
    ],
)
def test_quantities(language: Language, value: str | None, unit: str, shown: str) -> None:
    with speaking(language):
        assert formats.quantity(value, unit) == shown


def test_money_is_given_in_cents() -> None:
    with speaking("it"):
        assert formats.money(5_420_000) == "54.200,00\xa0€"
        assert formats.money(1) == "0,01\xa0€"
    with speaking("en"):
        assert formats.money(2_800_000) == "€28,000.00"


def test_shares() -> None:
    with speaking("it"):
        assert formats.percent("0.25") == "25%"


def test_days_and_moments_are_those_of_the_city() -> None:
    late = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
    with speaking("it"):
        assert formats.day(date(2021, 6, 1)) == "1 giugno 2021"
        assert formats.day("2021-06-01") == "1 giugno 2021"
        assert formats.day(late) == "21 novembre 2026"
        assert "00:30" in formats.moment(late.isoformat())
    with speaking("en"):
        assert formats.day("2021-06-01") == "1 June 2021"
        assert formats.day(None) == formats.moment(None) == ""
        assert formats.since(late, now=late + timedelta(hours=3)) == "3 hours ago"


def test_a_time_without_zone_is_utc() -> None:
    with speaking("en"):
        assert formats.moment("2026-07-01T10:00:00") == formats.moment("2026-07-01T10:00:00+00:00")


def test_labels_follow_the_language_and_unknown_codes_are_shown() -> None:
    with speaking("it"):
        assert vocabulary.label("policy_area", "food_poverty") == "Povertà alimentare"
        assert vocabulary.label("kind", "something_new") == "something new"
    with speaking("en"):
        assert vocabulary.label("role", "legal") == "Legal Office"


@pytest.mark.parametrize(
    ("group", "codes"),
    [
        ("role", ROLES),
        ("kind", get_args(values.ResourceKind)),
        ("stakeholder_type", get_args(values.StakeholderType)),
        ("recurrence", get_args(values.Period)),
        ("party_role", get_args(values.PartyRole)),
    ],
)
def test_every_code_of_the_published_language_has_a_label(group: str, codes: tuple[str, ...]) -> None:
    assert set(codes) <= set(vocabulary.VOCABULARY[group])


def test_every_unit_has_a_name_and_both_forms() -> None:
    assert set(units.UNITS) == set(vocabulary.UNIT_NAMES)
    assert set(units.UNITS) - {"EUR"} == set(vocabulary.UNITS)


def test_every_event_is_told_in_words() -> None:
    types = {event.type for event in _all_events(Event)}
    assert types
    assert types == set(EVENTS)


def _all_events(of: type[Event]) -> list[type[Event]]:
    import contracts.events  # noqa: F401  (defines them all)

    found: list[type[Event]] = []
    for event in of.__subclasses__():
        found += [event, *_all_events(event)]
    return [event for event in found if "type" in event.__dict__]


@pytest.mark.parametrize(
    ("chosen", "more"),
    [(None, []), ("", []), ("delivery", []), ("scaffold_large", ["scaffold large"]), (["b", "delivery", "b"], ["b"])],
)
def test_what_was_chosen_stays_to_choose(chosen: object, more: list[str]) -> None:
    usual = vocabulary.choices("capability")
    assert vocabulary.choices("capability", chosen)[: len(usual)] == usual
    assert [shown for _code, shown in vocabulary.choices("capability", chosen)[len(usual) :]] == more
