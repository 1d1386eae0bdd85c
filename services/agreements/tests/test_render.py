"""The document: PDF/A-2b, the same bytes for the same data, and everything agreed is readable in it."""

from io import BytesIO

import pytest
from pypdf import PdfReader

from services.agreements.documents.render import render, render_off_loop
from services.agreements.tests.documents_sample import FIELDS, PARTIES, device_document
from tests.pdfa import PdfA

pytestmark = pytest.mark.unit


def text_of(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text().split()) for page in PdfReader(BytesIO(pdf)).pages)


async def test_the_same_data_give_the_same_bytes() -> None:
    first = render(device_document())
    assert await render_off_loop(device_document()) == first
    assert render(device_document(title="Altro")) != first


def test_it_declares_pdf_a_2b() -> None:
    metadata = PdfReader(BytesIO(render(device_document()))).xmp_metadata
    assert metadata is not None
    assert (metadata.pdfaid_part, metadata.pdfaid_conformance) == ("2", "B")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("it", ("Tra le parti", "Piano d'impatto", "Firme", "AMBIENTE DI PROVA")),
        ("en", ("Between the parties", "Impact plan", "Signatures", "TRIAL ENVIRONMENT")),
    ],
)
def test_it_says_what_was_agreed_in_both_languages(language: str, words: tuple[str, ...]) -> None:
    text = text_of(render(device_document(language))).replace("’", "'")
    for expected in (*words, *PARTIES, *FIELDS, "271 pezzi", "54.200,00 €", "2026/0000001"):
        assert expected in text


def test_a_draft_says_so() -> None:
    draft = render(device_document().model_copy(update={"draft": True}))
    assert "BOZZA" in text_of(draft)
    assert "BOZZA" not in text_of(render(device_document()))


def test_vera_pdf_finds_it_is_pdf_a_2b_and_would_find_otherwise(pdfa: PdfA) -> None:
    whole = {language: render(device_document(language)) for language in ("it", "en")}
    without = {"undeclared": whole["it"].replace(b"pdfaid:part", b"pdfaid:pert")}

    found = pdfa.verdicts(whole | without)

    assert {name: verdict.broken for name, verdict in found.items() if name in whole} == {"it": (), "en": ()}
    assert found["undeclared"].broken
