"""What an image of one service knows of itself, and that nothing else of the repository gets into it."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from chassis.settings import SERVICES
from deploy.image.register import register
from deploy.tests.composition import ROOT

IMAGE = ROOT / "deploy" / "image"
DOCKERFILE = (IMAGE / "Dockerfile").read_text(encoding="utf-8")
PROJECT = """
[project]
name = "sportello"
version = "1.2.3"
[project.urls]
Source = "https://example.org/source"
[project.entry-points."sportello.commands"]
alpha = "services.alpha.cli:register"
beta = "services.beta.cli:register"
local = "deploy.local.cli:register"
"""


@pytest.mark.unit
def test_only_contracts_chassis_and_one_service_are_copied() -> None:
    sources = [
        line.split()[1:-1] for line in DOCKERFILE.splitlines() if line.startswith("COPY") and "--from" not in line
    ]
    copied = {source for line in sources for source in line}

    assert copied == {
        "requirements/*.txt", "contracts", "chassis", "services/__init__.py", "services/${SERVICE}",
        "pyproject.toml", "LICENSE*", "deploy/image/register.py", "deploy/image/probe.py",
    }  # fmt: skip


@pytest.mark.unit
def test_packages_are_installed_by_hash_alone() -> None:
    installs = re.findall(r"pip install.*", DOCKERFILE)
    assert installs
    assert all("--require-hashes" in line and "--only-binary :all:" in line and "-r " in line for line in installs)


@pytest.mark.unit
def test_the_builder_is_sent_what_it_copies_and_no_tests() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in ignored
    assert "**/tests" in ignored
    for name in ("contracts", "chassis", "services", "pyproject.toml", "deploy/image"):
        assert f"!{name}" in ignored
    for requirements in (ROOT / "requirements").glob("*.txt"):
        wanted = requirements.stem == "runtime" or requirements.stem in SERVICES
        assert (f"!requirements/{requirements.name}" in ignored) == wanted


@pytest.mark.unit
def test_it_does_not_run_as_root() -> None:
    stage = DOCKERFILE.rsplit("\nFROM ", 1)[1]
    user = re.search(r"^USER (\d+)$", stage, re.MULTILINE)
    assert user is not None
    assert int(user[1]) > 0
    assert f"--uid {user[1]}" in stage


@pytest.mark.unit
def test_make_builds_with_this_file() -> None:
    recipe = re.search(r"^image:.*\n\t(.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert recipe is not None
    assert "--build-arg SERVICE=$(SERVICE)" in recipe[1]
    assert "--file deploy/image/Dockerfile" in recipe[1]


@pytest.mark.unit
def test_the_requirements_of_a_service_contain_the_common_ones() -> None:
    pins = {path.stem: _pins(path) for path in (ROOT / "requirements").glob("*.txt")}
    for name in SERVICES:
        assert pins["runtime"] <= pins.get(name, pins["runtime"]), name


def _pins(path: Path) -> set[str]:
    return {line.split()[0] for line in path.read_text(encoding="utf-8").splitlines() if re.match(r"[a-z0-9]", line)}


@pytest.mark.unit
def test_a_copied_service_is_registered_with_its_command_alone(tmp_path: Path) -> None:
    app, packages, scripts = tmp_path / "app", tmp_path / "packages", tmp_path / "bin"
    for folder in (app / "services" / "alpha", packages, scripts):
        folder.mkdir(parents=True)
    (app / "pyproject.toml").write_text(PROJECT)
    (app / "services" / "alpha" / "cli.py").touch()

    register(app, packages, scripts, sys.executable)

    look = (
        "from importlib.metadata import distributions\n"
        f"[found] = distributions(name='sportello', path=[{str(packages)!r}])\n"
        "print(found.version, *(entry.value for entry in found.entry_points), *found.metadata.get_all('Project-URL'))"
    )
    seen = subprocess.run([sys.executable, "-c", look], check=True, capture_output=True, text=True).stdout
    assert seen.strip() == "1.2.3 services.alpha.cli:register Source, https://example.org/source"
    assert (packages / "sportello.pth").read_text().strip() == str(app)
    assert (scripts / "sportello").stat().st_mode & 0o111


@pytest.fixture
def answering() -> Iterator[tuple[HTTPServer, dict[str, int]]]:
    """A service that answers what the test says."""
    statuses: dict[str, int] = {}

    class Service(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(statuses[self.path])
            self.end_headers()
            self.wfile.write(b"the database is away")

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Service) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server, statuses
        server.shutdown()
        thread.join()


def _probe(what: str, port: int) -> subprocess.CompletedProcess[str]:
    environment = {"SPORTELLO_SERVICE": "alpha", "SPORTELLO_HTTP_PORT": str(port)}
    command = [sys.executable, str(IMAGE / "probe.py"), what]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.integration
def test_the_probe_tells_well_from_unwell(answering: tuple[HTTPServer, dict[str, int]]) -> None:
    server, statuses = answering
    statuses |= {"/alpha/healthz": 200, "/alpha/readyz": 503}

    assert _probe("healthz", server.server_port).returncode == 0
    unready = _probe("readyz", server.server_port)
    assert (unready.returncode, unready.stdout.strip()) == (1, "the database is away")


@pytest.mark.integration
def test_the_probe_notices_that_nobody_answers(answering: tuple[HTTPServer, dict[str, int]]) -> None:
    server, _ = answering
    port = server.server_port
    server.server_close()

    assert _probe("healthz", port).returncode == 1
