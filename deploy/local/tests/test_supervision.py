"""Processes are kept alive, brought back after a crash, and stopped in order."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from deploy.local import keeper as keeping
from deploy.local import supervisor as supervision
from deploy.local.failures import CannotStart
from deploy.local.keeper import Keeper
from deploy.local.layout import Home
from deploy.local.processes import PidFile, alive, birth, detach, end, kill_family, wait_until
from deploy.local.programs import Program, load, save
from deploy.local.supervisor import Supervisor, Watched, end_survivors

pytestmark = pytest.mark.integration
SLEEPER = (sys.executable, "-c", "import time; time.sleep(600)")
STUBBORN = (
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)",
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    found = Home(tmp_path)
    found.make()
    return found


def program(command: tuple[str, ...], **settings: str) -> Program:
    return Program("sleeper", command, settings, "http://127.0.0.1:1/", stops=1)


async def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    assert await asyncio.to_thread(wait_until, condition, seconds)


async def test_a_killed_process_comes_back(home: Home) -> None:
    keeper = Keeper(home, program(SLEEPER), lambda: None)
    task = asyncio.create_task(keeper.keep())
    await until(lambda: keeper.condition.pid is not None)
    first = keeper.condition.pid
    assert first
    os.kill(first, signal.SIGKILL)
    await until(lambda: keeper.condition.pid not in (None, first))
    assert keeper.condition.restarts == 1
    assert keeper.condition.last_exit == -signal.SIGKILL
    await keeper.stop()
    await task
    assert keeper.condition.state == "stopped"


async def test_a_process_that_keeps_failing_is_started_ever_more_slowly(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "FIRST_PAUSE", 0.02)
    starts: list[float] = []
    failing = program((sys.executable, "-S", "-c", "raise SystemExit(3)"))

    def note() -> None:
        if keeper.condition.state == "running":
            starts.append(time.monotonic())

    keeper = Keeper(home, failing, note)
    task = asyncio.create_task(keeper.keep())
    await until(lambda: len(starts) >= 6)
    await keeper.stop()
    await task
    pauses = [later - earlier for earlier, later in itertools.pairwise(starts)]
    assert pauses[-1] >= 0.02 * 2**4
    assert keeper.condition.last_exit == 3


async def test_a_process_deaf_to_termination_is_killed(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "STOP_SECONDS", 0.3)
    keeper = Keeper(home, program(STUBBORN), lambda: None)
    task = asyncio.create_task(keeper.keep())
    log = home.log("sleeper")
    await until(lambda: log.exists() and "deaf" in log.read_text())
    pid = keeper.condition.pid
    await keeper.stop()
    await task
    assert pid
    assert not alive(pid)


async def test_settings_of_something_else_do_not_reach_a_process(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPORTELLO_TOPIC_PREFIX", "from-a-test-run")
    told = "import os; print(sorted(key for key in os.environ if key.startswith('SPORTELLO_'))); raise SystemExit"
    keeper = Keeper(home, program((sys.executable, "-c", told), SPORTELLO_SERVICE="x"), lambda: None)
    task = asyncio.create_task(keeper.keep())
    await until(lambda: keeper.condition.restarts > 0)
    await keeper.stop()
    await task
    assert home.log("sleeper").read_text().splitlines()[0] == "['SPORTELLO_SERVICE']"


def test_what_is_to_run_is_kept_privately(home: Home) -> None:
    path = home.run / "programs.json"
    assert save(path, "apache-kafka", [program(SLEEPER, SECRET="x")])
    assert path.stat().st_mode & 0o777 == 0o600
    assert not save(path, "apache-kafka", [program(SLEEPER, SECRET="x")])
    assert save(path, "apache-kafka", [program(SLEEPER, SECRET="y")])
    assert load(path) == ("apache-kafka", [program(SLEEPER, SECRET="y")])


def test_survivors_of_a_killed_supervisor_are_ended(home: Home) -> None:
    pid = detach(list(SLEEPER), log=home.log("sleeper"), directory=home.root)
    (home.run / "state.json").write_text(json.dumps({"programs": {"sleeper": {"pid": pid, "birth": birth(pid)}}}))
    end_survivors(home)
    assert wait_until(lambda: not alive(pid), 10)


def test_a_stranger_with_a_reused_id_is_left_alone(home: Home) -> None:
    pid = detach(list(SLEEPER), log=home.log("sleeper"), directory=home.root)
    (home.run / "state.json").write_text(json.dumps({"programs": {"sleeper": {"pid": pid, "birth": "another"}}}))
    try:
        end_survivors(home)
        assert alive(pid)
    finally:
        end(pid)


def test_a_process_id_is_only_ours_with_its_start_time(tmp_path: Path) -> None:
    file = PidFile(tmp_path / "some.pid")
    assert file.pid() is None
    file.write(os.getpid())
    assert file.pid() == os.getpid()
    file.path.write_text(json.dumps({"pid": os.getpid(), "birth": "another"}))
    assert file.pid() is None


def test_killing_takes_the_children_too(tmp_path: Path) -> None:
    parent = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])"
    command = [sys.executable, "-c", f"{parent}; time.sleep(600)"]
    pid = detach(command, log=tmp_path / "log", directory=tmp_path)
    assert wait_until(lambda: len(psutil.Process(pid).children()) == 1, 10)
    child = psutil.Process(pid).children()[0].pid
    kill_family(pid)
    assert not alive(pid)
    assert not alive(child)


class Broken:
    """A server that cannot come up, and notes how long was waited before each try."""

    is_running = False

    def __init__(self) -> None:
        self.watched = Watched("postgres", self)  # type: ignore[arg-type]
        self.pauses: list[float] = []

    def start(self) -> None:
        self.pauses.append(self.watched.pause)
        raise CannotStart("The disk is full.", "Free some space.")


async def test_a_server_that_cannot_come_back_is_tried_ever_more_slowly(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(supervision, "LOOK_SECONDS", 0.01)
    save(home.run / "programs.json", "in-memory", [])
    broken = Broken()
    supervisor = Supervisor(home)
    watching = asyncio.create_task(supervisor._watch(broken.watched))
    await until(lambda: len(broken.pauses) >= 5)
    watching.cancel()
    assert broken.pauses[:5] == pytest.approx([0, 0.02, 0.04, 0.08, 0.16])
    assert "The disk is full." in capsys.readouterr().out


class Slow:
    """A server that takes its time to come up."""

    def __init__(self) -> None:
        self.is_running = False
        self.go_on = threading.Event()

    def start(self) -> None:
        self.go_on.wait(60)
        self.is_running = True


async def test_whatever_goes_wrong_a_server_is_looked_at_again(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "LOOK_SECONDS", 0.01)
    save(home.run / "programs.json", "in-memory", [])
    kafka = Slow()
    kafka.go_on.set()
    moved: list[bool] = []

    def republish(_programs: list[Program]) -> None:
        moved.append(True)
        if len(moved) == 1:
            raise ConnectionRefusedError("the database is away too")

    class StandIn(supervision.InMemoryKafka):
        bootstrap = "127.0.0.1:1"

        def __init__(self) -> None:
            """Nothing of the real one."""

        @property
        def is_running(self) -> bool:
            return kafka.is_running

        def start(self) -> None:
            kafka.start()

        def kill(self) -> None:
            kafka.is_running = False

    monkeypatch.setattr(supervision, "republish", republish)
    supervisor = Supervisor(home)
    watching = asyncio.create_task(supervisor._watch(Watched("kafka", StandIn())))
    await until(lambda: len(moved) == 2 and kafka.is_running)
    watching.cancel()


async def test_a_server_is_brought_back_while_another_one_is_still_coming(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervision, "LOOK_SECONDS", 0.01)
    save(home.run / "programs.json", "in-memory", [])
    kafka, postgres = Slow(), Slow()
    postgres.go_on.set()
    supervisor = Supervisor(home)
    supervisor.watched = [Watched("kafka", kafka), Watched("postgres", postgres)]  # type: ignore[arg-type]
    running = asyncio.create_task(supervisor.run())
    await until(lambda: postgres.is_running)
    assert not kafka.is_running
    kafka.go_on.set()
    await until(lambda: kafka.is_running)
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(running, 20)
