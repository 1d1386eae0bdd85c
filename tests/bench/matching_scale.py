"""Matching with very many open needs and offers: ``python -m tests.bench.matching_scale [--needs N] [--offers N]``.

Fills a database of its own: events on the topics, the read models by ``sportello replay`` alone, the ledger by the
service's own statements. Then new needs and offers come, as calls of the handlers and through Kafka to the running
service, before and after the filling. ``--keep DIR`` keeps what was filled; ``--reuse DIR`` begins with it.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
from aiokafka import AIOKafkaConsumer

from chassis import log
from chassis.clock import new_id, utc_now
from chassis.database.pool import set_codecs
from chassis.delivery import Delivery, Record
from chassis.scope import Scope
from chassis.settings import home
from contracts.envelope import Envelope
from contracts.events.intake import NeedRegistered, OfferReceived
from contracts.events.matching import MATCH, MatchProposed
from deploy.local.kafka import KafkaServer
from deploy.local.ports import free_ports
from deploy.local.postgres import PostgresServer
from services.matching.consumers import HANDLERS
from services.matching.text.categories import categories
from tests.bench import matching_kept as kept
from tests.bench import matching_recall as recall
from tests.bench.arithmetic import Schedule, Spread, open_loop
from tests.bench.footprint import resident
from tests.bench.matching_ground import CITY, NAME, Ground, Subject, ground, id_of, until
from tests.bench.matching_world import CAPABILITIES, InventedCity
from tests.bench.run import surroundings
from tests.bench.table import Row, Table
from tests.servers import KAFKA_VARIABLE, POSTGRES_VARIABLE

_SETTLE_SECONDS = 300.0
LABELS = {one.code: (one.italian, one.english) for one in categories()}


@dataclass(frozen=True)
class Sizes:
    """How much is there, how much comes then, and how fast."""

    needs: int = 100_000
    offers: int = 100_000
    few: int = 300
    givers: int = 2000
    events: int = 300
    rate: int = 10
    faster: int = 20
    burst: int = 300
    calls: int = 100
    sample: int = 6


@contextmanager
def servers(keeping: Path | None = None) -> Iterator[tuple[str, str, Path]]:
    """PostgreSQL (fsync on) and Kafka: those that the environment names, else our own, gone afterwards.

    With ``keeping`` always our own; its PostgreSQL stays there, stopped.
    """
    dsn, bootstrap = os.environ.get(POSTGRES_VARIABLE), os.environ.get(KAFKA_VARIABLE)
    if keeping is not None:
        dsn = bootstrap = None
    root = (keeping or home() / "bench-matching").absolute()
    root.mkdir(parents=True, exist_ok=True)
    postgres = None if dsn else PostgresServer(root / "postgres")
    kafka = None if bootstrap else KafkaServer(root / "kafka", free_ports(2))
    try:
        for server in (postgres, kafka):
            if server is not None:
                server.start()
        yield (
            dsn or postgres.admin_dsn,  # type: ignore[union-attr]
            bootstrap or f"127.0.0.1:{kafka.port}",  # type: ignore[union-attr]
            root,
        )
    finally:
        if kafka is not None:
            kafka.stop()
        if keeping is not None and postgres is not None:
            postgres.stop()
        elif postgres is not None:
            postgres.remove()
        shutil.rmtree(root if keeping is None else root / "kafka", ignore_errors=True)


class Hearing:
    """Listens to the matches and notes when the first proposal that an event caused is on the topic."""

    def __init__(self, place: Ground) -> None:
        self._consumer = AIOKafkaConsumer(
            place.prefix + MATCH, bootstrap_servers=place.bootstrap, fetch_max_wait_ms=5, auto_offset_reset="latest"
        )
        self.heard: dict[str, float] = {}

    async def run(self) -> None:
        """Listens until cancelled."""
        async for record in self._consumer:
            headers = dict(record.headers)
            if headers["ce_type"] == MatchProposed.type.encode():
                cause = headers.get("ce_causationid", b"")  # none when an earlier change made it possible
                self.heard.setdefault(cause.decode(), time.monotonic())

    async def all_heard(self) -> bool:
        """Nothing is on the topic that was not heard."""
        ends = await self._consumer.end_offsets(self._consumer.assignment())
        return all([await self._consumer.position(place) >= end for place, end in ends.items()])

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Hearing]:
        await self._consumer.start()
        await self._consumer.seek_to_end()
        task = asyncio.create_task(self.run())
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await self._consumer.stop()


async def by_kafka(place: Ground, events: Sequence[Subject], rate: float) -> tuple[Spread, int]:
    """From when each event is due to its first MatchProposed on the topic; how many had no candidate at all."""
    ids = [str(uuid4()) for _ in events]
    due_at: dict[str, float] = {}
    hearing = Hearing(place)
    async with hearing.listening():

        async def send(number: int, due: float) -> None:
            due_at[ids[number]] = due
            event = events[number]
            await (await place.say(event, id_of(event), event_id=ids[number]))

        await open_loop(Schedule(rate, len(events)), send, time.monotonic)
        await applied(place, events)
        await until(hearing.all_heard)
        heard = dict(hearing.heard)
    latencies = [heard[one] - due for one, due in due_at.items() if one in heard]
    return Spread.of(latencies), len(events) - len(latencies)


async def applied(place: Ground, events: Sequence[Subject]) -> None:
    """Waits until the service has taken all of them and published what came of it."""
    connection = await place.connect()
    ids = [id_of(event) for event in events]
    statement = """SELECT count(DISTINCT subject_id) >= cardinality($2::uuid[]) FROM ledger_line
        WHERE city = $1 AND subject_id = ANY($2::uuid[])"""
    try:
        await until(lambda: connection.fetchval(statement, CITY, ids), _SETTLE_SECONDS)
        await until(lambda: connection.fetchval("SELECT NOT EXISTS (SELECT FROM outbox WHERE published_at IS NULL)"))
    finally:
        await connection.close()


async def by_calls(place: Ground, events: Sequence[Subject]) -> Spread:
    """Each event's handler in a transaction of its own, from BEGIN to COMMIT, the outbox included."""
    taken = []
    async with asyncpg.create_pool(place.database.dsn(NAME), min_size=1, max_size=1, init=set_codecs) as pool:
        units = place.units(pool)
        for number, event in enumerate(events):
            if number == len(events) // 10:
                gc.collect()
                gc.freeze()  # as the service does after its start
            start = time.perf_counter()
            async with units.begin(Scope(CITY, "bench")) as unit:
                await HANDLERS[type(event)](unit, [_delivery(event)])
            if number >= len(events) // 10:  # the first ones load the encoder and make plans
                taken.append(time.perf_counter() - start)
    return Spread.of(taken)


def _delivery(event: Subject) -> Delivery[Any]:
    key = str(id_of(event))
    envelope = Envelope(id=str(uuid4()), source="/intake", type=event.type, city=CITY, time=utc_now(), subject=key)
    record = Record(event.topic, 0, 0, key, event.to_bytes(), (), utc_now())
    return Delivery(event, envelope, record)


class Bench:
    """One run: fills ``table``."""

    def __init__(self, place: Ground, sizes: Sizes, table: Table) -> None:
        self._place = place
        self._sizes = sizes
        self._table = table
        self._city: InventedCity = None  # type: ignore[assignment]

    async def run(self) -> None:
        sizes, place = self._sizes, self._place
        few = f"With {sizes.few:,} needs and {sizes.few:,} offers"
        many = f"With {sizes.needs:,} needs and {sizes.offers:,} offers"
        async with place.running() as pid:
            self._city = InventedCity(LABELS, await place.givers(sizes.givers))
            _say("a small city")
            await place.say_all((event, id_of(event)) for event in self._mixed(2 * sizes.few))
            await self._latencies(few, pid, None)
        _say("filling")
        needs, offers = list(self._city.needs(sizes.needs)), list(self._city.offers(sizes.offers))
        await self._fill(many, needs, offers)
        await self._large(many, few)

    async def again(self) -> None:
        """The second half alone, on a database that was filled before."""
        connection = await self._place.connect()
        givers, needs, offers = await kept.ids(connection)
        asked = await connection.fetchval("SELECT count(*) FROM need_trait")
        await connection.close()
        self._city = InventedCity(LABELS, givers, seed=len(needs))
        await self._large(f"With {asked:,} needs and {len(offers):,} offers, filled before", None)

    # -- parts ---------------------------------------------------------------------------------------------

    async def _large(self, group: str, before: str | None) -> None:
        async with self._place.running() as pid:
            _say("a large city")
            await self._latencies(group, pid, before)
        _say("what is found")
        await self._recall(group)

    async def _fill(self, group: str, needs: Sequence[NeedRegistered], offers: Sequence[OfferReceived]) -> None:
        place, table, subjects = self._place, self._table, [*needs, *offers]
        await place.say_all((event, id_of(event)) for event in subjects)
        await place.passed_over()
        for projection in ("needs", "offers"):
            _say(f"replay of {projection}")
            done = await place.replay(projection)
            note = f"{done['records']:,} records; {done['peak_mib']:.0f} MiB at most in {done['processes']} processes"
            table.add(Row(group, f"rebuilding {projection} by `sportello replay`", done["seconds"], "s", note=note))
        _say("the ledger")
        await place.open_ledger("need", needs)
        await place.open_ledger("offer", offers)
        await place.tidy()
        for name, mib in await self._tables():
            table.add(Row(group, f"{name} on disk", mib, "MiB"))

    async def _latencies(self, group: str, pid: int, before: str | None) -> None:
        sizes, place = self._sizes, self._place
        await by_kafka(place, self._mixed(max(20, sizes.events // 5)), sizes.rate)  # plans and caches are made
        alone, none = await by_kafka(place, self._mixed(sizes.events), sizes.rate)
        note = f"{alone.count} events, {none} without any candidate"
        self._spread(group, f"event to MatchProposed, {sizes.rate}/s", alone, before, note, target=100)
        chains, _ = await by_kafka(place, self._chains(max(10, sizes.events // 8)), sizes.rate / 2)
        self._spread(group, "needs that require capabilities", chains, before, f"the same, {sizes.rate / 2:g}/s", 100)
        faster, _ = await by_kafka(place, self._mixed(sizes.events), sizes.faster)
        self._spread(group, f"event to MatchProposed, {sizes.faster}/s", faster, before, "")
        burst = self._mixed(sizes.burst)
        start = time.monotonic()
        await place.say_all((event, id_of(event)) for event in burst)
        await applied(place, burst)
        rate = len(burst) / (time.monotonic() - start)
        self._add(group, "events taken and proposed", rate, "1/s", before, f"{len(burst)} at once")
        self._add(group, "memory of the service", resident(pid)[0], "MiB", before, "proportional set size")
        for what, drawn in (("need", self._city.need), ("offer", self._city.offer)):
            called = await by_calls(place, [drawn() for _ in range(sizes.calls)])
            self._spread(group, f"handler of a new {what}", called, before, "BEGIN to COMMIT, one after another")

    async def _recall(self, group: str) -> None:
        connection = await self._place.connect()
        try:
            _, needs, offers = await kept.ids(connection)
            for what, found in (
                ("offers for a need", await recall.of_needs(connection, recall.drawn(needs, self._sizes.sample))),
                ("needs for an offer", await recall.of_offers(connection, recall.drawn(offers, self._sizes.sample))),
            ):
                note = f"{found.compared:.0f} compared of {found.of:,.0f} of the same kind and unit"
                self._table.add(
                    Row(group, f"of the {recall.BEST} best {what}: found", 100 * found.recall, "%", note=note),
                    Row(group, f"score of the {what} found", 100 * found.value, "%", note="of the true best's"),
                )
        finally:
            await connection.close()

    async def _tables(self) -> list[tuple[str, float]]:
        connection = await self._place.connect()
        try:
            rows = await connection.fetch(
                "SELECT relname, pg_total_relation_size(oid) / 2.0^20 AS mib FROM pg_class WHERE relkind = 'r'"
                " AND relnamespace = 'matching'::regnamespace AND relname ~ '^(need|offer)(_key|_trait)?$'"
                " ORDER BY relname"
            )
        finally:
            await connection.close()
        return [(row["relname"], float(row["mib"])) for row in rows]

    # -- events and rows -----------------------------------------------------------------------------------

    def _mixed(self, count: int) -> list[Subject]:
        return [self._city.need() if number % 2 else self._city.offer() for number in range(count)]

    def _chains(self, count: int) -> list[Subject]:
        """Needs that only several organisations together can meet."""
        found: list[Subject] = []
        for number in range(count):
            requires = tuple(CAPABILITIES[(number + step) % len(CAPABILITIES)] for step in range(1 + number % 3))
            found.append(self._city.need().model_copy(update={"requires": requires, "need_id": new_id()}))
        return found

    def _spread(
        self, group: str, name: str, spread: Spread, before: str | None, note: str, target: float | None = None
    ) -> None:
        self._add(group, f"{name}, p50", spread.p50, "ms", before, note)
        judged = "" if target is None else _judged(spread.p99, target)
        self._add(group, f"{name}, p99", spread.p99, "ms", before, judged)

    def _add(self, group: str, name: str, value: float, unit: str, before: str | None, note: str) -> None:
        row = Row(group, name, value, unit, note=note)
        if before is not None:
            earlier = next(one.value for one in self._table.rows if (one.group, one.name) == (before, name))
            row = replace(row, of="the small city", limit=earlier)
        self._table.add(row)


def _judged(value: float, target: float) -> str:
    return f"target {target:.0f} ms: {'met' if value <= target else '**missed**'}"


def _say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} measuring: {what}", file=sys.stderr, flush=True)


async def measure(dsn: str, bootstrap: str, directory: Path, sizes: Sizes, table: Table, *, keep: bool = False) -> None:
    """Fills a database and measures; with ``keep`` the database stays on the server."""
    async with ground(dsn, bootstrap, directory, keep=keep) as place:
        await Bench(place, sizes, table).run()
        if keep:
            kept.note(directory, place.database)


async def measure_again(dsn: str, bootstrap: str, directory: Path, sizes: Sizes, table: Table) -> None:
    """The large city alone, on a copy of what ``directory`` keeps."""
    async with kept.kept_ground(dsn, bootstrap, directory) as place:
        await Bench(place, sizes, table).again()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.matching_scale", description=__doc__)
    sizes = Sizes()
    for name in sizes.__dataclass_fields__:
        parser.add_argument(f"--{name}", type=int, default=getattr(sizes, name))
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output instead of a table")
    parser.add_argument("--keep", type=Path, help="fills a database in this directory, for later runs, and measures it")
    parser.add_argument("--reuse", type=Path, help="measures what was kept there; nothing is filled")
    given = vars(parser.parse_args())
    as_json, keep, reuse = given.pop("json"), given.pop("keep"), given.pop("reuse")
    log.configure_command()
    table = Table()
    load = [round(one, 2) for one in os.getloadavg()]
    started = time.monotonic()
    work = measure_again if reuse else partial(measure, keep=keep is not None)
    with servers(reuse or keep) as (dsn, bootstrap, directory):
        try:
            asyncio.run(work(dsn, bootstrap, directory, Sizes(**given), table))
        except BaseException:
            print(f"Not finished; until then:\n\n{table.as_text()}", file=sys.stderr)
            raise
    around = {**surroundings(), "load_before": load, "seconds": round(time.monotonic() - started)}
    if as_json:
        print(json.dumps({"surroundings": around, "rows": table.as_json()}, indent=1))
        return
    for name, value in around.items():
        print(f"{name}: {value}")
    print(f"\n{table.as_text()}")


if __name__ == "__main__":
    main()
