"""Attacks on a PDF that somebody signed with software of their own: each is refused, with its reason."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name, pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigFieldSpec, append_signature_field

from services.agreements.documents.fields import with_fields
from services.agreements.documents.render import render
from services.agreements.documents.verification import MAX_SIZE, Reason
from services.agreements.tests.documents_sample import FIELDS, device_document
from services.agreements.tests.outside import NO_CHANGES, NOW, Provider, approved_document, asked, why
from services.agreements.tests.pki import Holder

pytestmark = pytest.mark.unit
R = Reason


@dataclass(frozen=True)
class Signed:
    """An approved document and the same signed by one party outside (B-T)."""

    provider: Provider
    holder: Holder
    approved: bytes
    document: bytes

    @property
    def gap(self) -> tuple[int, int]:
        """Where the last signature's container begins and ends, brackets included."""
        _, start, end, _ = (int(one) for one in self._last.byte_range)
        return start, end

    @property
    def _last(self) -> Any:
        return PdfFileReader(BytesIO(self.document)).embedded_regular_signatures[-1]


@pytest.fixture(scope="module")
async def signed() -> Signed:
    provider, approved = Provider.make(), approved_document()
    holder = provider.ca.signatory()
    return Signed(provider, holder, approved, await provider.pades(approved, holder, stamped=NOW))


async def reasons(signed: Signed, document: bytes) -> set[Reason]:
    return why(await asked(document, signed.approved, signed.provider.trust()))


async def test_the_signed_document_itself_is_accepted(signed: Signed) -> None:
    found = await asked(signed.document, signed.approved, signed.provider.trust())
    assert found.ok, found.reasons
    assert [(one.baseline, one.proof, one.revocation) for one in found.signatures] == [
        ("PAdES B-T", "time-stamp", "crl")
    ]


def updated(document: bytes, change: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
    """`document` with one more revision."""
    writer = IncrementalPdfFileWriter(BytesIO(document))
    change(writer)
    output = BytesIO()
    writer.write(output)
    return output.getvalue()


def _page(writer: IncrementalPdfFileWriter) -> Any:
    return writer.root["/Pages"]["/Kids"][0]


def rotate(writer: IncrementalPdfFileWriter) -> None:
    _page(writer)["/Rotate"] = generic.NumberObject(180)
    writer.update_container(_page(writer))


def annotate(writer: IncrementalPdfFileWriter) -> None:
    note = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Annot"), pdf_name("/Subtype"): pdf_name("/FreeText"),
            pdf_name("/Rect"): generic.ArrayObject(list(map(generic.NumberObject, (50, 50, 500, 500)))),
            pdf_name("/Contents"): pdf_string("EUR 1"), pdf_name("/DA"): pdf_string("/Helv 12 Tf"),
        }
    )  # fmt: skip
    _page(writer)["/Annots"].append(writer.add_object(note))
    writer.update_container(_page(writer)["/Annots"])


def other_content(writer: IncrementalPdfFileWriter) -> None:
    stream = generic.StreamObject(stream_data=b"BT /F1 12 Tf 50 700 Td (Altro) Tj ET")
    _page(writer)["/Contents"] = writer.add_object(stream)
    writer.update_container(_page(writer))


def fill_in_a_form(writer: IncrementalPdfFileWriter) -> None:
    field = generic.DictionaryObject(
        {
            pdf_name("/FT"): pdf_name("/Tx"), pdf_name("/T"): pdf_string("importo"),
            pdf_name("/V"): pdf_string("1"), pdf_name("/Ff"): generic.NumberObject(0),
        }
    )  # fmt: skip
    form = writer.root["/AcroForm"]
    form["/Fields"].append(writer.add_object(field))
    writer.update_container(form["/Fields"])


def retitle(writer: IncrementalPdfFileWriter) -> None:
    writer.set_info(generic.DictionaryObject({pdf_name("/Title"): pdf_string("Altro")}))


def only_metadata(writer: IncrementalPdfFileWriter) -> None:
    writer.update_root()


def act_on_opening(writer: IncrementalPdfFileWriter) -> None:
    script = {pdf_name("/S"): pdf_name("/JavaScript"), pdf_name("/JS"): pdf_string("app.alert(1)")}
    writer.root["/OpenAction"] = writer.add_object(generic.DictionaryObject(script))
    writer.update_root()


def leave_something_for_later(writer: IncrementalPdfFileWriter) -> None:
    writer.add_object(generic.StreamObject(stream_data=b"hidden"))


def replace_a_font(writer: IncrementalPdfFileWriter) -> None:
    """Shadow attack "replace": the same text, drawn with other letters."""
    font = next(iter(_page(writer)["/Resources"]["/Font"].values())).get_object()
    font["/BaseFont"] = pdf_name("/Other")
    writer.update_container(font)


def evidence_and_more(writer: IncrementalPdfFileWriter) -> None:
    writer.root["/DSS"] = writer.add_object(generic.DictionaryObject({pdf_name("/Certs"): generic.ArrayObject([])}))
    writer.update_root()
    rotate(writer)


def empty_the_signature(writer: IncrementalPdfFileWriter) -> None:
    """Universal signature forgery: a signature without anything to check."""
    signature = _signature(writer)
    signature["/Contents"] = generic.ByteStringObject(b"")
    writer.update_container(signature)


def lose_the_byte_range(writer: IncrementalPdfFileWriter) -> None:
    signature = _signature(writer)
    del signature["/ByteRange"]
    writer.update_container(signature)


def strip_the_value(writer: IncrementalPdfFileWriter) -> None:
    field = writer.root["/AcroForm"]["/Fields"][0]
    del field["/V"]
    writer.update_container(field)


def duplicate_the_signature(writer: IncrementalPdfFileWriter) -> None:
    """One container in two fields, as if two had signed."""
    fields = writer.root["/AcroForm"]["/Fields"]
    first, second = fields[0], fields[1]
    second["/V"] = first.raw_get("/V")
    writer.update_container(second)


def a_visible_field(writer: IncrementalPdfFileWriter) -> None:
    append_signature_field(writer, SigFieldSpec("Timbro", box=(0, 0, 600, 800)))


def _signature(writer: IncrementalPdfFileWriter) -> Any:
    return writer.root["/AcroForm"]["/Fields"][0]["/V"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (annotate, {R.CHANGED_AFTER_SIGNING, R.NOT_WHOLE_DOCUMENT}),
        (rotate, {R.CHANGED_AFTER_SIGNING, R.NOT_WHOLE_DOCUMENT}),
        (other_content, {R.CHANGED_AFTER_SIGNING, R.NOT_WHOLE_DOCUMENT}),
        (fill_in_a_form, {R.CHANGED_AFTER_SIGNING, R.NOT_WHOLE_DOCUMENT}),
        (retitle, {R.CHANGED_AFTER_SIGNING, R.NOT_WHOLE_DOCUMENT}),
        (only_metadata, {R.CHANGED_AFTER_SIGNING, R.NOT_WHOLE_DOCUMENT}),
        (act_on_opening, {R.CHANGED_AFTER_SIGNING, R.NOT_WHOLE_DOCUMENT}),
        (leave_something_for_later, {R.CHANGED_AFTER_SIGNING, R.NOT_WHOLE_DOCUMENT}),
        (replace_a_font, {R.CHANGED_AFTER_SIGNING, R.NOT_WHOLE_DOCUMENT}),
        (evidence_and_more, {R.CHANGED_AFTER_SIGNING}),
        (a_visible_field, {R.CHANGED_AFTER_SIGNING, R.VISIBLE_SIGNATURE}),
        (strip_the_value, {R.NOT_SIGNED}),
        (duplicate_the_signature, {R.SIGNATURE_UNEXPECTED}),
        (empty_the_signature, {R.UNREADABLE}),
        (lose_the_byte_range, {R.UNREADABLE}),
    ],
)
async def test_an_update_after_signing_is_refused(
    signed: Signed, change: Callable[[IncrementalPdfFileWriter], None], expected: set[Reason]
) -> None:
    assert expected <= await reasons(signed, updated(signed.document, change))


@pytest.mark.parametrize("change", [annotate, rotate, other_content, replace_a_font, act_on_opening, fill_in_a_form])
async def test_a_change_that_comes_in_with_the_signature_is_refused(
    signed: Signed, change: Callable[[IncrementalPdfFileWriter], None]
) -> None:
    """The signature covers it, the signatory wanted it; but it is not what was approved."""
    document = await signed.provider.pades(updated(signed.approved, change), signed.holder)
    assert R.CHANGED_BEFORE_SIGNING in await reasons(signed, document)


async def test_a_change_in_the_very_revision_of_the_signature_is_refused(signed: Signed) -> None:
    document = await signed.provider.pades(signed.approved, signed.holder, also=rotate)
    assert await reasons(signed, document) == {R.CHANGED_BEFORE_SIGNING}


async def test_a_new_title_in_the_revision_of_the_signature_is_refused(signed: Signed) -> None:
    document = await signed.provider.pades(signed.approved, signed.holder, also=retitle)
    assert R.CHANGED_AFTER_SIGNING in await reasons(signed, document)


async def test_a_visible_signature_is_refused_because_it_may_cover_the_text(signed: Signed) -> None:
    spec = SigFieldSpec("Timbro", box=(10, 10, 300, 300))
    document = await signed.provider.pades(signed.approved, signed.holder, field="Timbro", spec=spec)
    assert R.VISIBLE_SIGNATURE in await reasons(signed, document)


async def test_a_signature_after_one_that_allowed_none_is_refused(signed: Signed) -> None:
    closed = await signed.provider.pades(signed.approved, signed.holder, signing=NO_CHANGES)
    assert not await reasons(signed, closed)
    both = await signed.provider.pades(closed, signed.provider.ca.signatory(), field=FIELDS[1], forced=True)
    assert R.CHANGED_AFTER_SIGNING in await reasons(signed, both)


async def test_another_document_of_the_same_agreement_is_refused(signed: Signed) -> None:
    """Shadow attack "hide": what shows is right, what was signed is not what was approved."""
    other = with_fields(render(device_document(title="Altro")), FIELDS)
    assert R.NOT_THE_APPROVED_DOCUMENT in await reasons(signed, await signed.provider.pades(other, signed.holder))


def _by_hand(document: bytes, objects: dict[int, bytes], trailer: bytes = b"", freed: tuple[int, ...] = ()) -> bytes:
    """An incremental update written byte by byte: what no library would write."""
    previous = int(re.findall(rb"startxref\s+(\d+)", document)[-1])
    old = re.findall(rb"trailer\s*<<(.*?)>>\s*startxref", document, re.DOTALL)[-1]
    old = re.sub(rb"/Prev \d+|/Root \d+ \d+ R" if b"/Root" in trailer else rb"/Prev \d+", b"", old)
    body, entries = b"", b""
    for number, content in objects.items():
        entries += b"%d 1\n%010d 00000 n \n" % (number, len(document) + len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    for number in freed:
        entries += b"%d 1\n0000000000 00001 f \n" % number
    table = b"xref\n" + entries + b"trailer\n<<" + old + trailer + b"/Prev %d>>\n" % previous
    return document + body + table + b"startxref\n%d\n%%%%EOF\n" % (len(document) + len(body))


def _number_of(document: bytes, key: str) -> int:
    reader = PdfFileReader(BytesIO(document))
    return int(reader.root.raw_get(key).idnum)


async def test_another_catalogue_behind_the_signature_is_refused(signed: Signed) -> None:
    """Shadow attack "hide and replace": a second tree of pages comes to light."""
    pages = b"<</Type/Pages/Kids[9001 0 R]/Count 1>>"
    page = b"<</Type/Page/Parent 9000 0 R/MediaBox[0 0 9 9]>>"
    document = _by_hand(
        signed.document,
        {9000: pages, 9001: page, 9002: b"<</Type/Catalog/Pages 9000 0 R>>"},
        b"/Root 9002 0 R",
    )
    assert await reasons(signed, document) & {R.NOT_SIGNED, R.UNREADABLE, R.CHANGED_AFTER_SIGNING}


async def test_an_object_set_free_after_signing_is_refused(signed: Signed) -> None:
    """Shadow attack "hide": the layer over the hidden text is taken away."""
    page = PdfFileReader(BytesIO(signed.document)).root["/Pages"]["/Kids"].raw_get(0).idnum
    document = _by_hand(signed.document, {}, freed=(page,))
    assert await reasons(signed, document) & {R.CHANGED_AFTER_SIGNING, R.UNREADABLE}


async def test_objects_appended_without_any_table_are_refused(signed: Signed) -> None:
    """Incremental saving attack: lenient viewers rebuild the table and show the new page."""
    number = PdfFileReader(BytesIO(signed.document)).root["/Pages"]["/Kids"].raw_get(0).idnum
    page = b"%d 0 obj\n<</Type/Page/MediaBox[0 0 9 9]>>\nendobj\n" % number
    for ending in (b"", b"%%EOF\n", b"trailer\n<<>>\n%%EOF\n", b"startxref\n0\n%%EOF\n"):
        assert await reasons(signed, signed.document + page + ending)


async def test_a_hybrid_cross_reference_is_refused(signed: Signed) -> None:
    previous = int(re.findall(rb"startxref\s+(\d+)", signed.document)[-1])
    document = _by_hand(signed.document, {9000: b"<<>>"}, b"/XRefStm %d" % previous)
    assert await reasons(signed, document)


async def test_keys_smuggled_into_the_gap_are_refused(signed: Signed) -> None:
    """Signature wrapping: the gap is not signed, and its end is the only place where something fits."""
    start, end = signed.gap
    for smuggled in (b">/Reason(x)/Rest<", b">/ByteRange[0 1 2 3]/Rest<", b"                 "):
        place = end - 60
        document = signed.document[:place] + smuggled + signed.document[place + len(smuggled) :]
        assert start < place
        assert await reasons(signed, document) & {R.SIGNATURE_DAMAGED, R.UNREADABLE}


async def test_a_signed_part_moved_to_the_end_is_refused(signed: Signed) -> None:
    """Signature wrapping: other objects in front of the signed rest, the range adjusted."""
    start, end = signed.gap
    foreign = b"\n9000 0 obj\n<</Type/Page>>\nendobj\n"
    rest = signed.document[end:]
    moved = signed.document[:end] + foreign + rest
    old = re.findall(rb"/ByteRange \[[^\]]*\]", signed.document)[-1]
    new = b"/ByteRange [0 %d %d %d]" % (start, end + len(foreign), len(rest))
    for document in (moved, moved.replace(old, new.ljust(len(old)))):
        assert await reasons(signed, document) & {R.CONTENT_CHANGED, R.UNREADABLE, R.SIGNATURE_DAMAGED}


@pytest.mark.parametrize(
    "tampered",
    [
        lambda start, end, size: (0, start, end, size - end - 40),
        lambda start, end, size: (1, start - 1, end, size - end),
        lambda start, end, size: (0, start - 10, end, size - end),
        lambda start, end, size: (0, start, end + 10, size - end - 10),
        lambda start, end, size: (0, 0, end, size - end),
        lambda start, end, size: (0, start, 0, start),
        lambda start, end, size: (0, size, size, 0),
        lambda start, end, size: (0, -1, end, size),
    ],
)
async def test_another_byte_range_is_refused(signed: Signed, tampered: Any) -> None:
    start, end = signed.gap
    old = re.findall(rb"/ByteRange \[[^\]]*\]", signed.document)[-1]
    new = b"/ByteRange [%d %d %d %d]" % tampered(start, end, len(signed.document))
    assert await reasons(signed, signed.document.replace(old, new.ljust(len(old))))


async def test_a_container_of_another_document_is_refused(signed: Signed) -> None:
    other = await signed.provider.pades(with_fields(render(device_document(title="Altro")), FIELDS), signed.holder)
    _, start, end, _ = (int(one) for one in PdfFileReader(BytesIO(other)).embedded_regular_signatures[0].byte_range)
    container = other[start + 1 : end - 1].rstrip(b"0")
    begin, stop = signed.gap
    size = stop - begin - 2
    assert len(container) <= size
    document = signed.document[: begin + 1] + container.ljust(size, b"0") + signed.document[stop - 1 :]
    assert R.CONTENT_CHANGED in await reasons(signed, document)


@pytest.mark.parametrize("cut", [1, 2, 7, 100, 2000, 9000, 20000])
async def test_a_truncated_document_is_refused(signed: Signed, cut: int) -> None:
    assert await reasons(signed, signed.document[:-cut])


async def test_a_stripped_signature_is_not_signed(signed: Signed) -> None:
    assert await reasons(signed, signed.approved) == {R.NOT_SIGNED}


async def test_an_earlier_signature_must_not_get_lost(signed: Signed) -> None:
    """The second party signed the approved document instead of the one that the first had signed."""
    own = await signed.provider.pades(signed.approved, signed.provider.ca.signatory(), field=FIELDS[1])
    found = await asked(own, signed.approved, signed.provider.trust(), latest=signed.document)
    assert why(found) == {R.NOT_THE_LATEST}


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"%PDF-1.7\n" + b"0" * 1000, b"PK\x03\x04", b"\x00" * 50])
async def test_what_is_no_document_is_refused_without_an_error(signed: Signed, content: bytes) -> None:
    assert R.UNREADABLE in await reasons(signed, content)


async def test_a_document_beyond_all_measure_is_not_even_opened(signed: Signed) -> None:
    assert await reasons(signed, b"%PDF-1.7\n" + b"0" * MAX_SIZE) == {R.TOO_LARGE}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=st.floats(0, 1, exclude_max=True), inside=st.booleans(), bit=st.integers(0, 7))
def test_any_flipped_bit_is_refused(signed: Signed, where: float, inside: bool, bit: int) -> None:
    """Half of them in the container, where nothing but its own rules protects a bit."""
    start, end = signed.gap
    container = len(signed.document[start:end].rstrip(b">").rstrip(b"0"))
    place = start + int(where * container) if inside else int(where * len(signed.document))
    changed = bytearray(signed.document)
    changed[place] ^= 1 << bit
    assert asyncio.run(reasons(signed, bytes(changed))), place - start
