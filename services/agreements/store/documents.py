"""Bytes: uploaded documents, revisions of the agreement's own document, the development signer's root."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.database.pool import Connection
from chassis.scope import Scope
from services.agreements.documents.signing import Authority

_AT_ONCE = 20


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
    revision: int
    sha256: str
    content: bytes
    registered: str | None


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
        self, scope: Scope, agreement_id: UUID, revision: int, sha256: str, content: bytes, now: datetime
    ) -> None:
        """Revision 0 is the approved document, each signature brings the next."""
        await self._connection.execute(
            "INSERT INTO document_revision (city, agreement_id, revision, sha256, content, made_at)"
            " VALUES ($1, $2, $3, $4, $5, $6)",
            scope.city,
            agreement_id,
            revision,
            sha256,
            content,
            now,
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
        after: tuple[UUID, int] = (UUID(int=0), -1)
        while True:
            rows = await self._connection.fetch(
                "SELECT r.agreement_id, r.revision, r.sha256, r.content, e.document_sha256 AS registered"
                " FROM document_revision r JOIN agreement a USING (city, agreement_id)"
                " LEFT JOIN register_entry e ON r.revision = 0 AND e.city = a.city AND e.act = 'registered'"
                " AND (e.protocol_year, e.protocol_number) = (a.protocol_year, a.protocol_number)"
                " WHERE r.city = $1 AND (r.agreement_id, r.revision) > ($2, $3)"
                " ORDER BY r.agreement_id, r.revision LIMIT $4",
                scope.city,
                *after,
                _AT_ONCE,
            )
            for row in rows:
                yield Revision(**dict(row))
            if len(rows) < _AT_ONCE:
                return
            after = (rows[-1]["agreement_id"], rows[-1]["revision"])

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
