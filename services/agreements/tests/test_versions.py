"""Versions of a file, the redline between them, and the preview of what is not saved."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from services.agreements.tests.story import DEPARTMENT, DONATION_TERMS, GUIDE, LEGAL, STRANGER, Story, donation

pytestmark = pytest.mark.integration


def text_of(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text().split()) for page in PdfReader(BytesIO(pdf)).pages)


def with_terms(**terms: str) -> dict[str, Any]:
    return {"instrument": "donazione", "terms": DONATION_TERMS | terms}


async def edited_twice(story: Story) -> tuple[str, int, int]:
    """A file whose acceptance was reworded, and the two versions."""
    one = await story.filled(donation())
    first = (await story.get(one))["version"]
    last = (await story.done(one, "instrument", GUIDE, with_terms(acceptance="Determina 31/2026")))["version"]
    return one, first, last


async def test_a_redline_says_which_word_changed(story: Story) -> None:
    one, first, last = await edited_twice(story)
    path = f"/agreements/api/v1/agreements/{one}"

    kept = (await story.as_(LEGAL).get(f"{path}/versions")).json()["items"]
    found = await story.as_(LEGAL).get(f"{path}/redline", params={"from": first, "to": last})

    assert [version["version"] for version in kept][:2] == [last, last - 1]
    assert found.status_code == 200, found.text
    [change] = found.json()["changes"]
    assert [run["text"] for run in change["runs"] if run["op"] == "gone"] == ["12/2026"]
    assert [run["text"] for run in change["runs"] if run["op"] == "new"] == ["31/2026"]


async def test_what_was_written_before_the_instrument_was_chosen_cannot_be_compared(story: Story) -> None:
    one, _first, last = await edited_twice(story)
    found = await story.as_(LEGAL).get(f"/agreements/api/v1/agreements/{one}/redline", params={"from": 1, "to": last})
    assert found.status_code == 422
    assert found.json()["errors"][0]["pointer"] == "/from"


async def test_versions_are_for_those_who_may_read_the_file(story: Story) -> None:
    one, first, last = await edited_twice(story)
    path = f"/agreements/api/v1/agreements/{one}"
    for actor, status in ((STRANGER, 404), (DEPARTMENT, 200)):
        found = await story.as_(actor).get(f"{path}/redline", params={"from": first, "to": last})
        assert found.status_code == status


async def test_a_preview_shows_what_is_not_saved_and_saves_nothing(story: Story) -> None:
    one, _first, last = await edited_twice(story)
    answer = await story.post(one, "preview", GUIDE, with_terms(acceptance="Determina 99/2026"))

    assert answer.status_code == 200, answer.text
    assert "Determina 99/2026" in text_of(answer.content)
    assert "BOZZA" in text_of(answer.content)
    file = await story.get(one)
    assert (file["version"], file["terms"]["acceptance"]) == (last, "Determina 31/2026")


async def test_a_preview_refuses_what_saving_would_refuse(story: Story) -> None:
    one = await story.filled(donation())
    answer = await story.post(one, "preview", GUIDE, with_terms(colour="blu"))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/terms/colour"
    assert (await story.post(one, "preview", DEPARTMENT, with_terms())).status_code == 403


async def test_the_page_shows_the_redline_between_chosen_versions(story: Story) -> None:
    one, first, last = await edited_twice(story)
    path = f"/agreements/files/{one}/redline"

    page = await story.as_(LEGAL).get(path, params={"from": first, "to": last})
    assert page.status_code == 200
    assert "<del>12/2026</del>" in page.text
    assert "<ins>31/2026</ins>" in page.text
    newest = await story.as_(LEGAL).get(path)
    assert "<ins>31/2026</ins>" in newest.text  # the last change is what one wants to see first
    same = await story.as_(LEGAL).get(path, params={"from": last, "to": last})
    assert "<ins>" not in same.text


async def test_the_form_previews_what_was_typed(story: Story) -> None:
    one, _first, _last = await edited_twice(story)
    typed = {"terms.acceptance": "Determina 77/2026", "language": "en"}
    answer = await story.as_(GUIDE).post(f"/agreements/files/{one}/preview", data=typed)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    assert "Determina 77/2026" in text_of(answer.content)
    assert "DRAFT" in text_of(answer.content)
