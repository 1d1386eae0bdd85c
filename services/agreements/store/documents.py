"""Bytes: uploaded documents, revisions of the agreement's own document, the development signer's root."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from chassis.database.pool import Connection
from chassis.scope import Scope
from services.agreements.documents.signing import Authority

_AT_ONCE = 20
_REVISIONS = (
    "SELECT d.agreement_id, 0 AS amendment, d.revision, d.sha256, d.content, a.protocol_year AS year,"
    " a.protocol_number AS number FROM document_revision d JOIN agreement a USING (city, agreement_id)"
    " WHERE d.city = $1 UNION ALL"
    " SELECT d.agreement_id, d.amendment, d.revision, d.sha256, d.content, (m.one->'protocol'->>'year')::int,"
    " (m.one->'protocol'->>'number')::int FROM amendment_revision d JOIN agreement a USING (city, agreement_id)"
    " LEFT JOIN LATERAL (SELECT one FROM jsonb_array_elements(a.content->'amendments') AS one"
    "   WHERE (one->>'number')::int = d.amendment) m ON true WHERE d.city = $1"
)
"""Documents of agreements and of their amendments, each with the number it was registered by."""


@dataclass(frozen=True)
class Upload:
    """An uploaded file as it is given back."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class Revision:
    """One revision of an agreement's document; `registered` is the hash that the register has of it, if it has one."""

    agreement_id: UUID
    amendment: int
    """Which amendment it is about; 0 for the agreement itself."""
    revision: int
    sha256: str
    content: bytes
    registered: str | None


PDF, ENVELOPE = "application/pdf", "application/pkcs7-mime"


class Documents:
    """Documents are only ever added."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def file(self, scope: Scope, agreement_id: UUID, document_id: UUID, sha256: str, upload: Upload) -> None:
        """Keeps an uploaded file."""
        await self._connection.execute(
            "INSERT INTO filed_document (city, agreement_id, document_id, sha256, media_type, name, content)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7)",
            scope.city,
            agreement_id,
            document_id,
            sha256,
            upload.media_type,
            upload.name,
            upload.content,
        )

    async def remove(self, scope: Scope, agreement_id: UUID, document_id: UUID) -> None:
        """Lets go of an uploaded file that was taken out before the file was handed in."""
        await self._connection.execute(
            "DELETE FROM filed_document WHERE city = $1 AND agreement_id = $2 AND document_id = $3",
            scope.city,
            agreement_id,
            document_id,
        )

    async def filed(self, scope: Scope, agreement_id: UUID, document_id: UUID) -> Upload | None:
        row = await self._connection.fetchrow(
            "SELECT name, media_type, content FROM filed_document"
            " WHERE city = $1 AND agreement_id = $2 AND document_id = $3",
            scope.city,
            agreement_id,
            document_id,
        )
        return Upload(row["name"], row["media_type"], row["content"]) if row else None

    async def add_revision(
        self,
        scope: Scope,
        agreement_id: UUID,
        revision: int,
        sha256: str,
        content: bytes,
        now: datetime,
        media_type: str = PDF,
        origin: Literal["system", "outside"] = "system",
    ) -> None:
        """Revision 0 is the approved document, each signature brings the next."""
        await self._connection.execute(
            "INSERT INTO document_revision (city, agreement_id, revision, sha256, content, made_at, media_type, origin)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            scope.city,
            agreement_id,
            revision,
            sha256,
            content,
            now,
            media_type,
            origin,
        )

    async def approved(self, scope: Scope, agreement_id: UUID) -> bytes | None:
        """The document as it was approved."""
        content: bytes | None = await self._connection.fetchval(
            "SELECT content FROM document_revision WHERE city = $1 AND agreement_id = $2 AND revision = 0",
            scope.city,
            agreement_id,
        )
        return content

    async def latest(self, scope: Scope, agreement_id: UUID) -> tuple[int, bytes] | None:
        """The newest revision and its number."""
        row = await self._connection.fetchrow(
            "SELECT revision, content FROM document_revision WHERE city = $1 AND agreement_id = $2"
            " ORDER BY revision DESC LIMIT 1",
            scope.city,
            agreement_id,
        )
        return (row["revision"], row["content"]) if row else None

    async def revisions(self, scope: Scope) -> AsyncIterator[Revision]:
        """Every revision of every document, a few at a time."""
        after: tuple[UUID, int, int] = (UUID(int=0), -1, -1)
        while True:
            rows = await self._connection.fetch(
                "SELECT r.agreement_id, r.amendment, r.revision, r.sha256, r.content, e.document_sha256 AS registered"
                f" FROM ({_REVISIONS}) r LEFT JOIN register_entry e ON r.revision = 0 AND e.city = $1"
                " AND e.act = 'registered' AND e.protocol_year = r.year AND e.protocol_number = r.number"
                " WHERE (r.agreement_id, r.amendment, r.revision) > ($2, $3, $4)"
                " ORDER BY r.agreement_id, r.amendment, r.revision LIMIT $5",
                scope.city,
                *after,
                _AT_ONCE,
            )
            for row in rows:
                yield Revision(**dict(row))
            if len(rows) < _AT_ONCE:
                return
            last = rows[-1]
            after = (last["agreement_id"], last["amendment"], last["revision"])

    async def authority(self, scope: Scope) -> Authority | None:
        """The root of the city's development signer."""
        row = await self._connection.fetchrow(
            "SELECT certificate, private_key FROM development_authority WHERE city = $1", scope.city
        )
        return Authority(row["certificate"], row["private_key"]) if row else None

    async def keep_authority(self, scope: Scope, authority: Authority, now: datetime) -> Authority:
        """The city's root: `authority`, or the one that somebody kept just before."""
        await self._connection.execute(
            "INSERT INTO development_authority (city, certificate, private_key, created_at)"
            " VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
            scope.city,
            authority.certificate,
            authority.private_key,
            now,
        )
        return await self.authority(scope) or authority
