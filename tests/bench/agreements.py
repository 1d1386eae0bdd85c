"""The Legal Office's desk with very many files: ``python -m tests.bench.agreements [--files N] [--requests N]``.

Fills a database of its own through the service's store, starts the service as a process and asks it, over HTTP and as
an officer who is logged in, for lists, filters, single files and pages, all mixed. Every time stands beside that of the
same service's bare endpoint in the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import secrets
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx

from chassis.auth.actor import Actor
from chassis.auth.tokens import SESSION_COOKIE, Sessions
from chassis.clock import new_id
from chassis.database.pool import create_pool
from chassis.scope import Scope
from chassis.settings import home
from chassis.testing import PUBLIC_URL, Database, make_template, test_settings
from chassis.topics import ensure_topics
from chassis.unit import Units
from contracts.events.matching import MatchAccepted
from contracts.values import Allocation, CommunicationPlan, ImpactPlan, Party, PlannedIndicator, SignatureEvidence
from deploy.local.kafka import KafkaServer
from deploy.local.ports import free_ports
from deploy.local.postgres import PostgresServer
from services.agreements.domain import drafting, signing, steps
from services.agreements.domain.file import AgreementFile, Protocol
from services.agreements.domain.instruments import Instrument, in_force
from services.agreements.domain.states import IN_FORCE, State
from services.agreements.settings import AgreementsSettings
from services.agreements.store import Store
from tests.bench.arithmetic import percentile
from tests.bench.children import child
from tests.bench.run import surroundings
from tests.servers import KAFKA_VARIABLE, POSTGRES_VARIABLE

CITY = "c_f205"
OFFICER = Actor(
    subject="legal-1",
    city=CITY,
    name="Livia Legge",
    roles=frozenset({"legal", "account_manager"}),
    stakeholders=frozenset(),
)
BARE = "bare endpoint"
_SAID = (
    "environment", "public_url", "http_port", "database_url", "migration_database_url", "kafka_bootstrap",
    "topic_prefix", "topic_partitions", "session_secret", "service_token",
)  # fmt: skip
SHARES: tuple[tuple[State, int], ...] = (
    (State.DRAFTED, 12), (State.IN_REVIEW, 6), (State.APPROVED, 3), (State.SIGNING, 5), (State.SIGNED, 2),
    (State.ACTIVE, 40), (State.SUSPENDED, 2), (State.COMPLETED, 20), (State.REJECTED, 5), (State.TERMINATED, 3),
    (State.EXPIRED, 2),
)  # fmt: skip
"""Of a hundred files, how many are where: a city some years into it."""
THINGS = (
    "Portatili ricondizionati", "Laboratori di scienze", "Pacchi alimentari", "Ore di consulenza legale",
    "Cura del giardino di via Padova", "Palestra per il doposcuola", "Biciclette per consegne", "Libri da leggere",
)  # fmt: skip
PLACES = ("Municipio 2", "Corvetto", "Quarto Oggiaro", "Barona", "Gratosoglio", "Giambellino", "Bovisa", "Niguarda")
GIVERS = ("Fondazione", "Associazione", "Cooperativa", "Banca", "Officine", "Università", "Libreria", "Studio legale")
DEPARTMENTS = ("education", "social_policies", "environment", "culture", "sport", "mobility")


@dataclass(frozen=True)
class Measured:
    """Times of one kind of request, in milliseconds."""

    name: str
    p50: float
    p99: float
    slowest: float
    times_bare: float


def invented(chance: random.Random, records: Sequence[Instrument], now: datetime, number: int) -> AgreementFile:
    """One file as people leave it behind: parties, lines, terms, plans, and as far as it has come."""
    state = chance.choices([one for one, _ in SHARES], [share for _, share in SHARES])[0]
    drafted = now - timedelta(days=chance.randint(0, 1200) if state not in (State.DRAFTED, State.IN_REVIEW) else 20)
    match = _match(chance)
    file = drafting.draft(match, new_id(), drafted, drafted.date()).file
    if state is State.DRAFTED and chance.random() < 0.5:
        return steps.moved(file, None, now.date())
    record = chance.choice(records)
    signed_on = min(drafted + timedelta(days=30), now).date()
    numbered = state not in (State.DRAFTED, State.IN_REVIEW, State.REJECTED)
    fields: dict[str, Any] = {
        "state": state,
        "version": chance.randint(5, 40),
        "instrument": record.code,
        "instrument_version": record.version,
        "terms": {term.code: _words(chance, 30) for term in record.terms if term.type == "text"},
        "communication_plan": CommunicationPlan(summary=_words(chance, 40), channels=("web_site", "press")),
        "impact_plan": ImpactPlan(indicators=tuple(_indicator(chance, one) for one in range(chance.randint(1, 4)))),
    }
    if numbered:
        signatories = signing.signatories_of(file, CITY, {})
        how_many = {State.APPROVED: 0, State.SIGNING: 1}.get(state, len(signatories))
        fields |= {
            "protocol": Protocol(year=drafted.year, number=number),
            "approved_on": signed_on,
            "approved_sha256": f"{number:064x}",
            "signatories": tuple(
                one.model_copy(update={"evidence": _evidence(one.party_id, drafted)}) if place < how_many else one
                for place, one in enumerate(signatories)
            ),
        }
    if state in (*IN_FORCE, State.COMPLETED, State.TERMINATED, State.EXPIRED):
        fields |= {
            "signed_on": signed_on,
            "signed_sha256": f"{number:064x}",
            "valid_from": signed_on,
            "valid_to": now.date() + timedelta(days=chance.randint(-20, 700)),
        }
    content = {name: getattr(file, name) for name in AgreementFile.model_fields}
    return steps.moved(AgreementFile(**content | fields), record, now.date())


def _match(chance: random.Random) -> MatchAccepted:
    department = chance.choice(DEPARTMENTS)
    givers = [
        (new_id(), f"{chance.choice(GIVERS)} {_words(chance, 2).title()}") for _ in range(chance.choice((1, 1, 2, 5)))
    ]
    return MatchAccepted(
        match_id=new_id(),
        version=3,
        need_id=new_id(),
        need_title=f"{chance.choice(THINGS)}, {chance.choice(PLACES)}",
        department=department,
        policy_area="digital_poverty",
        triangulation=len(givers) > 1,
        parties=(
            Party(party_id=f"department:{department}", role="department", department=department, name=department),
            *(
                Party(party_id=f"stakeholder:{one}", role="giver", stakeholder_id=one, name=name)
                for one, name in givers
            ),
        ),
        allocations=tuple(
            Allocation(
                offer_id=new_id(), offer_line=0, need_line=0, stakeholder_id=one, kind="goods", unit="C62",
                quantity=Decimal(chance.randint(1, 300)), value_cents=chance.randint(10_000, 9_000_000),
                description=_words(chance, 5),
            )
            for one, _ in givers
            for _ in range(chance.choice((1, 2)))
        ),
        account_manager_id=chance.choice(("legal-1", "guide-1", "guide-2", "guide-3")),
        beneficiaries=_words(chance, 12),
    )  # fmt: skip


def _words(chance: random.Random, many: int) -> str:
    known = ("scuole", "quartiere", "famiglie", "anno", "consegna", "impegno", "parti", "Comune", "ragazzi", "spazi")
    return " ".join(chance.choice(known) for _ in range(many))


def _indicator(chance: random.Random, number: int) -> PlannedIndicator:
    name = f"{chance.choice(('children', 'families', 'hours', 'devices'))}_{number}"
    return PlannedIndicator(code=name, title_it=name, title_en=name, unit="IE", target=Decimal(chance.randint(1, 500)))


def _evidence(party_id: str, at: datetime) -> SignatureEvidence:
    return SignatureEvidence(party_id=party_id, level="development", signed_at=at, certificate_sha256="0" * 64)


async def fill(settings: AgreementsSettings, files: int) -> list[UUID]:
    """Keeps so many files, with some history each, through the store; returns their ids."""
    chance, now = random.Random(5000), datetime.now(UTC)
    pool = await create_pool(settings)
    units = Units("agreements", pool, Store)
    made: list[UUID] = []
    try:
        async with units.reading() as store:
            known = await store.instruments.all(Scope(CITY))
        codes = {record.code for record in known}
        records = [record for record in (in_force(known, code, now.date()) for code in sorted(codes)) if record]
        for start in range(0, files, 250):
            async with units.begin(Scope(CITY, "bench")) as unit:
                for number in range(start, min(start + 250, files)):
                    file = invented(chance, records, now, number + 1)
                    if not await unit.store.files.add(unit.scope, file):
                        raise RuntimeError("a match twice")
                    await unit.store.files.save(unit.scope, file, now, chance.choice((None, 0, 2)))
                    for act in ("draft", "instrument", "submit", "approve", "sign"):
                        await unit.store.files.note(unit.scope, file, now, act)
                    made.append(file.agreement_id)
    finally:
        await pool.close()
    return made


def questions(files: Sequence[UUID], deep: str | None) -> dict[str, list[str]]:
    """What is asked, by the name it has in the table; where several paths fit, they take turns."""
    api, desk = "/agreements/api/v1/agreements", "/agreements/desk"
    some = random.Random(7).sample(list(files), min(len(files), 200))
    return {
        BARE: ["/agreements/healthz"],
        "list, newest first": [api],
        "list, by deadline": [f"{api}?sort=deadline"],
        "list, a page far down": [f"{api}?after={deep}"] if deep else [api],
        "filter by state and instrument": [f"{api}?state=active&instrument=donazione&sort=value"],
        "filter by words": [f"{api}?q=corvetto", f"{api}?q=fondazione", f"{api}?q=nothing+like+it"],
        "filter by value, owner, days left": [
            f"{api}?value_from_cents=1000000&owner=legal&sort=deadline",
            f"{api}?ends_within=90&sort=deadline&group=later",
        ],
        "open a file": [f"{api}/{one}" for one in some],
        "page: the desk": [desk],
        "page: the desk, filtered": [f"{desk}?q=barona&group=overdue", f"{desk}?state=active&sort=value"],
        "page: a file": [f"/agreements/files/{one}" for one in some],
        "page: its changes": [f"/agreements/files/{one}/changes" for one in some],
    }


async def measure(origin: str, cookie: str, files: Sequence[UUID], requests: int) -> list[Measured]:
    """So many requests of each kind, all mixed, one at a time. Raises RuntimeError on any other answer than 200."""
    headers = {"Cookie": f"{SESSION_COOKIE}={cookie}", "Accept-Language": "it", "Host": PUBLIC_URL.partition("//")[2]}
    async with httpx.AsyncClient(base_url=origin, headers=headers, timeout=30) as client:
        deep = None
        for _ in range(max(1, len(files) // 400)):
            after = f"?limit=200&after={deep}" if deep else "?limit=200"
            deep = (await client.get(f"/agreements/api/v1/agreements{after}")).json()["next"] or deep
        asked = questions(files, deep)
        times: dict[str, list[float]] = {name: [] for name in asked}
        turns = [(name, turn) for name in asked for turn in range(requests)]
        random.Random(11).shuffle(turns)
        warm = [(name, turn) for name in asked for turn in range(min(5, requests))]
        for counted, (name, turn) in [(False, one) for one in warm] + [(True, one) for one in turns]:
            paths = asked[name]
            began = time.perf_counter()
            answer = await client.get(paths[turn % len(paths)])
            took = time.perf_counter() - began
            if answer.status_code != 200:
                raise RuntimeError(f"{paths[turn % len(paths)]}: {answer.status_code} {answer.text[:300]}")
            if counted:
                times[name].append(took * 1000)
    bare = percentile(times[BARE], 0.5)
    return [
        Measured(name, percentile(all_, 0.5), percentile(all_, 0.99), max(all_), percentile(all_, 0.5) / bare)
        for name, all_ in times.items()
    ]


async def run(dsn: str, bootstrap: str, scratch: Path, files: int, requests: int) -> dict[str, Any]:
    """The whole bench on these servers; what it made there is gone afterwards."""
    load = os.getloadavg()[0]
    prefix = f"bench{secrets.token_hex(3)}"
    database = await make_template(dsn, prefix, ("agreements",))
    port = free_ports(1)
    settings: AgreementsSettings = test_settings(
        AgreementsSettings, database, "agreements", bootstrap, f"{prefix}.", http_port=port
    )
    origin = f"http://127.0.0.1:{port}"
    values = {name.upper(): _text(getattr(settings, name)) for name in _SAID}
    try:
        await ensure_topics(settings)
        ready, output = f"{origin}/agreements/healthz", scratch / "agreements.log"
        async with child("services.agreements", ready=ready, log=output, **values):
            began = time.monotonic()
            made = await fill(settings, files)
            filled = time.monotonic() - began
            await _analyse(database)
            cookie = Sessions(settings.session_secret.get_secret_value()).issue(OFFICER)
            measured = await measure(origin, cookie, made, requests)
    finally:
        await _drop(database)
    return {
        "files": files,
        "requests": requests,
        "filled_seconds": round(filled, 1),
        "load_before": round(load, 2),
        **surroundings(),
        "measured": [vars(one) for one in measured],
    }


def _text(value: Any) -> str:
    return str(value.get_secret_value() if hasattr(value, "get_secret_value") else value)


async def _analyse(database: Database) -> None:
    connection = await asyncpg.connect(database.dsn("agreements", owner=True))
    try:
        await connection.execute("VACUUM ANALYZE agreements.agreement")
    finally:
        await connection.close()


async def _drop(database: Database) -> None:
    admin = await asyncpg.connect(database.admin_dsn)
    try:
        await admin.execute(f'DROP DATABASE IF EXISTS "{database.name}" WITH (FORCE)')
    finally:
        await admin.close()


def as_text(result: dict[str, Any]) -> str:
    """Markdown, so that it can be kept as it is."""
    lines = ["| asked | p50 ms | p99 ms | slowest ms | × bare |", "|---|--:|--:|--:|--:|"]
    lines += [
        f"| {one['name']} | {one['p50']:.1f} | {one['p99']:.1f} | {one['slowest']:.1f} | {one['times_bare']:.1f} |"
        for one in result["measured"]
    ]
    return "\n".join(lines)


@contextmanager
def servers() -> Iterator[tuple[str, str, Path]]:
    """PostgreSQL and Kafka: those that the environment names, else our own, gone afterwards."""
    dsn, bootstrap = os.environ.get(POSTGRES_VARIABLE), os.environ.get(KAFKA_VARIABLE)
    root = home() / "bench-agreements"
    root.mkdir(parents=True, exist_ok=True)
    postgres = None if dsn else PostgresServer(root / "postgres")
    kafka = None if bootstrap else KafkaServer(root / "kafka", free_ports(2))
    try:
        if postgres is not None:
            postgres.start()
            dsn = postgres.admin_dsn
        if kafka is not None:
            kafka.start()
            bootstrap = f"127.0.0.1:{kafka.port}"
        assert dsn is not None
        assert bootstrap is not None
        yield dsn, bootstrap, root
    finally:
        if kafka is not None:
            kafka.stop()
        if postgres is not None:
            postgres.remove()
        shutil.rmtree(root, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--requests", type=int, default=200, help="of each kind")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with servers() as (dsn, bootstrap, scratch):
        result = asyncio.run(run(dsn, bootstrap, scratch, options.files, options.requests))
    text = json.dumps(result, indent=2) if options.json else as_text(result)
    sys.stdout.write(f"{text}\n")
    if not options.json:
        sys.stdout.write(f"{result['files']} files, load before {result['load_before']}\n")


if __name__ == "__main__":
    main()
