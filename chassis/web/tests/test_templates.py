"""What every template of every service keeps to; found by reading them, so that no page has to be opened."""

import re
from pathlib import Path

import pytest

from chassis.web.extract import PROJECT
from chassis.web.vocabulary import VOCABULARY

pytestmark = pytest.mark.unit

TEMPLATES = sorted(
    path
    for path in [*PROJECT.glob("chassis/web/templates/*.html"), *PROJECT.glob("services/*/pages/templates/**/*.html")]
)
GROUPS = set(VOCABULARY) | {"event"}


def test_there_are_templates() -> None:
    assert len(TEMPLATES) > 3


@pytest.fixture(params=TEMPLATES, ids=lambda path: str(path.relative_to(PROJECT)))
def text(request: pytest.FixtureRequest) -> str:
    template: Path = request.param
    return re.sub(r"\{#.*?#\}", "", template.read_text(), flags=re.DOTALL)


def test_nothing_is_inline(text: str) -> None:
    """The content security policy would drop it without a word to the reader."""
    assert re.findall(r"<script(?![^>]*\bsrc=)[^>]*>|<style\b|\sstyle=|\son[a-z]+=\"|javascript:", text) == []


def test_nothing_is_loaded_from_elsewhere(text: str) -> None:
    assert re.findall(r'<(?:script|link|img|iframe)\b[^>]*(?:src|href)="(?:https?:)?//', text) == []


def test_every_form_that_changes_something_carries_its_key(text: str) -> None:
    carriers = {"once"} | set(re.findall(r"macro (\w+)\([^)]*\)(?:(?!endmacro).)*?once\(\)", text, flags=re.DOTALL))
    # What an ended session kept is sent again with the key it came with.
    by_itself = ('action="/auth/logout"', "{% for name, value in typed %}")
    for form in re.findall(r'<form\b[^>]*method="post".*?</form>', text, flags=re.DOTALL):
        called = set(re.findall(r"(\w+)\(", form))
        assert called & carriers or any(one in form for one in by_itself), form


def test_every_group_of_labels_exists(text: str) -> None:
    named = re.findall(r'(?:label\(|badge\(|choices\()\s*"([^"]+)"', text)
    assert set(named) - GROUPS == set()


def test_texts_are_escaped(text: str) -> None:
    assert re.findall(r"\|\s*safe\b|autoescape\s+false", text) == []


def test_tables_come_with_a_caption(text: str) -> None:
    """By `ui.table`; a bare table needs its own."""
    assert text.count("<table") == text.count("<caption")
