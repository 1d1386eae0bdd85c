"""The register: entries chained by hashes over salted commitments.

An entry holds no words that may have to be hidden or erased, only commitments to them: SHA-256 of a random
salt and the words. The words and their salts are kept beside the chain; without them the chain still
verifies, and without the salt nobody can guess the words from the commitment.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from contracts.values import Value
from services.agreements.domain.file import Protocol, Sha256

EntryAct = Literal["registered", "signed", "amended", "rejected", "terminated", "completed", "expired"]
BEGINNING = "0" * 64
"""What the first entry of a city follows."""


class Disclosure(Value):
    """The words behind one commitment."""

    name: str
    salt: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    words: str

    def commitment(self) -> str:
        return hashlib.sha256(f"{self.salt}\n{self.words}".encode()).hexdigest()


class Entry(Value):
    """One line of the register. `hash` covers everything else, and through `previous` all lines before it."""

    city: str
    position: int = Field(ge=1)
    protocol: Protocol
    act: EntryAct
    agreement_id: UUID
    entered_at: datetime
    instrument: str
    document_sha256: Sha256
    commitments: dict[str, Sha256]
    previous: Sha256
    hash: Sha256


class Fault(Value):
    """Something in the register that does not hold: where and what."""

    position: int
    code: str


def chain(
    *,
    city: str,
    position: int,
    previous: str,
    protocol: Protocol,
    act: EntryAct,
    agreement_id: UUID,
    entered_at: datetime,
    instrument: str,
    document_sha256: str,
    disclosures: Iterable[Disclosure],
) -> Entry:
    """The next entry after the one whose hash is `previous`."""
    entry = Entry(
        city=city,
        position=position,
        protocol=protocol,
        act=act,
        agreement_id=agreement_id,
        entered_at=entered_at,
        instrument=instrument,
        document_sha256=document_sha256,
        commitments={one.name: one.commitment() for one in disclosures},
        previous=previous,
        hash=BEGINNING,
    )
    return entry.model_copy(update={"hash": digest(entry)})


def digest(entry: Entry) -> str:
    """SHA-256 of the entry's canonical JSON (sorted keys, no spaces, `hash` left out)."""
    content = entry.model_dump(mode="json", exclude={"hash"})
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def faults(entries: Sequence[Entry], disclosed: Mapping[int, Sequence[Disclosure]]) -> list[Fault]:
    """What does not hold in one city's register, read from its first entry.

    `disclosed` are the words still kept, by position; a word erased on purpose is simply not there.
    """
    found: list[Fault] = []
    previous, numbers = BEGINNING, dict[int, int]()
    for expected, entry in enumerate(entries, start=1):
        if entry.position != expected:
            found.append(Fault(position=entry.position, code="gap"))
        if entry.previous != previous:
            found.append(Fault(position=entry.position, code="chain-broken"))
        if digest(entry) != entry.hash:
            found.append(Fault(position=entry.position, code="entry-changed"))
        if entry.act == "registered":
            numbers[entry.protocol.year] = numbers.get(entry.protocol.year, 0) + 1
            if entry.protocol.number != numbers[entry.protocol.year]:
                found.append(Fault(position=entry.position, code="protocol-gap"))
        for words in disclosed.get(entry.position, ()):
            if entry.commitments.get(words.name) != words.commitment():
                found.append(Fault(position=entry.position, code="words-changed"))
        previous = entry.hash
    return found
