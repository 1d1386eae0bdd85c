"""Each instrument lays its act out in its own order; none leaves anything out, and all are PDF/A-2b."""

from __future__ import annotations

from io import BytesIO

import pytest
from pypdf import PdfReader

from services.agreements.documents.data import DocumentData, Language, MilestoneText, Paragraph, RiskText
from services.agreements.documents.render import TEMPLATES, render, template_of
from services.agreements.tests.documents_sample import device_document
from services.agreements.vademecum import first_records
from tests.pdfa import PdfA

pytestmark = pytest.mark.unit

OWN = sorted({record.code for record in first_records()})
CODES = (*OWN, "general")
LANGUAGES: tuple[Language, ...] = ("it", "en")
FIRST_SECTIONS = {
    "donazione": "Beni e somme donati",
    "sponsorizzazione": "Prestazione dello sponsor",
    "concessione_comodato": "Bene dato in uso",
    "patto_di_collaborazione": "Ruoli e responsabilità",
    "accordo_di_partenariato": "Condizioni concordate",
}
ANNEXES = {
    "donazione": "Verbale di consegna",
    "sponsorizzazione": "Approvazione dell'uso del logo",
    "concessione_comodato": "Verbale di consegna e di riconsegna",
}


def whole(code: str, language: Language = "it") -> DocumentData:
    """A document with something in every part."""
    return device_document(language).model_copy(
        update={
            "instrument_code": code,
            "timeline": (MilestoneText(due="1 marzo 2027", title="Primi cento consegnati", party="Intesa Sanpaolo"),),
            "risks": (RiskText(kind="Imprevisto", text="Ritardi", level="Alto", mitigation="Deposito comunale"),),
            "overrides": (Paragraph(heading="Gara aperta", text="Conclusa in ottobre"),),
        }
    )


def text_of(pdf: bytes) -> str:
    pages = PdfReader(BytesIO(pdf)).pages
    return " ".join(" ".join(page.extract_text().split()) for page in pages).replace("’", "'")


@pytest.mark.parametrize("code", OWN)
def test_every_instrument_has_a_template_of_its_own(code: str) -> None:
    assert template_of(code) == f"instruments/{code}.typ"
    assert (TEMPLATES / template_of(code)).is_file()


def test_an_instrument_that_is_new_is_laid_out_too() -> None:
    assert template_of("patto_di_quartiere") == "instruments/general.typ"


@pytest.mark.parametrize("code", CODES)
def test_whatever_the_order_nothing_is_left_out(code: str) -> None:
    data = whole(code)
    text = text_of(render(data))
    parts = [*data.terms, *data.clauses, *data.communication, *data.roles, *data.attachments, *data.overrides]
    expected = [word for part in parts for word in (part.heading, part.text)]
    expected += [
        data.protocol,
        data.subject,
        data.public_interest,
        data.total_value,
        data.reference,
        "AMBIENTE DI PROVA",
    ]
    expected += [word for line in data.lines for word in (line.party, line.description, line.quantity)]
    expected += [one.title for one in data.indicators] + [one.field for one in data.signatories]
    expected += [data.timeline[0].title, data.risks[0].text, data.risks[0].mitigation]
    assert [word for word in expected if word not in text] == []


@pytest.mark.parametrize(("code", "section"), FIRST_SECTIONS.items())
def test_what_matters_most_to_the_instrument_comes_first(code: str, section: str) -> None:
    text = text_of(render(whole(code)))
    others = {"Articoli", "Piano d'impatto", *FIRST_SECTIONS.values()} - {section}
    assert section in text
    assert all(text.index(section) < text.index(other) for other in others if other in text)


@pytest.mark.parametrize(("code", "annex"), ANNEXES.items())
def test_forms_to_fill_in_later_come_with_it(code: str, annex: str) -> None:
    assert f"Allegato · {annex}" in text_of(render(whole(code)))


def test_all_of_them_are_pdf_a_in_both_languages(pdfa: PdfA) -> None:
    documents = {f"{code}-{language}": render(whole(code, language)) for code in CODES for language in LANGUAGES}

    found = pdfa.verdicts(documents)

    assert {name: verdict.broken for name, verdict in found.items() if not verdict.compliant} == {}
    assert found.keys() == documents.keys()
