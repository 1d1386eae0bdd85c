"""``python -m tests.bench.matching_list [--matches 100000]``: the list of proposals in a city of that many.

A database of its own on the server that ``SPORTELLO_TEST_POSTGRES_ADMIN_DSN`` names, filled by SQL; each list as its
readers ask for it, the quickest of five. Not a test: it prints what it measured. ``--explain`` prints the plans.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import time
from datetime import date, timedelta
from uuid import UUID

import asyncpg

from chassis.database.pool import set_codecs
from chassis.scope import Scope
from chassis.testing import make_template
from services.matching.store.listing import Reach, Wanted, count, one_page
from services.matching.store.overview import MATCH
from tests.leftovers import drop_databases

CITY = Scope("c_f205", "bench")
_FILL = (
    """
INSERT INTO match (city, match_id, version, state, need_id, set_key, basis, need_title, department, with_departments,
    policy_area, triangulation, answers, score, rules_version, reasons, account_manager_id, expected_return, planned,
    due_on, said, proposed_at, expires_at, closed_at, reason_code)
SELECT 'c_f205', ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 1,
    CASE WHEN n % 5 < 4 THEN 'proposed' ELSE 'expired' END,
    ('00000000-0000-7000-9000-' || lpad(to_hex(n / 5), 12, '0'))::uuid, n::text, '', 'Bisogno ' || n,
    'department-' || n % 40, '{}', 'area_' || n % 8, false, false, random(), '1', '[]'::jsonb, 'manager-' || n % 25,
    'none', false, date '2027-01-01' + (n % 300), to_tsvector('simple', 'bisogno ' || n || ' azienda ' || n % 3000),
    now() - n * interval '1 second', now() + interval '20 days', CASE WHEN n % 5 < 4 THEN NULL ELSE now() END,
    CASE WHEN n % 5 < 4 THEN NULL ELSE 'timeout' END
FROM generate_series(1, $1::int) AS n
""",
    """
INSERT INTO match_party (city, match_id, party_id, position, role, department, stakeholder_id, name, partners, consent)
SELECT city, match_id, 'department:' || department, 0, 'department', department, NULL, department, '[]'::jsonb,
    'pending' FROM match
UNION ALL SELECT city, match_id, 'stakeholder:' || set_key::int % 3000, 1, 'giver', NULL,
    ('00000000-0000-7000-a000-' || lpad(to_hex(set_key::int % 3000), 12, '0'))::uuid,
    'Azienda ' || set_key::int % 3000, '[]'::jsonb, 'pending' FROM match
""",
    """
INSERT INTO match_allocation (city, match_id, position, offer_id, offer_line, need_line, stakeholder_id, kind, quantity,
    unit, to_agree, offer_version)
SELECT city, match_id, 0, match_id, 0, 0,
    ('00000000-0000-7000-a000-' || lpad(to_hex(set_key::int % 3000), 12, '0'))::uuid,
    (ARRAY['goods', 'money', 'space', 'service'])[1 + set_key::int % 4], 5, 'C62', false, 1 FROM match
""",
    """
INSERT INTO need_trait (city, need_id, policy_area, nil, cpv, requires, keys)
SELECT 'c_f205', ('00000000-0000-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid, 'area', n % 88 + 1, '{}', '{}', '{}'
FROM generate_series(0, $1::int / 5) AS n
""",
)
GIVER = UUID("00000000-0000-7000-a000-00000000002a")
ALL, OFFICER, PARTNER = Reach(True), Reach(department="department-7"), Reach(stakeholders=(GIVER,))
_MIDDLE = (date(2027, 1, 1) + timedelta(150), 0.5, UUID(int=0))
LISTS: dict[str, tuple[Reach, Wanted]] = {
    "manager, open": (ALL, Wanted(state="proposed")),
    "manager, any state": (ALL, Wanted()),
    "manager, a page from the middle": (ALL, Wanted(state="proposed", after=_MIDDLE)),
    "manager, mine": (ALL, Wanted(state="proposed", account_manager_id="manager-3")),
    "manager, one word": (ALL, Wanted(state="proposed", words=("azienda", "2999"))),
    "manager, a word nobody says": (ALL, Wanted(state="proposed", words=("treni",))),
    "manager, neighbourhood and kind": (ALL, Wanted(state="proposed", nil=11, kind="goods")),
    "manager, best first": (ALL, Wanted(state="proposed", sort="best")),
    "manager, newest first": (ALL, Wanted(state="proposed", sort="newest")),
    "officer, open": (OFFICER, Wanted(state="proposed")),
    "partner, any state": (PARTNER, Wanted()),
    "partner, open": (PARTNER, Wanted(state="proposed")),
}


async def measured(matches: int, explain: bool) -> None:
    admin, prefix = os.environ["SPORTELLO_TEST_POSTGRES_ADMIN_DSN"], f"b{secrets.token_hex(4)}"
    database = await make_template(admin, prefix, ("matching",))
    try:
        connection = await asyncpg.connect(database.dsn("matching"))
        await set_codecs(connection)
        for statement in _FILL:
            await connection.execute(statement, *([matches] if "$1" in statement else []))
        owner = await asyncpg.connect(database.dsn("matching", owner=True))
        await owner.execute("VACUUM ANALYZE match, match_party, match_allocation, need_trait")
        await owner.close()
        print(f"{matches:,} matches, quickest of five, ms: 30 of the page, count up to 1,000")
        for name, (reach, wanted) in LISTS.items():
            page, values = one_page(CITY, reach, wanted, MATCH)
            number, counted = count(CITY, reach, wanted)
            print(
                f"{name:34}{await _best(connection, page, values):8.1f}{await _best(connection, number, counted):8.1f}"
            )
            if explain:
                for row in await connection.fetch(f"EXPLAIN (ANALYZE, BUFFERS) {page}", *values):
                    print("   ", row[0])
        await connection.close()
    finally:
        await asyncio.to_thread(drop_databases, admin, prefix)


async def _best(connection: asyncpg.Connection, statement: str, values: object) -> float:
    found = []
    for _ in range(5):
        begun = time.perf_counter()
        await connection.fetch(statement, *values)  # type: ignore[misc]
        found.append(time.perf_counter() - begun)
    return min(found) * 1000


if __name__ == "__main__":
    asked = argparse.ArgumentParser()
    asked.add_argument("--matches", type=int, default=100_000)
    asked.add_argument("--explain", action="store_true")
    said = asked.parse_args()
    asyncio.run(measured(said.matches, said.explain))
