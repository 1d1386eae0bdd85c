"""What belongs to signatures: who is expected, what was handed in, what was judged by."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel

from chassis.database.pool import Connection
from chassis.scope import Scope
from services.agreements.domain.signatories import Named

MOST_KEPT = 10
"""Refused documents of one agreement whose bytes are kept; older ones go first."""

_UPLOAD = (
    "upload_id, at, actor, file_name, media_type, sha256, size, accepted, revision, reasons, signatures,"
    " content IS NOT NULL AS kept, keep_until"
)


class UploadLine(BaseModel):
    """One document that was handed in, and what was found. `signatures` name people: only for who may see them."""

    upload_id: UUID
    at: datetime
    actor: str
    file_name: str
    media_type: str
    sha256: str
    size: int
    accepted: bool
    revision: int | None
    reasons: list[dict[str, Any]]
    signatures: list[dict[str, Any]]
    kept: bool
    keep_until: date | None


@dataclass(frozen=True)
class Material:
    """What signatures were judged by: anchors, revocation lists and answers that were asked for, DER."""

    anchors: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()


class Signatures:
    """Beside the file: personal data of signatories and the evidence of their signatures."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def name(
        self, scope: Scope, agreement_id: UUID, named: Iterable[Named], now: datetime, amendment: int = 0
    ) -> None:
        """Who is expected, under the agreement or one amendment, all at once: what was said before is replaced."""
        await self._connection.execute(
            "DELETE FROM named_signatory WHERE city = $1 AND agreement_id = $2 AND amendment = $3",
            scope.city,
            agreement_id,
            amendment,
        )
        await self._connection.executemany(
            "INSERT INTO named_signatory (city, agreement_id, party_id, seat, name, tax_code, organisation_code,"
            " set_at, set_by, amendment) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            [
                (
                    scope.city,
                    agreement_id,
                    one.party_id,
                    one.seat,
                    one.name,
                    one.tax_code,
                    one.organisation_code,
                    now,
                    scope.actor,
                    amendment,
                )
                for one in named
                if one.says_something
            ],
        )

    async def named(self, scope: Scope, agreement_id: UUID, amendment: int = 0) -> list[Named]:
        """Who is expected; under an amendment, where nobody else was named for it, whoever is for the agreement."""
        rows = await self._connection.fetch(
            "SELECT DISTINCT ON (party_id, seat) party_id, seat, name, tax_code, organisation_code FROM named_signatory"
            " WHERE city = $1 AND agreement_id = $2 AND amendment IN (0, $3) ORDER BY party_id, seat, amendment DESC",
            scope.city,
            agreement_id,
            amendment,
        )
        return [Named(**dict(row)) for row in rows]

    async def named_for(self, scope: Scope, agreement_id: UUID, amendment: int) -> list[Named]:
        """Who was named for this amendment alone."""
        rows = await self._connection.fetch(
            "SELECT party_id, seat, name, tax_code, organisation_code FROM named_signatory"
            " WHERE city = $1 AND agreement_id = $2 AND amendment = $3 ORDER BY party_id, seat",
            scope.city,
            agreement_id,
            amendment,
        )
        return [Named(**dict(row)) for row in rows]

    async def note(
        self, scope: Scope, agreement_id: UUID, line: UploadLine, content: bytes | None, amendment: int = 0
    ) -> None:
        """One more document that was handed in, of an amendment or with 0 of the agreement; `content` if refused."""
        await self._connection.execute(
            "INSERT INTO signature_upload (city, agreement_id, upload_id, at, actor, file_name, media_type, sha256,"
            " size, accepted, revision, reasons, signatures, content, keep_until, amendment)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
            scope.city,
            agreement_id,
            line.upload_id,
            line.at,
            line.actor,
            line.file_name,
            line.media_type,
            line.sha256,
            line.size,
            line.accepted,
            line.revision,
            line.reasons,
            line.signatures,
            content,
            line.keep_until,
            amendment,
        )
        # Whoever may sign may hand in as often as they like: a file never holds more than these few.
        await self._connection.execute(
            "UPDATE signature_upload SET content = NULL WHERE city = $1 AND agreement_id = $2 AND content IS NOT NULL"
            " AND upload_id NOT IN (SELECT upload_id FROM signature_upload WHERE city = $1 AND agreement_id = $2"
            " AND content IS NOT NULL ORDER BY at DESC, upload_id DESC LIMIT $3)",
            scope.city,
            agreement_id,
            MOST_KEPT,
        )

    async def upload(self, scope: Scope, agreement_id: UUID, upload_id: UUID) -> UploadLine | None:
        """One document that was handed in."""
        row = await self._connection.fetchrow(
            f"SELECT {_UPLOAD} FROM signature_upload WHERE city = $1 AND agreement_id = $2 AND upload_id = $3",
            scope.city,
            agreement_id,
            upload_id,
        )
        return UploadLine(**dict(row)) if row else None

    async def uploads(
        self, scope: Scope, agreement_id: UUID, amendment: int = 0, limit: int = 50, after: list[Any] | None = None
    ) -> list[UploadLine]:
        """What was handed in for one document, the newest first, at most `limit + 1`; `after` is (at, upload_id)."""
        rows = await self._connection.fetch(
            f"SELECT {_UPLOAD} FROM signature_upload"
            " WHERE city = $1 AND agreement_id = $2 AND amendment = $3"
            " AND ($5::timestamptz IS NULL OR (at, upload_id) < ($5, $6))"
            " ORDER BY at DESC, upload_id DESC LIMIT $4",
            scope.city,
            agreement_id,
            amendment,
            limit + 1,
            after[0] if after else None,
            after[1] if after else None,
        )
        return [UploadLine(**dict(row)) for row in rows]

    async def refused(self, scope: Scope, agreement_id: UUID, upload_id: UUID) -> tuple[str, str, bytes] | None:
        """Name, kind and bytes of a refused document, as long as they are kept."""
        row = await self._connection.fetchrow(
            "SELECT file_name, media_type, content FROM signature_upload"
            " WHERE city = $1 AND agreement_id = $2 AND upload_id = $3 AND content IS NOT NULL",
            scope.city,
            agreement_id,
            upload_id,
        )
        return (row["file_name"], row["media_type"], row["content"]) if row else None

    async def forget_refused(self, today: date) -> int:
        """Lets go of refused documents whose time is over, in every city; what was found stays."""
        done: str = await self._connection.execute(
            "UPDATE signature_upload SET content = NULL WHERE content IS NOT NULL AND keep_until < $1", today
        )
        return int(done.rsplit(" ", 1)[-1])

    async def keep_material(
        self, scope: Scope, agreement_id: UUID, revision: int, material: Material, amendment: int = 0
    ) -> None:
        """What the revision was judged by; each piece is kept once per city."""
        pieces: list[tuple[Literal["anchor", "crl", "ocsp"], bytes]] = [
            *(("anchor", one) for one in material.anchors),
            *(("crl", one) for one in material.crls),
            *(("ocsp", one) for one in material.ocsps),
        ]
        for kind, content in pieces:
            sha256 = hashlib.sha256(content).hexdigest()
            await self._connection.execute(
                "INSERT INTO validation_material (city, sha256, kind, content) VALUES ($1, $2, $3, $4)"
                " ON CONFLICT DO NOTHING",
                scope.city,
                sha256,
                kind,
                content,
            )
            await self._belongs(scope, agreement_id, amendment, revision, sha256)

    async def _belongs(self, scope: Scope, agreement_id: UUID, amendment: int, revision: int, sha256: str) -> None:
        if amendment:
            await self._connection.execute(
                "INSERT INTO amendment_revision_material (city, agreement_id, amendment, revision, sha256)"
                " VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
                scope.city,
                agreement_id,
                amendment,
                revision,
                sha256,
            )
            return
        await self._connection.execute(
            "INSERT INTO revision_material (city, agreement_id, revision, sha256) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT DO NOTHING",
            scope.city,
            agreement_id,
            revision,
            sha256,
        )

    async def material(self, scope: Scope, agreement_id: UUID, amendment: int = 0) -> Material:
        """What all signatures of the document, that of an amendment or with 0 the agreement's, were judged by."""
        table, given = "revision_material", [scope.city, agreement_id]
        if amendment:
            table, given = "amendment_revision_material", [*given, amendment]
        rows = await self._connection.fetch(
            f"SELECT DISTINCT m.sha256, m.kind, m.content FROM {table} r"
            " JOIN validation_material m USING (city, sha256) WHERE r.city = $1 AND r.agreement_id = $2"
            f"{' AND r.amendment = $3' if amendment else ''} ORDER BY m.sha256",
            *given,
        )
        return Material(
            anchors=tuple(row["content"] for row in rows if row["kind"] == "anchor"),
            crls=tuple(row["content"] for row in rows if row["kind"] == "crl"),
            ocsps=tuple(row["content"] for row in rows if row["kind"] == "ocsp"),
        )
