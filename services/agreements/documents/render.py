"""Documents as PDF/A-2b, made with typst; the same data give the same bytes.

Determinism needs three things at once: a fixed creation time (from the document's own date, never a
clock), fonts that ship with the packages (never the machine's), and data passed as sorted JSON.
"""

import asyncio
import hashlib
import re
from datetime import UTC, date, datetime, time
from functools import cache
from importlib.resources import files
from pathlib import Path

import typst

from chassis import log
from services.agreements.documents.data import DocumentData, Printed
from services.agreements.domain.lettering import MARK

TEMPLATES = Path(__file__).parent / "templates"
_FONTS = ("bootstrap_italia_template", "static/fonts/Titillium_Web")
_BEYOND_LATIN = re.compile(r"[^\n -~\u00a0-\u00ac\u00ae-\u0131\u2013\u2014\u2018\u2019\u201c\u201d\u2026\u20ac]")
_logger = log.get("documents")


@cache
def _font_paths() -> list[str]:
    package, folder = _FONTS
    return [str(files(package).joinpath(folder))]


def render(data: DocumentData) -> bytes:
    """The document as PDF/A-2b bytes. Takes some 100 ms of CPU: call `render_off_loop` from a loop."""
    return compile_pdf(template_of(data.instrument_code), data, data.document_date)


def template_of(instrument: str) -> str:
    """The instrument's own template, else the general one."""
    own = f"instruments/{instrument}.typ"
    return own if (TEMPLATES / own).is_file() else "instruments/general.typ"


def compile_pdf(template: str, data: Printed, on: date) -> bytes:
    """PDF/A-2b of `template` with `data`, dated `on`.

    Words come as `domain.lettering` leaves them. Should typst still find what it cannot set (accents in an order nobody
    thought of), the document is made with Latin letters alone rather than not at all.
    """
    # Once more through the model: a copy with other words was not looked at.
    words = type(data).model_validate(data.model_dump()).model_dump_json()
    try:
        return _compiled(template, words, on)
    except BaseException as error:
        if not _is_about_letters(error):
            raise
        _logger.warning("document.letters_replaced", template=template, error=type(error).__name__)
        return _compiled(template, _BEYOND_LATIN.sub(MARK, words), on)


def _is_about_letters(error: BaseException) -> bool:
    """A character without a glyph, or typst's own fault in setting one: a Rust panic, no `Exception` to Python."""
    missing = isinstance(error, typst.TypstError) and "could not be displayed" in str(error)
    return missing or type(error).__name__ == "PanicException"


def _compiled(template: str, words: str, on: date) -> bytes:
    pdf: bytes = typst.compile(
        str(TEMPLATES / template),
        root=str(TEMPLATES),
        font_paths=_font_paths(),
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"data": words},
        pdf_standards="a-2b",
        timestamp=datetime.combine(on, time(), UTC),
    )
    # Signatures are appended to the file: PDF/A wants every object of theirs to begin on a line of its own.
    return pdf + b"\n"


async def render_off_loop(data: DocumentData) -> bytes:
    """As `render`, in a thread: typst lets the interpreter go while it compiles."""
    return await asyncio.to_thread(render, data)


def content_hash(document: bytes) -> str:
    """The SHA-256 of a document as the register holds it (lower-case hexadecimal)."""
    return hashlib.sha256(document).hexdigest()
