"""Documents on their way out."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response

from services.agreements.documents.verification.envelope import unwrap
from services.agreements.domain.file import AgreementFile
from services.agreements.store.documents import ENVELOPE, PDF


def as_download(content: bytes, name: str, media_type: str) -> Response:
    """Never shown inside our own pages: what somebody handed in is not to be trusted."""
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    return Response(content, media_type=media_type, headers=headers)


def document_to_read(file: AgreementFile, latest: bytes) -> Response:
    """The PDF, also when it was signed inside an envelope."""
    headers = {
        "Content-Disposition": f'inline; filename="{_name(file)}.pdf"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    return Response(unwrap(latest).pdf, media_type=PDF, headers=headers)


def document_to_sign(file: AgreementFile, latest: bytes) -> Response:
    """Exactly the bytes that have to be signed next: the PDF with its signature fields, or the envelope."""
    if latest.startswith(b"%PDF-"):
        return as_download(latest, f"{_name(file)}.pdf", PDF)
    return as_download(latest, f"{_name(file)}.pdf.p7m", ENVELOPE)


def _name(file: AgreementFile) -> str:
    return f"{file.instrument}-{file.protocol}".replace("/", "-")
