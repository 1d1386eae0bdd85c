"""Documents as PDF/A-2b, made with typst; the same data give the same bytes.

Determinism needs three things at once: a fixed creation time (from the document's own date, never a
clock), fonts that ship with the packages (never the machine's), and data passed as sorted JSON.
"""

import asyncio
import hashlib
from datetime import UTC, date, datetime, time
from functools import cache
from importlib.resources import files
from pathlib import Path

import typst

from services.agreements.documents.data import DocumentData

TEMPLATES = Path(__file__).parent / "templates"
_FONTS = ("bootstrap_italia_template", "static/fonts/Titillium_Web")


@cache
def _font_paths() -> list[str]:
    package, folder = _FONTS
    return [str(files(package).joinpath(folder))]


def render(data: DocumentData) -> bytes:
    """The document as PDF/A-2b bytes. Takes some 100 ms of CPU: call `render_off_loop` from a loop."""
    return compile_pdf(template_of(data.instrument_code), data.model_dump_json(), data.document_date)


def template_of(instrument: str) -> str:
    """The instrument's own template, else the general one."""
    own = f"instruments/{instrument}.typ"
    return own if (TEMPLATES / own).is_file() else "instruments/general.typ"


def compile_pdf(template: str, data: str, on: date) -> bytes:
    """PDF/A-2b of `template` with `data` (JSON), dated `on`."""
    pdf: bytes = typst.compile(
        str(TEMPLATES / template),
        root=str(TEMPLATES),
        font_paths=_font_paths(),
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"data": data},
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
