"""Signature fields as part of the approved document."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields

from services.agreements.documents.fields import with_fields
from services.agreements.documents.render import render
from services.agreements.documents.signing import Signatory, create_authority, issue, sign
from services.agreements.tests.documents_sample import FIELDS, device_document
from tests.pdfa import PdfA

pytestmark = pytest.mark.unit
NOW = datetime.now(UTC)


def test_each_signatory_has_an_empty_field_without_any_area() -> None:
    reader = PdfFileReader(BytesIO(with_fields(render(device_document()), FIELDS)), strict=True)
    found = [(name, value, field.get_object()["/Rect"]) for name, value, field in enumerate_sig_fields(reader)]
    assert [name for name, _, _ in found] == list(FIELDS)
    assert all(value is None for _, value, _ in found)
    assert all([float(one) for one in rect] == [0, 0, 0, 0] for _, _, rect in found)


def test_the_same_document_and_names_give_the_same_bytes() -> None:
    document = render(device_document())
    assert with_fields(document, FIELDS) == with_fields(document, FIELDS)
    assert with_fields(document, FIELDS).startswith(document)
    assert with_fields(document, FIELDS) != with_fields(document, FIELDS[:2])


async def test_it_stays_pdf_a_also_when_signed(pdfa: PdfA) -> None:
    approved = with_fields(render(device_document()), FIELDS)
    authority = create_authority("c_f205", NOW)
    signed = approved
    for field in FIELDS:
        person = Signatory(f"org:{field}", "Fondazione", f"person:{field}", "Maria Bianchi")
        signed = await sign(signed, field=field, fields=FIELDS, credential=issue(authority, person, NOW), now=NOW)
    verdicts = pdfa.verdicts({"approved": approved, "signed": signed})
    assert {name: (one.compliant, one.broken) for name, one in verdicts.items()} == {
        "approved": (True, ()),
        "signed": (True, ()),
    }
