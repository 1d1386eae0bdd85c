"""What changed between two versions of a document."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.agreements.documents.data import DocumentData, LineText, Paragraph
from services.agreements.documents.redline import Run, redline
from services.agreements.tests.documents_sample import device_document

pytestmark = pytest.mark.unit

WORDS = st.lists(st.sampled_from(["il", "donante", "cede", "i", "beni", "nuovi", "entro", "maggio"]), max_size=8)
CLAUSES = st.lists(st.tuples(st.sampled_from("ABCD"), WORDS.map(" ".join)), max_size=5)


def with_clauses(*clauses: tuple[str, str]) -> DocumentData:
    paragraphs = tuple(Paragraph(heading=heading, text=text) for heading, text in clauses)
    return device_document().model_copy(update={"clauses": paragraphs})


def changed(before: DocumentData, after: DocumentData) -> list[tuple[str, tuple[Run, ...]]]:
    return [(one.heading, one.runs) for one in redline(before, after) if one.changed]


def test_the_same_document_has_no_change() -> None:
    assert changed(device_document(), device_document()) == []


def test_a_changed_word_is_shown_within_its_clause() -> None:
    before, after = with_clauses(("Consegna", "entro il 5 maggio")), with_clauses(("Consegna", "entro il 9 maggio"))
    runs = (Run("kept", "entro il "), Run("gone", "5"), Run("new", "9"), Run("kept", " maggio"))
    assert changed(before, after) == [("Consegna", runs)]


def test_a_clause_that_moved_is_no_change() -> None:
    assert changed(with_clauses(("A", "uno"), ("B", "due")), with_clauses(("B", "due"), ("A", "uno"))) == []


def test_a_clause_that_went_stands_where_it_stood() -> None:
    before, after = with_clauses(("A", "uno"), ("B", "due"), ("C", "tre")), with_clauses(("A", "uno"), ("C", "tre"))
    headings = [one.heading for one in redline(before, after) if one.section == "Articoli"]
    assert headings == ["A", "B", "C"]
    assert changed(before, after) == [("B", (Run("gone", "due"),))]


def test_two_lines_of_one_giver_are_told_apart() -> None:
    lines = tuple(LineText(party="Lexmark", description=what, quantity="10") for what in ("Stampanti", "Toner"))
    before = device_document().model_copy(update={"lines": lines})
    after = device_document().model_copy(update={"lines": (lines[0], lines[1].model_copy(update={"quantity": "12"}))})
    assert [(heading, runs[-1]) for heading, runs in changed(before, after)] == [("Lexmark", Run("new", "12"))]


@given(CLAUSES, CLAUSES)
def test_both_versions_can_be_read_off_it(old: list[tuple[str, str]], new: list[tuple[str, str]]) -> None:
    found = [one for one in redline(with_clauses(*old), with_clauses(*new)) if one.section == "Articoli"]

    def text(*ops: str) -> list[tuple[str, str]]:
        read = [(one.heading, "".join(run.text for run in one.runs if run.op in ops)) for one in found]
        return sorted(part for part in read if part[1])

    assert text("kept", "gone") == sorted(part for part in old if part[1])
    assert text("kept", "new") == sorted(part for part in new if part[1])
