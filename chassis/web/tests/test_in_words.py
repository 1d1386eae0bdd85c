"""What went wrong is told in the reader's language."""

import pytest

from chassis.http.problem import conflict
from chassis.validation import field_error
from chassis.web.i18n import Language, speaking
from chassis.web.in_words import fault_in_words, problem_in_words

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("language", "problem", "fault"),
    [("it", "Non più disponibile.", "Manca questo campo"), ("en", "No longer there.", "This field is missing")],
)
def test_in_the_readers_language(language: Language, problem: str, fault: str) -> None:
    with speaking(language):
        assert problem_in_words(conflict("gone", "Non più disponibile.", "No longer there.")) == problem
        assert fault_in_words(field_error("/a", "missing", "manca questo campo", "this field is missing")) == fault
