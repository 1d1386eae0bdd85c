"""From what was typed to a model, and from what is wrong back to the field."""

from decimal import Decimal
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import FormData

from chassis.validation import field_error
from chassis.web.forms import MOST_ROWS, Form, form_from
from chassis.web.i18n import speaking

pytestmark = pytest.mark.unit


class Line(BaseModel):
    kind: Literal["goods", "money"]
    quantity: Decimal = Field(gt=0)


class Offer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: str = Field(min_length=3)
    note: str | None = None
    areas: list[str] = []
    visible: bool = False
    lines: list[Line] = Field(min_length=1)


def read(*fields: tuple[str, str]) -> Form[Offer]:
    return form_from(FormData(list(fields)), Offer)


GOOD = (("title", " Computer "), ("lines.0.kind", "goods"), ("lines.0.quantity", "271"))


def test_dotted_names_become_the_model() -> None:
    form = read(*GOOD, ("areas[]", "a"), ("areas[]", "b"), ("visible", "true"), ("idempotency_key", "k"))
    assert form.errors == {}
    assert form.model == Offer(
        title="Computer", areas=["a", "b"], visible=True, lines=[Line(kind="goods", quantity=Decimal(271))]
    )
    assert form.idempotency_key == "k"


def test_empty_fields_are_absent_and_empty_rows_skipped() -> None:
    form = read(*GOOD, ("note", "  "), ("lines.1.kind", ""), ("lines.1.quantity", ""))
    assert form.model is not None
    assert form.model.note is None
    assert len(form.model.lines) == 1


def test_errors_are_named_after_the_row_that_was_shown() -> None:
    with speaking("it"):
        form = read(("title", "ab"), ("lines.1.kind", "goods"), ("lines.1.quantity", "2"), ("lines.4.quantity", "-1"))
    assert form.model is None
    assert set(form.errors) == {"title", "lines.4.kind", "lines.4.quantity"}
    assert form.errors["lines.4.quantity"] == "Deve essere maggiore di 0"
    assert form.text("lines.4.quantity") == "-1"


def test_errors_are_said_in_the_language_of_the_reader() -> None:
    with speaking("it"):
        italian = read().errors
    with speaking("en"):
        english = read().errors
    assert italian == {"title": "Manca questo campo", "lines": "Manca questo campo"}
    assert english == {"title": "This field is missing", "lines": "This field is missing"}


def test_what_was_chosen_stays_chosen() -> None:
    form = read(("areas[]", "a"), ("areas[]", "b"), ("lines.0.kind", "money"))
    assert form.chosen("areas", "a")
    assert not form.chosen("areas", "c")
    assert form.chosen("lines.0.kind", "money")
    assert not form.chosen("nothing", "")


def test_problems_of_a_handler_reach_their_fields() -> None:
    with speaking("en"):
        form = read(*GOOD).refuse_all([field_error("/lines/0/quantity", "too-much", "troppo", "too much")])
    assert form.errors == {"lines.0.quantity": "Too much"}


def test_a_form_can_start_with_values() -> None:
    form: Form[Offer] = Form.of(title="Computer", note=None)
    assert form.text("title") == "Computer"
    assert form.text("note") == form.text("other") == ""
    assert form.idempotency_key is None


@pytest.mark.parametrize(
    "name", ["lines.x.kind", "title.x", "", ".", "..", "lines.0.kind.x", "lines.²", "x" + ".0" * 5000]
)
def test_names_that_do_not_fit_the_model_are_errors_not_crashes(name: str) -> None:
    assert read(*GOOD, (name, "v")).model is None


@pytest.mark.parametrize("first", [True, False])
def test_a_name_that_is_both_field_and_folder_is_read_as_a_folder(first: bool) -> None:
    fields = [("note", "x"), ("note.deeper", "y")]
    assert read(*GOOD, *(fields if first else reversed(fields))).model is None
    assert read(("lines", "x"), *GOOD).model is not None


def test_forms_on_one_page_can_be_told_apart() -> None:
    assert Form.of(note="x").called("decline").prefix == "decline"


def test_a_list_has_as_many_fields_as_its_values_take_within_reason() -> None:
    form: Form[BaseModel] = Form.of(**{"ids.0": "a", "ids.4": "b", "lines.2.unit": "C62", "idsx.9": "no"})
    assert (form.rows("ids"), form.rows("lines"), form.rows("none", 3)) == (5, 3, 3)
    assert Form.of(**{"ids.9999": "a"}).rows("ids") == MOST_ROWS


@pytest.mark.parametrize("name", ["²", "title.²", "٣"])
def test_a_name_that_is_a_digit_of_another_kind_is_no_fault(name: str) -> None:
    assert set(read(*GOOD, (name, "x")).errors) == {name.partition(".")[0]}
