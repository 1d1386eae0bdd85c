"""Whatever pydantic finds wrong is said in words of ours, in both languages."""

from typing import Annotated, Literal, get_args

import pytest
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from pydantic_core.core_schema import ErrorType

from chassis.fault_words import ANYTHING, BY_TYPE, words_of
from chassis.validation import field_errors
from contracts.values import ExternalRef, Line, LongText, ShortText

pytestmark = pytest.mark.unit

OF_PROGRAMS = {
    "no_such_attribute",
    "needs_python_object",
    "frozen_field",
    "frozen_instance",
    "get_attribute_error",
    "dataclass_exact_type",
    "named_tuple_type",
    "default_factory_not_called",
    "iteration_error",
    "counter_type",
    "ordered_dict_type",
    "frozen_dict_type",
    "set_item_not_hashable",
    "is_instance_of",
    "is_subclass_of",
    "callable_type",
    "arguments_type",
    "unexpected_positional_argument",
    "multiple_argument_values",
    "fraction_type",
    "fraction_parsing",
    "complex_type",
    "complex_str_parsing",
    "missing_sentinel_error",
    "ellipsis_error",
    "assertion_error",
    "value_error",
}
"""What no client brings about, or what carries words of its own."""


class Asked(BaseModel):
    code: Annotated[str, Field(pattern=r"^[^@\s]+@x$")]
    count: int
    kind: Literal["a", "b"]
    missing: str


def found(**typed: object) -> dict[str, tuple[str, str]]:
    with pytest.raises(ValidationError) as wrong:
        Asked.model_validate(typed)
    return {one.pointer: (one.message_it, one.message_en) for one in field_errors(wrong.value)}


def test_every_type_of_error_has_words() -> None:
    assert set(get_args(ErrorType)) - OF_PROGRAMS <= set(BY_TYPE)
    assert words_of("some_day", {}) == ANYTHING
    assert words_of("greater_than", {}) == ANYTHING


def test_nobody_reads_a_pattern_or_words_of_a_program() -> None:
    said = found(code="1", count="x", kind="c")
    assert said["/count"] == (
        "deve essere un numero intero, per esempio 12",
        "this has to be a whole number, such as 12",
    )
    assert said["/missing"] == ("manca questo campo", "this field is missing")
    assert said["/kind"] == ("valori ammessi: 'a' o 'b'", "one of these: 'a' or 'b'")
    for words in (word for both in said.values() for word in both):
        assert "^" not in words
        assert "Input" not in words


def test_a_lot_that_is_too_large_is_told_at_the_lot() -> None:
    with pytest.raises(ValidationError) as wrong:
        Line.model_validate({"kind": "goods", "unit": "C62", "quantity": "10", "min_lot": "11"})
    [one] = field_errors(wrong.value)
    assert (one.pointer, one.message_en) == ("/min_lot", "the smallest lot is more than the whole quantity")


@pytest.mark.parametrize("digits", [13, 31])
def test_a_quantity_that_is_too_large_is_told_so(digits: int) -> None:
    with pytest.raises(ValidationError) as wrong:
        Line.model_validate({"kind": "goods", "unit": "C62", "quantity": "1" * digits})
    [one] = field_errors(wrong.value)
    assert one.message_it == "la quantità è troppo grande: al massimo dodici cifre intere"


@pytest.mark.parametrize(
    ("kind", "typed", "words"),
    [
        (ShortText, "", "this is too short: it takes more characters (at least 1)"),
        (ShortText, "x" * 301, "this is too long: at most 300 characters"),
        (LongText, "x" * 10_001, "this is too long: at most 10000 characters"),
        (ExternalRef, "", "this is too short: it takes more characters (at least 1)"),
    ],
)
def test_a_text_has_characters_and_no_items(kind: object, typed: str, words: str) -> None:
    with pytest.raises(ValidationError) as wrong:
        TypeAdapter(kind).validate_python(typed)
    assert field_errors(wrong.value)[0].message_en == words
