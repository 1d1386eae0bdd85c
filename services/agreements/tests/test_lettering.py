"""What a document shows of the words people write: always something, always the same; what is lost is told."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
import typst
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from services.agreements.documents import render as rendering
from services.agreements.documents.daily import DayData
from services.agreements.documents.data import DocumentData, Paragraph, PartyText, Printed
from services.agreements.documents.redline import redline
from services.agreements.documents.render import compile_pdf, render
from services.agreements.domain.checks import checks, open_checks
from services.agreements.domain.glyphs import FAMILIES
from services.agreements.domain.lettering import MARK, _range, cannot_show, named, shown
from services.agreements.tests.story import GUIDE, LEGAL, Story, donation
from services.agreements.tests.test_amendment_document import amended
from services.agreements.tests.test_checks import TODAY, file
from services.agreements.tests.test_render import text_of
from services.agreements.tests.test_templates import CODES, whole
from tests.pdfa import PdfA

ODD = {
    "picture": "Festa 🎉 dei 👨‍👩‍👧 bambini 🇮🇹",
    "chinese": "Associazione 华人街",
    "arabic": "جمعية الصداقة",
    "devanagari": "नमस्ते",
    "control": "una\x01 riga\x07 \x1b[31m",
    "private": "\ue000 \uf8ff \U0006e006 \U0010fffd",
    "no characters": "\ufdd0 \uffff",
    "turned round": "costa \u202e001 euro\u202c",
    "accents": "e\u0301 q\u0301 i\u20e3 \u0301\u0301\u0301",
    "blanks": "a\u1680b\u3000c\u2003d",
    "half a character": "\ud83d solo",
    "long": "https://example.org/" + "abcdefghij" * 40,
}
STYLES = Path(__file__).parent / "styles.typ"


def with_words(data: DocumentData, text: str) -> DocumentData:
    """`text` in every kind of place: title, header, tables, paragraphs, signatures."""
    party = PartyText(name=text, kind=text, role=text)
    return type(data).model_validate(
        data.model_dump()
        | {"title": text, "subject": text, "instrument": text, "office": text, "total_value": text}
        | {"parties": (party, *data.parties), "clauses": (Paragraph(heading=text, text=text), *data.clauses)}
        | {"signatories": tuple(one.model_dump() | {"party": text} for one in data.signatories)}
    )


@pytest.fixture
def never_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `lettering` leaves is set as it is: the second attempt with Latin letters alone is never needed."""

    def fails(error: BaseException) -> bool:
        raise error

    monkeypatch.setattr(rendering, "_is_about_letters", fails)


@pytest.mark.unit
@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Più perché città, n° 5 € – «sì»", "Più perché città, n° 5 € – «sì»"),
        ("Привет Ελλάδα Ș ș", "Привет Ελλάδα Ș ș"),
        ("Festa 🎉!", f"Festa {MARK}!"),
        ("👨‍👩‍👧", MARK),
        ("🇮🇹🇫🇷", MARK * 2),
        ("❤️", "❤"),
        ("1️⃣ posto", f"1{MARK} posto"),
        ("华人", MARK * 2),
        ("a\r\nb\rc", "a\nb\nc"),
        ("\ufeffcon segno", "con segno"),
        ("e\u0301", "é"),
        ("costa \u202e001", f"costa {MARK}001"),
        ("a\u3000b", "a b"),
        ("", ""),
    ],
)
def test_words_as_the_document_shows_them(written: str, read: str) -> None:
    assert shown(written) == read


@pytest.mark.unit
def test_what_is_lost_is_named_once_each() -> None:
    assert cannot_show("🎉 e \x07 e 🎉 e 华") == ("🎉", "\x07", "华")
    assert [named(one) for one in cannot_show("🎉 \x07 👨‍👩‍👧 \ud83d")] == ["🎉", "U+0007", "👨‍👩‍👧", "U+D83D"]
    assert cannot_show(f"già {MARK} perché") == ()


@pytest.mark.unit
@given(st.text(st.characters(exclude_categories=())))
@settings(max_examples=300)
def test_shown_again_it_is_the_same(text: str) -> None:
    once = shown(text)
    assert shown(once) == once
    assert cannot_show(once) == ()
    assert (MARK in once) == bool(cannot_show(text) or MARK in text)


@pytest.mark.unit
@pytest.mark.parametrize("family", FAMILIES)
def test_the_fonts_have_what_the_table_says_and_nothing_next_to_it(family: str) -> None:
    """Should a new typst or a new theme bring other fonts, this fails: then the table is read from them anew."""

    def compiles(text: str) -> bool:
        inputs = {"data": text, "family": family}
        options = {"ignore_system_fonts": True, "sys_inputs": inputs, "pdf_standards": "a-2b", "format": "pdf"}
        try:
            typst.compile(str(STYLES), font_paths=rendering._font_paths(), **options)
        except typst.TypstError:
            return False
        return True

    there = [one for part in FAMILIES[family].split() for one in _range(part)]
    assert compiles(" ".join(there))
    assert not any(map(compiles, "🎉华ไ"))


@pytest.mark.unit
@pytest.mark.usefixtures("never_replaced")
def test_every_template_shows_odd_words(pdfa: PdfA) -> None:
    day = DayData(
        city="Città 🎉 华", code="c_f205", day=date(2026, 11, 20), day_text="20 novembre 2026", entries=(),
        before="0" * 64, head="0" * 64, head_position=0,
    )  # fmt: skip
    everything = "; ".join(text for kind, text in ODD.items() if kind != "long")
    made = {code: render(with_words(whole(code), everything)) for code in CODES}
    made["amendment"] = compile_pdf("amendment.typ", with_words(amended("it"), everything), TODAY)
    made["day"] = compile_pdf("daily.typ", day, day.day)
    looked_at = {name: made[name] for name in ("donazione", "amendment", "day")}
    found = pdfa.verdicts(looked_at)
    assert {name: found[name].broken for name in looked_at} == dict.fromkeys(looked_at, ())
    assert f"Città {MARK} {MARK}" in text_of(made["day"])


@pytest.mark.integration
async def test_what_a_department_pasted_into_its_title_does_not_hold_an_agreement_up(story: Story) -> None:
    one = await story.filled(donation(need_title="Festa 🎉 华 \x07"))
    warning = next(check for check in (await story.get(one))["checks"] if check["code"] == "lettering")
    assert "in the title 🎉, 华, U+0007" in warning["text"]["en"]
    preview = await story.post(one, "preview", GUIDE, {"instrument": "donazione", "terms": {"acceptance": "sì 🎂"}})
    assert f"Festa {MARK} {MARK} {MARK}" in text_of(preview.content)
    await story.done(one, "submit", GUIDE)
    await story.done(one, "approve")
    kept = await story.as_(LEGAL).get(f"/agreements/api/v1/agreements/{one}/document.pdf")
    assert f"Festa {MARK} {MARK} {MARK}" in text_of(kept.content)


@pytest.mark.unit
@pytest.mark.usefixtures("never_replaced")
@pytest.mark.parametrize("kind", ODD)
def test_each_kind_of_odd_words_can_be_set(kind: str) -> None:
    assert render(with_words(whole("donazione"), ODD[kind]))


@pytest.mark.unit
def test_no_word_runs_off_the_page() -> None:
    lines = PdfReader(BytesIO(render(with_words(whole("general"), ODD["long"])))).pages[0].extract_text().splitlines()
    assert max(map(len, lines)) < 140, "a line is 112 letters of an address wide"


@pytest.mark.unit
@given(st.text(st.characters(exclude_categories=()), max_size=40))
@settings(max_examples=50)
def test_whatever_is_written_can_be_set(text: str) -> None:
    """Also in combinations that no list foresees: without the second attempt."""
    words = with_words(whole("general"), text).model_dump_json()
    assert rendering._compiled("instruments/general.typ", words, TODAY).startswith(b"%PDF")


@pytest.mark.unit
@pytest.mark.parametrize("kind", ["TypstError", "PanicException"])
def test_what_typst_cannot_set_all_the_same_is_made_with_latin_letters(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Rust panic is no `Exception`: uncaught it would end the request, and say nothing to anybody."""
    panic = type("PanicException", (BaseException,), {})
    errors = {"TypstError": typst.TypstError("the text could not be displayed", ""), "PanicException": panic()}
    compiled = rendering._compiled

    def once_in_vain(template: str, words: str, on: date) -> bytes:
        if "Ж" in words:
            raise errors[kind]
        return compiled(template, words, on)

    monkeypatch.setattr(rendering, "_compiled", once_in_vain)
    assert f"Più {MARK} di" in text_of(render(with_words(whole("general"), "Più Ж di")))


@pytest.mark.unit
def test_other_faults_are_not_taken_for_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(template: str, words: str, on: date) -> bytes:
        raise typst.TypstError("unknown variable: title", "")

    monkeypatch.setattr(rendering, "_compiled", broken)
    with pytest.raises(typst.TypstError, match="unknown variable"):
        render(whole("general"))


@pytest.mark.unit
def test_the_redline_compares_what_the_documents_show() -> None:
    before, after = (with_words(whole("general"), text) for text in ("Festa 🎉", "Festa 🎂"))
    assert not any(change.changed for change in redline(before, after))
    assert issubclass(DocumentData, Printed)
    assert issubclass(DayData, Printed)


@pytest.mark.unit
def test_the_file_says_what_its_document_cannot_show_and_is_not_held_up() -> None:
    odd = file("donazione", title="Festa 🎉", terms={"acceptance": "华 e 人", "note": "\x07"})
    one = next(check for check in checks(odd, None, TODAY) if check.code == "lettering")
    assert (one.severity, one.settled, one.pointer) == ("warning", True, "/title")
    assert one.text.en == (
        "The document cannot show some characters: in the title 🎉; in the terms 华, 人, U+0007. "
        "It shows □ in their place."
    )
    assert "nel titolo 🎉; nelle condizioni 华, 人, U+0007" in one.text.it
    assert "lettering" not in {check.code for check in open_checks(odd, None, TODAY)}
    assert "lettering" not in {check.code for check in checks(file("donazione"), None, TODAY)}
    page = file("donazione", title="".join(map(chr, range(0x4E00, 0x4E20))))
    assert next(check for check in checks(page, None, TODAY) if check.code == "lettering").text.it.count("U+") == 0
