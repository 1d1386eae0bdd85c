"""The rules of needs and offers, without I/O."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events.departments import NeedSubmitted, NeedUpdateSubmitted
from contracts.events.intake import NeedChanged, NeedRegistered
from contracts.values import Line, OfferPartner
from services.intake.domain import needs, offers, states, submissions
from services.intake.domain.assignment import Assignment, Candidate
from services.intake.domain.lines import LineBalance, all_closed, coverage, in_use_errors, quantity_warnings
from services.intake.domain.needs import NeedContent
from services.intake.domain.offers import OfferContent
from services.intake.pages.forms import OfferForm, typed_euro, typed_quantity
from services.intake.pages.rows import rows_in
from services.intake.settings import IntakeSettings

pytestmark = pytest.mark.unit
NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
GOODS = Line(kind="goods", unit="C62", quantity=Decimal(271))


def content(**more) -> NeedContent:
    return NeedContent(**{"department": "education", "title": "T", "policy_area": "a", "lines": (GOODS,)} | more)


def balance(line=0, free=0, reserved=0, committed=0, delivered=0, open_ended=False) -> LineBalance:
    parts = [Decimal(part) for part in (free, reserved, committed, delivered)]
    return LineBalance(line, "C62", sum(parts, Decimal(0)), *parts, Decimal(0), open_ended)


# -- assignment ------------------------------------------------------------------------------------------

people = st.lists(
    st.builds(Candidate, st.sampled_from("abcdef"), st.frozensets(st.sampled_from("xyz")), st.integers(0, 50)),
    unique_by=lambda one: one.subject,
    max_size=6,
)


@given(people, st.lists(st.none() | st.sampled_from("xyz"), max_size=60))
def test_nobody_gets_work_while_somebody_as_able_carries_less(candidates, areas):
    assignment = Assignment(candidates)
    load = {one.subject: one.load for one in candidates}
    for area in areas:
        chosen = assignment.next(area)
        if not candidates:
            assert chosen is None
            continue
        able = [one.subject for one in candidates if one.knows(area)] or list(load)
        assert chosen in able
        assert (load[chosen], chosen) == min((load[subject], subject) for subject in able)
        load[chosen] += 1


@given(people)
def test_the_same_situation_has_the_same_answer(candidates):
    assert Assignment(candidates).next() == Assignment(candidates[::-1]).next()


# -- lines -----------------------------------------------------------------------------------------------

quantities = st.integers(0, 1000)


@given(st.lists(st.tuples(quantities, quantities, quantities, quantities), min_size=1, max_size=5))
def test_coverage_is_a_share_and_whole_only_when_nothing_is_open(parts):
    balances = [balance(line, *one) for line, one in enumerate(parts)]
    share = coverage(balances)
    assert 0 <= share <= 1
    if share == 1:
        assert all(one.free < one.total * Decimal("0.001") for one in balances if one.total)


@given(
    st.lists(st.tuples(quantities, quantities, quantities, quantities, st.booleans()), max_size=4), st.integers(1, 4)
)
def test_a_need_is_done_only_when_every_line_is_delivered(parts, lines):
    balances = [balance(line, *one[:4], open_ended=one[4]) for line, one in enumerate(parts)]
    if all_closed(lines, balances):
        assert len(balances) >= lines
        assert all(one.delivered == one.total > 0 for one in balances[:lines])


def test_what_a_line_is_may_not_change_once_something_is_allocated_to_it():
    less = GOODS.model_copy(update={"quantity": Decimal(1)})
    other = GOODS.model_copy(update={"kind": "service"})
    assert in_use_errors([GOODS], [less], {0}) == []
    assert [error.pointer for error in in_use_errors([GOODS, GOODS], [other], {0, 1})] == ["/lines/0", "/lines/1"]
    assert in_use_errors([GOODS], [other], set()) == []


def test_five_times_what_is_asked_is_remarked_on():
    def goods(quantity):
        return Line(kind="goods", unit="C62", quantity=quantity and Decimal(quantity))

    assert [one.code for one in quantity_warnings([goods(5000)], [goods(500), goods(500)])] == ["much-more-than-asked"]
    assert quantity_warnings([goods(4999)], [goods(1000)]) == []
    assert quantity_warnings([goods(None)], [goods(1)]) == []
    assert quantity_warnings([goods(5000)], [goods(None)]) == []


# -- states ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [needs.expire, needs.fulfil, lambda need, now: needs.withdraw(need, None, now)])
def test_nothing_happens_to_a_closed_need(step):
    need, _event = needs.register(uuid4(), content(), None, NOW)
    for closing in (needs.expire, needs.fulfil):
        closed, _event = closing(need, NOW)
        assert closed.version == 2
        with pytest.raises(states.NotPossible):
            step(closed, NOW)
        with pytest.raises(states.NotPossible):
            needs.change(closed, content(title="x"), NOW)


def test_every_state_in_the_tables_can_be_reached_from_open():
    assert {after for (before, _), after in states.NEED.items() if before == "open"} == {
        "open",
        "withdrawn",
        "expired",
        "fulfilled",
    }
    assert {after for (before, _), after in states.OFFER.items() if before == "open"} == {
        "open",
        "withdrawn",
        "expired",
    }


def test_events_carry_the_whole_need():
    whole = content(requires=("delivery",), receivers=(uuid4(),), valid_until=NOW + timedelta(days=1))
    need, event = needs.register(uuid4(), whole, "manager", NOW)
    assert NeedRegistered.read(event.to_bytes()) == event
    changed, event = needs.change(need, whole.changed({"title": "Altro"}), NOW)
    assert NeedChanged.read(event.to_bytes()) == event
    assert (event.title, event.version, changed.version) == ("Altro", 2, 2)


def test_partners_are_named_once_and_share_one_whole():
    giver, partner = uuid4(), uuid4()
    partners = (OfferPartner(stakeholder_id=partner, share=0.7), OfferPartner(stakeholder_id=partner, share=0.7))
    content = OfferContent(stakeholder_id=giver, title="T", lines=(GOODS,), partners=partners)
    assert {(error.pointer, error.code) for error in offers.content_errors(content, NOW)} == {
        ("/partners/1/stakeholder_id", "named-twice"),
        ("/partners", "shares-above-one"),
    }


# -- submissions -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "fine"),
    [
        ("/departments/education", True),
        ("/departments/education/sap", True),
        ("/departments/education2", False),
        ("/departments/environment", False),
        ("education", False),
    ],
)
def test_a_submission_counts_only_from_its_own_department(source, fine):
    assert (submissions.source_errors(source, "education") == []) is fine


def test_an_update_changes_what_it_names_and_nothing_else():
    update = NeedUpdateSubmitted(external_ref="R", department="education", title="Altro")
    assert submissions.changes_of(update, {}) == {"title": "Altro"}


def test_a_submission_becomes_the_need_it_asks_for():
    arimo = UUID(int=7)
    submitted = NeedSubmitted(
        external_ref="R", department="education", title="T", policy_area="a", lines=(GOODS,), receivers=("arimo",)
    )
    need = submissions.content_of(submitted, {"arimo": arimo})
    assert need.receivers == (arimo,)
    assert NeedContent.model_validate(need.model_dump()) == need


# -- forms -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "read"),
    [("2,5", "2.5"), ("1 000", "1000"), ("0.5", "0.5"), ("12,125", "12.125"), ("-3", "-3")],
)
def test_quantities_as_people_write_them(typed, read):
    assert typed_quantity(typed) == read


@pytest.mark.parametrize("typed", ["1.000", "2.500", "1.000.000"])
def test_a_thousand_is_not_taken_for_one(typed: str) -> None:
    with pytest.raises(ValueError, match="thousands"):
        typed_quantity(typed)


@pytest.mark.parametrize(
    ("typed", "cents"),
    [
        ("200", 20000),
        ("54.200", 5420000),
        ("54.200,50 €", 5420050),
        ("200,50 €", 20050),
    ],
)
def test_euro_as_people_write_them(typed, cents):
    assert typed_euro(typed) == cents


@pytest.mark.parametrize("typed", ["x", "1,999", "1e30", "nan", "5,5,5"])
def test_what_is_no_amount_is_told_with_an_example(typed):
    with pytest.raises(ValueError, match="such as 1500"):
        typed_euro(typed)
    if typed != "1,999":
        with pytest.raises(ValueError, match="such as 271"):
            typed_quantity(typed)


def test_money_needs_no_unit_in_a_form():
    form = OfferForm.model_validate({"title": "T", "lines": [{"kind": "money", "quantity": "3000"}]})
    assert form.lines[0].line() == Line(kind="money", unit="EUR", quantity=Decimal(3000))


def test_a_form_grows_by_one_row_when_asked():
    assert rows_in({}) == 1
    assert rows_in({"lines.0.kind": "", "lines.2.kind": "x"}) == 3
    assert rows_in({"lines.0.kind": "", "add_line": "1"}) == 2


def test_the_other_services_are_looked_for_where_this_installation_has_them():
    shifted = IntakeSettings(http_port=9101, service_urls={"impact": "http://impact:8000"})
    assert shifted.address_of("matching") == "http://127.0.0.1:9102"
    assert shifted.address_of("impact") == "http://impact:8000"
