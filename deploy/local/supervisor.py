"""The daemon that keeps Sportello's processes alive on one machine, and brings back a dead server.

``python -m deploy.local.supervisor HOME``. It reads ``run/programs.json``, tells ``run/state.json`` how things
are, and on SIGTERM stops everything in order: the edge, the services, the identity provider. The servers
(PostgreSQL, Kafka) are stopped by ``sportello down`` afterwards.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from chassis.settings import SERVICES
from deploy.local.bus import Bus
from deploy.local.environment import write_file
from deploy.local.failures import CannotStart
from deploy.local.in_memory_kafka import InMemoryKafka
from deploy.local.kafka import KafkaServer
from deploy.local.keeper import LONGEST_PAUSE, Keeper, kill_group
from deploy.local.layout import Home
from deploy.local.postgres import PostgresServer
from deploy.local.processes import PidFile, birth
from deploy.local.programs import load
from deploy.local.republish import republish

LOOK_SECONDS = 1.0
_ENDING = (signal.SIGTERM, signal.SIGINT)
BOOTSTRAP = "SPORTELLO_KAFKA_BOOTSTRAP"


@dataclass
class Watched:
    """A server that is brought back when it has died, ever more slowly while that fails."""

    name: str
    server: Bus | PostgresServer
    times: int = 0
    pause: float = 0.0
    not_before: float = 0.0

    def put_off(self) -> None:
        self.pause = min(max(2 * self.pause, 2 * LOOK_SECONDS), LONGEST_PAUSE)
        self.not_before = time.monotonic() + self.pause

    def revived(self) -> None:
        self.times += 1
        self.pause = 0.0


class Supervisor:
    def __init__(self, home: Home) -> None:
        self.home = home
        bus_kind, programs = load(home.run / "programs.json")
        self.keepers = [Keeper(home, program, self._write_state) for program in programs]
        self.watched = [
            Watched("postgres", PostgresServer(home.postgres)),
            Watched("kafka", bus_of_kind(bus_kind, home)),
        ]

    async def run(self) -> None:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in _ENDING:
            loop.add_signal_handler(number, stopping.set)
        end_survivors(self.home)
        tasks = [asyncio.create_task(keeper.keep()) for keeper in self.keepers]
        watch = asyncio.gather(*(self._watch(watched) for watched in self.watched))
        await stopping.wait()
        say("stopping")
        watch.cancel()
        for wave in sorted({keeper.program.stops for keeper in self.keepers}):
            await asyncio.gather(*(keeper.stop() for keeper in self.keepers if keeper.program.stops == wave))
        await asyncio.gather(*tasks)
        await asyncio.gather(watch, return_exceptions=True)
        for number in _ENDING:
            loop.remove_signal_handler(number)
        say("stopped")

    async def _watch(self, watched: Watched) -> None:
        """Each for itself: bringing one back may take a minute, and the other may die meanwhile."""
        while True:
            try:
                if not watched.server.is_running:
                    await self._revive(watched)
            except Exception as failure:
                watched.put_off()  # a full disk does not empty itself within a second
                known = "" if isinstance(failure, CannotStart) else f"{type(failure).__name__}: "
                say(f"{watched.name}: {known}{failure} Next try in {watched.pause:.0f} s.")
            await asyncio.sleep(LOOK_SECONDS)

    async def _revive(self, watched: Watched) -> None:
        if time.monotonic() < watched.not_before:
            return
        say(f"{watched.name} is not running; starting it again")
        await asyncio.to_thread(watched.server.start)
        if isinstance(watched.server, InMemoryKafka):
            await self._move_to(watched.server)
        watched.revived()
        self._write_state()

    async def _move_to(self, bus: InMemoryKafka) -> None:
        """The in-memory bus comes back empty and at another address: every process must connect anew."""
        try:
            await asyncio.to_thread(republish, [keeper.program for keeper in self.keepers])
        except BaseException:
            bus.kill()  # the database is away too: from the beginning, once that is back
            raise
        bootstrap = bus.bootstrap
        for keeper in self.keepers:
            settings = keeper.program.settings
            if BOOTSTRAP in settings:
                settings[BOOTSTRAP] = bootstrap
                keeper.restart()
            if keeper.program.name in SERVICES:
                write_file(self.home, keeper.program.name, settings)

    def _write_state(self) -> None:
        state = {
            "pid": os.getpid(),
            "programs": {keeper.program.name: asdict(keeper.condition) for keeper in self.keepers},
            "revived": {watched.name: watched.times for watched in self.watched},
        }
        scratch = self.home.run / "state.new"
        scratch.write_text(json.dumps(state), encoding="utf-8")
        scratch.replace(self.home.run / "state.json")


def bus_of_kind(kind: str, home: Home) -> Bus:
    return InMemoryKafka(home.kafka) if kind == InMemoryKafka.kind else KafkaServer(home.kafka, home.ports().kafka)


def end_survivors(home: Home) -> None:
    """A supervisor that was killed leaves its processes running; they would hold their ports."""
    try:
        state = json.loads((home.run / "state.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    for program in state["programs"].values():
        if program["pid"] and program["birth"] == birth(program["pid"]):
            kill_group(program["pid"])


def say(text: str) -> None:
    print(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {text}", flush=True)


def main() -> None:
    home = Home(Path(sys.argv[1]))
    pid = PidFile(home.run / "supervisor.pid")
    pid.write(os.getpid())
    try:
        asyncio.run(Supervisor(home).run())
    finally:
        pid.remove()


if __name__ == "__main__":
    main()
