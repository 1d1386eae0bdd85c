"""The public vademecum: from the records in force, in easy words, with a way to the right instrument."""

from __future__ import annotations

import re
from datetime import date
from io import BytesIO
from itertools import product
from typing import Any, get_args

import pytest
from pypdf import PdfReader

from contracts.values import ResourceKind
from services.agreements.domain.wayfinding import Answers, Company, Return, Who, suggest
from services.agreements.pages.vademecum import CHOICES, QUESTIONS
from services.agreements.publication.vademecum import easy_words, specimen_pdf
from services.agreements.tests.story import Story
from services.agreements.vademecum import first_records

TODAY = date(2027, 1, 1)
RECORDS = first_records()
CODES = sorted({record.code for record in RECORDS})
HTML = {"Accept": "text/html"}
CASES = {
    "devices", "expertise", "stem_workshops", "liberal_donation", "mutual_aid_fund", "food", "mural", "plogging",
    "nutrition",
}  # fmt: skip
"""The city's partnerships that the demonstration plays."""


@pytest.mark.unit
def test_every_instrument_has_easy_words_and_an_example_from_milan() -> None:
    assert sorted(easy_words()) == CODES
    assert {words.case for words in easy_words().values()} <= CASES


@pytest.mark.unit
@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("language", ["it", "en"])
def test_the_words_are_easy(code: str, language: str) -> None:
    words = easy_words()[code]
    parts = [words.for_whom, words.when, words.visibility, words.example, *words.need, *words.good_to_know]
    for part in parts:
        for sentence in re.split(r"(?<=[.:;?])\s", part.in_(language)):
            assert len(sentence.split()) <= 25, sentence


@pytest.mark.unit
def test_every_answer_that_can_be_given_is_asked_for() -> None:
    kinds = {"what": ResourceKind, "back": Return, "who": Who, "group": Company}
    assert set(QUESTIONS) == set(CHOICES) == set(Answers.model_fields) == set(kinds)
    for name, kind in kinds.items():
        assert set(CHOICES[name]) == set(get_args(kind))


@pytest.mark.unit
def test_every_combination_of_answers_leads_somewhere_and_every_instrument_is_reached() -> None:
    first, nowhere = set(), []
    for values in product(*(CHOICES[name] for name in QUESTIONS)):
        answers = Answers.model_validate(dict(zip(QUESTIONS, values, strict=True)))
        fitting = [one for one in suggest(RECORDS, answers, TODAY) if one.fits]
        if fitting:
            first.add(fitting[0].code)
            assert fitting[0].reasons
        else:
            nowhere.append(values)
    assert first == set(CODES)
    assert nowhere == []


@pytest.mark.unit
@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"what": "money", "back": "visibility", "who": "company", "group": "alone"}, "sponsorizzazione"),
        ({"what": "goods", "back": "none", "who": "company", "group": "alone"}, "donazione"),
        ({"what": "space", "back": "none", "who": "company", "group": "alone"}, "concessione_comodato"),
        ({"what": "volunteering", "back": "none", "who": "association", "group": "alone"}, "patto_di_collaborazione"),
        ({"what": "expertise", "back": "none", "who": "university", "group": "alone"}, "accordo_di_collaborazione"),
        ({"what": "service", "back": "visibility", "who": "foundation", "group": "alone"}, "accordo_di_co_produzione"),
        ({"what": "service", "back": "none", "who": "association", "group": "together"}, "accordo_di_partenariato"),
    ],
)
def test_typical_answers_lead_to_the_instrument_of_the_source(given: Any, code: str) -> None:
    assert suggest(RECORDS, Answers.read(given), TODAY)[0].code == code


@pytest.mark.unit
def test_an_answer_that_is_none_is_a_question_still_open() -> None:
    answers = Answers.read({"what": "gold", "who": "company", "x": "y"})
    assert answers.given() == {"who": "company"}
    assert answers.open_question() == "what"


@pytest.mark.unit
@pytest.mark.parametrize("code", CODES)
async def test_the_specimen_has_placeholders_and_is_the_same_every_time(code: str) -> None:
    record = max((one for one in RECORDS if one.code == code), key=lambda one: one.version)
    for language, word in (("it", "BOZZA"), ("en", "DRAFT")):
        document = await specimen_pdf(record, language, "c_f205", "Comune di Milano")  # type: ignore[arg-type]
        text = "".join(page.extract_text() for page in PdfReader(BytesIO(document)).pages)
        assert word in text
        assert "[" in text
        assert record.title.in_(language).split()[0].upper() in text.upper()


async def page(story: Story, address: str, status: int = 200, **headers: str) -> str:
    answer = await story.desk.client().get(f"/agreements/{address}", headers=HTML | headers)
    assert answer.status_code == status, answer.text
    return answer.text


@pytest.mark.integration
async def test_the_path_asks_one_question_at_a_time_and_answers_with_reasons(story: Story) -> None:
    address = "vademecum/which"
    shown = await page(story, address)
    for answer in ("what=goods", "back=none", "who=company", "group=alone"):
        assert "What fits what you said" not in shown
        name = answer.split("=")[0]
        assert f'name="{name}"' in shown
        address += ("&" if "?" in address else "?") + answer
        shown = await page(story, address)
    assert "What fits what you said" in shown
    assert shown.index("It fits best") < shown.index("/agreements/vademecum/donazione")
    assert "Why not the others" in shown
    assert 'href="/agreements/vademecum/which?what=goods&amp;back=none"' in shown


@pytest.mark.integration
@pytest.mark.parametrize("code", CODES)
async def test_every_instrument_has_a_page_in_both_languages(story: Story, code: str) -> None:
    italian, english = await page(story, f"vademecum/{code}?lang=it"), await page(story, f"vademecum/{code}?lang=en")
    words = easy_words()[code]
    record = max((one for one in RECORDS if one.code == code), key=lambda one: one.version)
    assert record.title.it in italian
    assert record.title.en in english
    assert words.need[0].en.replace("'", "&#39;") in english
    assert "{threshold}" not in english
    marked = "To be confirmed by the Legal Office" in english
    assert marked == record.to_be_confirmed
    assert record.source.replace("'", "&#39;") in english


@pytest.mark.integration
async def test_the_template_is_there_to_download_and_what_is_not_there_is_said(story: Story) -> None:
    answer = await story.desk.client().get("/agreements/vademecum/donazione/specimen.pdf?language=en")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")
    await page(story, "vademecum/nothing", 404)
    await page(story, "vademecum/nothing/specimen.pdf", 404)
    await page(story, "vademecum/donazione/specimen.pdf?language=fr", 422)
    shown = await page(story, "vademecum")
    assert [code for code in CODES if f"/agreements/vademecum/{code}" not in shown] == []


@pytest.mark.integration
async def test_an_announced_version_is_said_and_not_yet_in_force(story: Story) -> None:
    from chassis.scope import Scope

    record = max((one for one in RECORDS if one.code == "donazione"), key=lambda one: one.version)
    coming = record.model_copy(update={"version": record.version + 1, "valid_from": date(2099, 1, 1)})
    async with story.desk.app.state.units.begin(Scope("*", "test")) as unit:
        await unit.store.instruments.add(unit.scope, [coming])
    shown = await page(story, "vademecum/donazione?lang=en")
    assert f"version {coming.version}" in shown
    assert f"Version {record.version}" in shown
