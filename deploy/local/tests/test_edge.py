"""The Caddyfile that every deployment shares: paths reach their service unchanged, streams line by line."""

from __future__ import annotations

import http.client
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from chassis.settings import SERVICES
from deploy.local import caddy
from deploy.local.ports import free_ports, is_free
from deploy.local.processes import detach, end, wait_until

pytestmark = pytest.mark.integration


class Echo(BaseHTTPRequestHandler):
    """Answers with the service's name and the path it was asked for; streams wait to be told to go on."""

    name = ""
    go_on = threading.Event()

    def do_GET(self) -> None:
        self.send_response(200)
        streams = self.path.endswith("/stream")
        self.send_header("Content-Type", "text/event-stream" if streams else "text/plain")
        self.end_headers()
        if streams:
            self.wfile.write(b"data: first\n\n")
            self.wfile.flush()
            self.go_on.wait(20)
        self.wfile.write(f"{self.name} {self.path}\n".encode())

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A running Caddy before five echoing services, of which impact is down."""
    port = free_ports()
    settings = {"SPORTELLO_EDGE_ADDRESS": f"http://:{port}"}
    servers = []
    for service in SERVICES:
        handler = type("Named", (Echo,), {"name": service})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        settings[f"SPORTELLO_UPSTREAM_{service.upper()}"] = f"127.0.0.1:{server.server_port}"
        if service == "impact":
            server.server_close()
            continue
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
    place = tmp_path_factory.mktemp("edge")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**settings, "HOME": str(place)}.items():
            patch.setenv(name, value)
        pid = detach(caddy.command(), log=place / "caddy.log", directory=place)
    assert wait_until(lambda: not is_free(port), 20), (place / "caddy.log").read_text()
    yield port
    end(pid)
    said = (place / "caddy.log").read_text()
    assert "aborting with incomplete response" not in said, "who leaves a stream is no news"
    assert '"level":' not in said, "the lines of the edge are read by people, as the others"
    for server in servers:
        server.shutdown()
        server.server_close()


def get(port: int, path: str) -> tuple[int, str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/", "intake"),
        ("/auth/login", "intake"),
        ("/static/site.css", "intake"),
        ("/intake/api/v1/needs?after=x%2Fy", "intake"),
        ("/matching/api/v1/matches", "matching"),
        ("/agreements/api/v1/register", "agreements"),
        ("/notifications/healthz", "notifications"),
        ("/nowhere", "intake"),
    ],
)
def test_a_path_reaches_its_service_unchanged(edge: int, path: str, service: str) -> None:
    status, _, body = get(edge, path)
    assert (status, body) == (200, f"{service} {path}\n")


def test_the_edge_itself_is_healthy(edge: int) -> None:
    assert get(edge, "/healthz")[0] == 200


def test_an_event_arrives_while_the_stream_goes_on(edge: int) -> None:
    Echo.go_on.clear()
    connection = http.client.HTTPConnection("127.0.0.1", edge, timeout=15)
    connection.request("GET", "/notifications/api/v1/inbox/stream", headers={"Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    assert answer.headers["Content-Encoding"] is None
    assert answer.readline() == b"data: first\n"
    Echo.go_on.set()
    assert b"notifications" in answer.read()
    connection.close()


def test_a_service_that_is_down_is_told_to_a_person_in_both_languages(edge: int) -> None:
    status, kind, body = get(edge, "/impact/")
    assert (status, kind) == (503, "text/html; charset=utf-8")
    assert 'lang="it"' in body
    assert 'lang="en"' in body


def test_a_service_that_is_down_is_told_to_a_program_as_a_problem(edge: int) -> None:
    status, kind, body = get(edge, "/impact/api/v1/summary")
    assert (status, kind) == (503, "application/problem+json")
    assert '"status":503' in body


def test_the_file_needs_no_environment() -> None:
    assert Path(caddy.binary()).is_file()
    assert os.system(f"{caddy.binary()} validate --config {caddy.CADDYFILE} --adapter caddyfile >/dev/null 2>&1") == 0


def test_who_leaves_a_stream_is_not_logged(edge: int) -> None:
    """What was logged is looked at when the edge has ended."""
    Echo.go_on.clear()
    connection = http.client.HTTPConnection("127.0.0.1", edge, timeout=30)
    connection.request("GET", "/notifications/stream")
    answer = connection.getresponse()
    assert answer.readline() == b"data: first\n"
    answer.close()
    connection.close()
    Echo.go_on.set()
    assert get(edge, "/healthz")[0] == 200
