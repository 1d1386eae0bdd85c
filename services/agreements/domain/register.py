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

EntryAct = Literal[
    "registered", "signed", "published", "amended", "stated", "rejected", "terminated", "completed", "expired"
]
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


class Walk:
    """Checks one city's register entry by entry from its first, and remembers no more than it needs for the next."""

    def __init__(self) -> None:
        self.position = 0
        self.hash = BEGINNING
        self._numbers: dict[int, int] = {}

    def step(self, entry: Entry, disclosed: Iterable[Disclosure] = ()) -> list[Fault]:
        """What does not hold at this entry. `disclosed` are the words still kept; erased ones are simply not there."""
        found = []
        if entry.position != self.position + 1:
            found.append("gap")
        if entry.previous != self.hash:
            found.append("chain-broken")
        if digest(entry) != entry.hash:
            found.append("entry-changed")
        if entry.act == "registered":
            year = entry.protocol.year
            self._numbers[year] = self._numbers.get(year, 0) + 1
            if entry.protocol.number != self._numbers[year]:
                found.append("protocol-gap")
        found += ["words-changed" for words in disclosed if entry.commitments.get(words.name) != words.commitment()]
        self.position, self.hash = entry.position, entry.hash
        return [Fault(position=entry.position, code=code) for code in found]

    def end(self, position: int, head: str) -> list[Fault]:
        """What does not hold between the last entry and the head that is kept apart from it."""
        whole = (self.position, self.hash) == (position, head)
        return [] if whole else [Fault(position=max(position, self.position), code="head-differs")]


def faults(entries: Sequence[Entry], disclosed: Mapping[int, Sequence[Disclosure]]) -> list[Fault]:
    """What does not hold in one city's register, given whole."""
    walk = Walk()
    return [fault for entry in entries for fault in walk.step(entry, disclosed.get(entry.position, ()))]
