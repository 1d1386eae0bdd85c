"""The whole run: raw limits first, then what the system makes of them."""

from __future__ import annotations

import asyncio
import os
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.local.ports import free_ports
from tests.bench import footprint, pipeline, raw, story
from tests.bench.children import child
from tests.bench.sizes import Sizes
from tests.bench.table import Row, Table
from tests.bench.wire import Wire
from tests.system import System

PARTS = ("chassis", "story", "size")
STORY = "The whole system: an offer in answer to a need"


def surroundings() -> dict[str, object]:
    return {
        "processors": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "python": platform.python_version(),
    }


async def all_of(
    system: System,
    scratch: Path,
    sizes: Sizes,
    table: Table,
    parts: Sequence[str] = PARTS,
    *,
    may_restart: bool = False,
) -> list[float]:
    """Fills ``table``; returns the machine's load averages from before, which tell what else was going on."""
    load = [round(one, 2) for one in os.getloadavg()]
    if "size" in parts:
        if may_restart:
            _say("start-up")
            await asyncio.to_thread(footprint.start_up, system, table)
        footprint.memory(system, table)
    await story.settled(system)
    _say("raw limits")
    await _raw(system, scratch, sizes, table)
    if "chassis" in parts:
        _say("the chassis alone")
        await pipeline.measure(system, scratch, sizes, table)
    if "story" in parts:
        _say("the whole system")
        await _story(system, sizes, table)
    return load


async def _raw(system: System, scratch: Path, sizes: Sizes, table: Table) -> None:
    await raw.postgres(system.installation.postgres.admin_dsn, sizes, table)
    await raw.kafka(system.installation.bus.bootstrap, sizes, table)
    port = free_ports(1)
    origin = f"http://127.0.0.1:{port}"
    async with child("tests.bench.floor", str(port), ready=f"{origin}/", log=scratch / "floor.log"):
        await raw.http(origin, sizes, table)


async def _story(system: System, sizes: Sizes, table: Table) -> None:
    wire = Wire(f"http://127.0.0.1:{system.ports.edge}")
    player = story.Player(system, wire)
    await player.prepare()
    commits = table.value("commits, one statement")
    needs, taken = await player.needs(sizes.requests)
    raw_commits = {"of": "raw commits", "limit": commits}
    note = "through the edge, while the other services follow"
    table.add(Row(STORY, "POST needs", taken, "1/s", note=note, **raw_commits))
    await story.settled(system)
    before, started = footprint.processor_seconds(system), time.monotonic()
    _, taken = await story.together(sizes.requests, lambda number: player.offer(number, needs[number]))
    table.add(Row(STORY, "POST offers", taken, "1/s", note=note, **raw_commits))
    await story.settled(system)
    whole = sizes.requests / (time.monotonic() - started)
    table.add(Row(STORY, "offers right through the system", whole, "1/s", note="until all is at rest", **raw_commits))
    _processors(table, before, footprint.processor_seconds(system), sizes.requests)
    await _at_rates(player, sizes, table)
    best, tried = await story.most(player, sizes.first, sizes.most, sizes.step_seconds)
    seen = "; ".join(_tried(one) for one in tried)
    table.add(Row(STORY, "most commands sustained", best, "1/s", note=seen, **raw_commits))
    await wire.close()


def _processors(table: Table, before: Mapping[str, float], after: Mapping[str, float], count: int) -> None:
    """What one offer costs, by part; unlike a rate it hardly depends on what else the machine is doing."""
    spent = {name: 1000 * (after[name] - used) / count for name, used in before.items() if name in after}
    parts = ", ".join(f"{name} {cost:.2f}" for name, cost in sorted(spent.items(), key=lambda item: -item[1]))
    table.add(Row(STORY, "processor time of one offer", sum(spent.values()), "ms", note=parts))


async def _at_rates(player: story.Player, sizes: Sizes, table: Table) -> None:
    # The command's commit, matching's, notifications'; two relays, two hops; the request itself.
    floor = raw.floors(table, commits=3, relays=2, hops=2) + table.value("a lone request")
    against = {"of": "the floors", "limit": floor, "less_is_better": True}
    table.add(Row(STORY, "sum of the floors", floor, "ms", note="1 request, 3 commits, 2 relay transactions, 2 hops"))
    await story.latencies(player, sizes.rates[0], sizes.seconds)  # warm caches and plans
    for rate in sizes.rates:
        found = await story.latencies(player, rate, sizes.seconds * 2)
        lost = (
            f"{found.refused} refused, {found.item.missing} never seen" if found.refused or found.item.missing else ""
        )
        for what, spread in (("answered", found.accepted), ("match seen", found.match), ("in the inbox", found.item)):
            compared = against if what == "in the inbox" else {}
            p50_target = {"target": 2.0} if compared else {}
            p99_target = {"target": 6.0} if compared else {}
            table.add(
                Row(STORY, f"{what}, {rate}/s, p50", spread.p50, "ms", note=lost, **compared, **p50_target),
                Row(STORY, f"{what}, {rate}/s, p99", spread.p99, "ms", **compared, **p99_target),
            )


def _tried(one: story.Latencies) -> str:
    refused = f", {one.refused} refused" if one.refused else ""
    return f"{one.rate:.0f}/s: p50 {one.item.p50:.0f}, p99 {one.item.p99:.0f} ms{refused}"


def _say(what: str) -> None:
    print(f"measuring: {what}", file=sys.stderr, flush=True)
