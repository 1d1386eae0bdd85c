"""Texts of the public register are made once: who asks for all of it gets what was made for the one before.

Making the text of one agreement takes most of a millisecond, of thousands seconds, and anybody may ask. So each text is
kept with the version of the agreement that it was made of. A list of versions is read for every answer; what changed
since, and what was hidden, is made anew before anything is sent. One caller at a time makes texts, the others wait.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

MOST_BYTES = 200_000_000
AT_ONCE = 100
Wanted = Sequence[tuple[UUID, int]]
Make = Callable[[Sequence[UUID]], Awaitable[Mapping[UUID, str]]]
"""Makes the texts of some agreements; it may leave out those that have nothing to say."""


@dataclass(frozen=True)
class Text:
    """What was made of one version of an agreement."""

    version: int
    content: bytes
    digest: bytes


@dataclass
class _Kind:
    texts: dict[UUID, Text] = field(default_factory=dict)
    size: int = 0

    def stale(self, wanted: Wanted) -> list[tuple[UUID, int]]:
        return [
            (one, version) for one, version in wanted if (of := self.texts.get(one)) is None or of.version < version
        ]

    def put(self, one: UUID, version: int, content: bytes) -> None:
        before = self.texts.get(one)
        self.size += len(content) - (len(before.content) if before else 0)
        self.texts[one] = Text(version, content, hashlib.sha256(content).digest())


class MadeOnce:
    """Kept in the process, at most so many bytes; the kind that was asked for longest ago goes first."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._kinds: OrderedDict[tuple[str, ...], _Kind] = OrderedDict()
        self._making = asyncio.Lock()

    async def texts(self, kind: tuple[str, ...], wanted: Wanted, make: Make) -> list[Text]:
        """The texts of `kind` in the order of `wanted`, each of that version or a later one; empty ones left out."""
        known = self._kinds.setdefault(kind, _Kind())
        if known.stale(wanted):
            async with self._making:
                await _make_stale(known, wanted, make)
        found = [known.texts[one] for one, _ in wanted]
        self._kinds[kind] = known  # it may have been forgotten while others were made
        self._kinds.move_to_end(kind)
        self._forget()
        return [one for one in found if one.content]

    def _forget(self) -> None:
        while sum(one.size for one in self._kinds.values()) > self._most:
            self._kinds.popitem(last=False)


async def _make_stale(kind: _Kind, wanted: Wanted, make: Make) -> None:
    """Those that nobody has made while the caller waited."""
    stale = kind.stale(wanted)
    for first in range(0, len(stale), AT_ONCE):
        some = stale[first : first + AT_ONCE]
        made = await make([one for one, _ in some])
        for one, version in some:
            kind.put(one, version, made.get(one, "").encode())


def fingerprint(opening: str, texts: Iterable[Text]) -> str:
    """What makes two answers the same."""
    digest = hashlib.sha256(opening.encode())
    for one in texts:
        digest.update(one.digest)
    return digest.hexdigest()[:32]
