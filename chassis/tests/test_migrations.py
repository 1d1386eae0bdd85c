"""The migration runner keeps its promises."""

from __future__ import annotations

import asyncio
from importlib.resources.abc import Traversable
from pathlib import Path

import pytest

from chassis.database.migrations import Migration, MigrationError, load, migrate
from chassis.settings import Settings
from chassis.tests.toy import toy_migrations


def folder(path: Path, files: dict[str, str], latest: str) -> Traversable:
    for name, text in files.items():
        (path / name).write_text(text)
    (path / "LATEST").write_text(latest)
    return path


@pytest.mark.parametrize(
    ("files", "latest"),
    [
        (["0001_before_a.sql", "0003_before_b.sql"], "0003"),
        (["0001_before_a.sql", "0001_after_b.sql"], "0001"),
        (["0001_before_a.sql", "0002_before_b.sql"], "0001"),
        (["0001_sometime_a.sql"], "0001"),
    ],
    ids=["a gap", "a double", "a stale LATEST", "no phase"],
)
def test_files_that_are_not_in_order_are_refused(tmp_path: Path, files: list[str], latest: str) -> None:
    with pytest.raises(MigrationError):
        load("x", folder(tmp_path, dict.fromkeys(files, "SELECT 1"), latest))


def owner(settings: Settings) -> str:
    return settings.migration_database_url.get_secret_value()


def extra(number: int, phase: str, sql: str) -> Migration:
    return Migration("extra", f"{number:04d}_{phase}_x.sql", number, phase, sql)  # type: ignore[arg-type]


@pytest.mark.integration
async def test_each_file_runs_once_also_when_two_start_together(settings: Settings) -> None:
    files = [*toy_migrations("toy"), extra(1, "before", "CREATE TABLE once (id int)")]
    ran = await asyncio.gather(*(migrate("toy", owner(settings), migrations=files) for _ in range(4)))
    assert sorted(map(len, ran)) == [0, 0, 0, 1]


@pytest.mark.integration
async def test_a_file_that_loses_a_conflict_with_a_running_service_is_tried_again(settings: Settings) -> None:
    loses_twice = """
        DO $$ BEGIN
            IF nextval('tries') < 3 THEN RAISE EXCEPTION 'crosswise' USING ERRCODE = 'deadlock_detected'; END IF;
        END $$;
        CREATE TABLE after_all (tries int)"""
    files = [
        *toy_migrations("toy"),
        extra(1, "before", "CREATE SEQUENCE tries"),
        extra(2, "before", loses_twice),
    ]
    assert await migrate("toy", owner(settings), migrations=files) == [
        "extra/0001_before_x.sql",
        "extra/0002_before_x.sql",
    ]


@pytest.mark.integration
async def test_before_stops_ahead_of_what_is_meant_for_after_the_rollout(settings: Settings) -> None:
    files = [
        *toy_migrations("toy"),
        extra(1, "before", "CREATE TABLE one (id int)"),
        extra(2, "after", "DROP TABLE one"),
        extra(3, "before", "CREATE TABLE two (id int)"),
    ]
    first = await migrate("toy", owner(settings), phase="before", migrations=files)
    rest = await migrate("toy", owner(settings), migrations=files)
    assert first == ["extra/0001_before_x.sql"]
    assert rest == ["extra/0002_after_x.sql", "extra/0003_before_x.sql"]


@pytest.mark.integration
async def test_a_file_changed_after_it_ran_is_refused(settings: Settings) -> None:
    files = [*toy_migrations("toy"), extra(1, "before", "CREATE TABLE one (id int)")]
    await migrate("toy", owner(settings), migrations=files)
    changed = [*toy_migrations("toy"), extra(1, "before", "CREATE TABLE one (id bigint)")]
    with pytest.raises(MigrationError, match="was changed after it ran"):
        await migrate("toy", owner(settings), migrations=changed)


@pytest.mark.integration
async def test_a_file_that_fails_leaves_nothing_behind(settings: Settings) -> None:
    broken = [*toy_migrations("toy"), extra(1, "before", "CREATE TABLE half (id int); SELECT 1 / 0")]
    with pytest.raises(Exception, match="division by zero"):
        await migrate("toy", owner(settings), migrations=broken)
    mended = [*toy_migrations("toy"), extra(1, "before", "CREATE TABLE half (id int)")]
    assert await migrate("toy", owner(settings), migrations=mended) == ["extra/0001_before_x.sql"]
