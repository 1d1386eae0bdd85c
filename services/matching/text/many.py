"""Profiles of very many texts, as a rebuild needs them: on every processor, in processes of their own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context

from services.matching.text.profile import Profile, profiles, profiles_off_loop

FEW = 200
"""Up to here the processes would cost more than they bring."""
_AT_ONCE = 128


async def profiles_of_many(texts: Sequence[str]) -> list[Profile]:
    """As ``profiles_off_loop``. The processes (some 150 MB each) stay until this one ends: not for a service."""
    if len(texts) <= FEW or (os.cpu_count() or 1) < 2:
        return await profiles_off_loop(texts)
    loop = asyncio.get_running_loop()
    parts = [texts[start : start + _AT_ONCE] for start in range(0, len(texts), _AT_ONCE)]
    done = await asyncio.gather(*(loop.run_in_executor(_processes(), profiles, part) for part in parts))
    return [profile for part in done for profile in part]


@cache
def _processes() -> ProcessPoolExecutor:
    # Started afresh, not forked: the parent has threads and connections.
    return ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn"))
