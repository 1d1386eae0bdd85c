"""Sportello on this machine as a whole: brought up in parallel, found again later, taken down in order."""

from __future__ import annotations

import asyncio
import fcntl
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path

from chassis.database.migrations import MigrationError, migrate
from chassis.database.roles import ensure_roles
from chassis.settings import SERVICES, Settings
from chassis.topics import ensure_topics
from deploy.local import programs, secrets
from deploy.local.bus import Bus, choose
from deploy.local.environment import Surroundings
from deploy.local.failures import CannotStart
from deploy.local.in_memory_kafka import InMemoryKafka
from deploy.local.jars import KAFKA
from deploy.local.layout import PROJECT, Home, Ports
from deploy.local.postgres import PostgresServer
from deploy.local.preflight import examine, failures
from deploy.local.processes import PidFile, detach, end, wait_until
from deploy.local.progress import Progress
from deploy.local.readiness import wait_for_all
from deploy.local.republish import republish
from deploy.local.supervisor import bus_of_kind, end_survivors

STOP_SECONDS = 60
TOLD_WHEN_CHOSEN = ("Java", "Maven")  # with what it means, when the stand-in is taken in Kafka's place
MIGRATION_ADVICE = "See docs/runbooks/local-start.md for what to do about the data of an older checkout."


class Installation:
    """All processes of one machine under one home directory."""

    def __init__(self, home: Path) -> None:
        self.home = Home(home.absolute())
        self.postgres = PostgresServer(self.home.postgres)
        self._supervisor = PidFile(self.home.run / "supervisor.pid")

    # -- up --------------------------------------------------------------------------------------------

    def up(self, ports: Ports, progress: Progress, *, require_kafka: bool = False, restart: bool = False) -> None:
        """Start what is not running yet and return when every part says that it is ready.

        Raises:
            CannotStart: with a sentence for the person and the next step to take.
        """
        self.home.make()
        with self._alone():
            self._examine(ports, progress)
            self.home.save_ports(ports)
            kept = secrets.load(self.home.secrets)
            with ThreadPoolExecutor(2) as side_by_side:
                storing = side_by_side.submit(self._start_postgres, kept, progress)
                carrying = side_by_side.submit(self._start_bus, ports, require_kafka, progress)
                storing.result()
                bus, is_new = carrying.result()
            surroundings = Surroundings(self.home, ports, kept, bus.bootstrap, bus.kind, self.postgres.dsn)
            surroundings.write_files()
            wanted = programs.programs_of(surroundings)
            if bus.kind == InMemoryKafka.kind and is_new:
                with progress.step("Outboxes to be published again (the in-memory bus had forgotten everything)"):
                    republish(wanted)
            self._supervise(bus.kind, wanted, progress, restart=restart)
            wait_for_all(self.home, wanted, progress)

    def _examine(self, ports: Ports, progress: Progress) -> None:
        if self.is_supervised and self.home.ports() != ports:
            raise CannotStart(
                "Sportello already runs here on other ports.", "Run `sportello down` first, then `up` again."
            )
        findings = examine(self.home, ports, running=self.is_supervised or self._bus().is_running)
        for finding in findings:
            if finding.verdict == "warning" and finding.subject not in TOLD_WHEN_CHOSEN:
                progress.say(f"{finding.subject}: {finding.found}. {finding.advice}")
        for finding in failures(findings):
            raise CannotStart(f"{finding.subject}: {finding.found}", finding.advice)

    def _start_postgres(self, kept: secrets.Secrets, progress: Progress) -> None:
        with progress.step("PostgreSQL"):
            self.postgres.start()
        if self.postgres.is_relocated:
            progress.say(f"Its data is in {self.postgres.data}: its account may not enter this directory.")
        with progress.step("Database roles and migrations"):
            try:
                asyncio.run(self._prepare_database(kept))
            except MigrationError as refused:
                raise CannotStart(f"A migration was refused: {refused}.", MIGRATION_ADVICE) from refused

    async def _prepare_database(self, kept: secrets.Secrets) -> None:
        await ensure_roles(self.postgres.admin_dsn, kept.roles)
        await asyncio.gather(
            *(migrate(name, self.postgres.dsn(f"{name}_owner", kept.roles[f"{name}_owner"])) for name in SERVICES)
        )

    def _start_bus(self, ports: Ports, require_real: bool, progress: Progress) -> tuple[Bus, bool]:
        """The running bus, and whether it was started just now."""
        running = self._bus()
        if running.is_running:
            running.wait_ready()
            bus, is_new = running, False
        else:
            bus, is_new = self._start_new_bus(ports, require_real, progress), True
        if bus.kind != InMemoryKafka.kind:  # the stand-in makes topics at first use and refuses to be asked
            with progress.step("Topics"):
                asyncio.run(ensure_topics(Settings(kafka_bootstrap=bus.bootstrap, topic_prefix="")))
        return bus, is_new

    def _start_new_bus(self, ports: Ports, require_real: bool, progress: Progress) -> Bus:
        cached = KAFKA.directory().is_dir()
        with nullcontext() if cached else progress.step("Kafka fetched (45 MB, only the first time)"):
            bus = choose(
                self.home.kafka, ports.kafka, require_real=require_real, report=progress.say, fetching=progress.passing
            )
        with progress.step("Kafka (in-memory stand-in)" if bus.kind == InMemoryKafka.kind else "Kafka"):
            bus.start()
        return bus

    def _bus(self) -> Bus:
        """The bus that was used last: whichever of the two runs."""
        stand_in = InMemoryKafka(self.home.kafka)
        return stand_in if stand_in.is_running else bus_of_kind("", self.home)

    def _supervise(self, bus_kind: str, wanted: list[programs.Program], progress: Progress, *, restart: bool) -> None:
        changed = programs.save(self.home.run / "programs.json", bus_kind, wanted)
        if self.is_supervised and not changed and not restart:
            return
        if self.is_supervised:
            with progress.step("Stopping the services: their settings have changed" if changed else "Stopping"):
                self._stop_supervisor()
        end_survivors(self.home)
        command = [sys.executable, "-m", "deploy.local.supervisor", str(self.home.root)]
        detach(command, log=self.home.log("supervisor"), directory=PROJECT)
        if not wait_until(lambda: self.is_supervised, 20):
            raise CannotStart("The supervisor did not start.", f"Look into {self.home.log('supervisor')}.")

    # -- down ------------------------------------------------------------------------------------------

    def down(self, progress: Progress) -> None:
        """Edge, services, identity provider; then Kafka and PostgreSQL. The data stays."""
        if not self.home.root.is_dir():
            return
        with self._alone():
            with progress.step("Services stopped"):
                self._stop_supervisor()
                end_survivors(self.home)
            with ThreadPoolExecutor(2) as side_by_side, progress.step("Kafka and PostgreSQL stopped"):
                for stopping in [side_by_side.submit(self._bus().stop), side_by_side.submit(self.postgres.stop)]:
                    stopping.result()

    def _stop_supervisor(self) -> None:
        pid = self._supervisor.pid()
        if pid is not None:
            end(pid, STOP_SECONDS)

    # -- found again -----------------------------------------------------------------------------------

    @property
    def is_supervised(self) -> bool:
        return self._supervisor.pid() is not None

    @property
    def is_running(self) -> bool:
        return self.is_supervised and self.postgres.is_running and self._bus().is_running

    @property
    def bus(self) -> Bus:
        return self._bus()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Two commands at once would start everything twice."""
        self.home.make()
        with (self.home.run / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CannotStart(
                    "Another `sportello up` or `down` is at work here.", "Wait until it is done."
                ) from None
            yield
