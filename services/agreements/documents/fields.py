"""Signature fields: part of the approved document, so that whoever signs it, with whatever software, adds nothing else.

One field per signatory, named after it, without any area: a picture of a signature could lie over the text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from io import BytesIO
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import InvisSigSettings, SigFieldSpec, append_signature_field, enumerate_sig_fields

_APPEND_ONLY = 3  # signatures exist, and later changes are appended (ISO 32000-1, table 219)


def with_fields(pdf: bytes, names: Sequence[str]) -> bytes:
    """`pdf` with an empty signature field for each of `names`. The same document and names give the same bytes."""
    writer = _Writer(BytesIO(pdf))
    _append(writer, names)
    output = BytesIO()
    writer.write(output)  # type: ignore[no-untyped-call]
    return output.getvalue()


def append_missing(writer: IncrementalPdfFileWriter, names: Sequence[str]) -> None:
    """Adds to what is being written whichever of the fields the document lacks."""
    there = {name for name, _, _ in enumerate_sig_fields(writer.prev)}
    _append(writer, [name for name in names if name not in there])


def _append(writer: IncrementalPdfFileWriter, names: Sequence[str]) -> None:
    for name in names:
        append_signature_field(writer, SigFieldSpec(name, invis_sig_settings=InvisSigSettings()))
    if names:
        writer.root["/AcroForm"]["/SigFlags"] = generic.NumberObject(_APPEND_ONLY)  # type: ignore[no-untyped-call]
        writer.update_container(writer.root["/AcroForm"])


class _Writer(IncrementalPdfFileWriter):
    """Takes neither chance nor the clock into the document."""

    @classmethod
    def _handle_id(cls, prev: PdfFileReader) -> generic.ArrayObject:
        first, second = prev.trailer["/ID"]
        following = hashlib.sha256(_raw(first) + _raw(second)).digest()[:16]
        return generic.ArrayObject([generic.ByteStringObject(_raw(first)), generic.ByteStringObject(following)])

    def _update_meta(self) -> None:
        """The document's metadata are those that it was made with."""


def _raw(text: Any) -> bytes:
    return bytes(text.original_bytes)
