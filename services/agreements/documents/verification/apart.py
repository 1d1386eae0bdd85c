"""Verification in a process of its own: what strangers send may be made to eat memory or time.

A fresh process per document, with limits that the system itself enforces. The document goes in by the standard
input, the verdict comes back as JSON: nothing that a hostile file could have taken over is ever executed here.
"""

from __future__ import annotations

import asyncio
import pickle
import resource
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from services.agreements.documents.verification import Reason, Refusal, Trust, Verification, examine

_ANSWER = TypeAdapter(Verification)
_ROOT = Path(__file__).parents[4]
_AT_ONCE = asyncio.Semaphore(2)
MOST_IN_HAND = 8
"""Documents in hand at once, those being judged included: each holds up to 20 MB."""
_in_hand = 0


class Busy(Exception):
    """As many documents are in hand as may be: the next one has to come later."""


@dataclass(frozen=True)
class Limits:
    """What one verification may take: seconds of clock and of processor, bytes of memory."""

    seconds: float = 60.0
    processor_seconds: int = 30
    memory: int = 1536 * 1024 * 1024


async def examine_apart(
    document: bytes,
    *,
    approved: bytes,
    latest: bytes,
    trust: Trust,
    recorded: Mapping[str, datetime] | None = None,
    limits: Limits | None = None,
) -> Verification:
    """As `examine`, in a process of its own; whatever goes beyond the limits is refused as too much work.

    Raises Busy when too many others wait.
    """
    global _in_hand
    if _in_hand >= MOST_IN_HAND:
        raise Busy
    _in_hand += 1
    try:
        return await _examined(document, approved, latest, trust, dict(recorded or {}), limits or Limits())
    finally:
        _in_hand -= 1


async def _examined(
    document: bytes, approved: bytes, latest: bytes, trust: Trust, recorded: dict[str, datetime], limits: Limits
) -> Verification:
    request = pickle.dumps((limits, document, approved, latest, trust, recorded))
    async with _AT_ONCE:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            __name__,
            cwd=_ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            answer, _ = await asyncio.wait_for(process.communicate(request), limits.seconds)
        except TimeoutError:
            answer = b""
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if not answer:
        return Verification((Refusal(Reason.TOO_MUCH_WORK),))
    return _ANSWER.validate_json(answer)


def _work(request: Any) -> None:
    limits, document, approved, latest, trust, recorded = pickle.load(request)  # noqa: S301 (from our own parent)
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.processor_seconds, limits.processor_seconds))
    found = asyncio.run(examine(document, approved=approved, latest=latest, trust=trust, recorded=recorded))
    sys.stdout.buffer.write(_ANSWER.dump_json(found))


if __name__ == "__main__":
    _work(sys.stdin.buffer)
