"""Secrets, settings, logs and findings of the launcher."""

from __future__ import annotations

import errno
import json
import socket
from pathlib import Path

import pytest

from chassis.settings import SERVICES, settings_of
from deploy.local import logs, secrets
from deploy.local.environment import Surroundings, surrounding
from deploy.local.failures import explain, of_system
from deploy.local.layout import Home, Ports
from deploy.local.personas import welcomed
from deploy.local.preflight import examine, failures

pytestmark = pytest.mark.unit


@pytest.fixture
def home(tmp_path: Path) -> Home:
    found = Home(tmp_path / "home")
    found.make()
    return found


def surroundings(home: Home, *, kind: str = "apache-kafka") -> Surroundings:
    kept = secrets.load(home.secrets)
    return Surroundings(home, Ports(40), kept, "127.0.0.1:9", kind, lambda role, password: f"{role}:{password}")


def test_secrets_are_made_once_and_private(home: Home) -> None:
    first = secrets.load(home.secrets)
    assert secrets.load(home.secrets) == first
    assert home.secrets.stat().st_mode & 0o777 == 0o600
    assert len(set(first.roles.values())) == 2 * len(SERVICES)


def test_a_later_service_gets_its_passwords_and_the_others_keep_theirs(home: Home) -> None:
    first = secrets.load(home.secrets)
    saved = json.loads(home.secrets.read_text())
    del saved["roles"]["impact"]
    home.secrets.write_text(json.dumps(saved))
    second = secrets.load(home.secrets)
    assert second.roles["intake"] == first.roles["intake"]
    assert second.roles["impact"] != first.roles["impact"]
    assert secrets.load(home.secrets) == second


def test_commands_read_the_same_settings_as_the_services(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPORTELLO_HOME", str(home.root))
    around = surroundings(home)
    around.write_files()
    found = settings_of("impact")
    assert found.http_port == 8145
    assert found.public_url == "http://localhost:8120"
    assert found.database_url.get_secret_value() == f"impact:{around.secrets.roles['impact']}"
    assert (home.environment / "impact.env").stat().st_mode & 0o777 == 0o600


def test_no_service_gets_the_password_of_another(home: Home) -> None:
    around = surroundings(home)
    roles = around.secrets.roles
    for service in SERVICES:
        known = " ".join(around.of_service(service).values())
        assert [role for role in roles if roles[role] in known] == [f"{service}_owner", service]


def test_the_stand_in_holds_the_relay_back(home: Home) -> None:
    assert "SPORTELLO_RELAY_MAX_PER_SECOND" in surroundings(home, kind="in-memory").of_service("intake")
    assert "SPORTELLO_RELAY_MAX_PER_SECOND" not in surroundings(home).of_service("intake")


@pytest.mark.parametrize(
    ("given", "told"), [({}, "localhost,127.0.0.1,::1"), ({"NO_PROXY": "intranet"}, "intranet,localhost,127.0.0.1,::1")]
)
def test_no_proxy_stands_between_the_parts_of_one_machine(given: dict[str, str], told: str) -> None:
    found = surrounding({"HTTP_PROXY": "http://proxy", "SPORTELLO_TOPIC_PREFIX": "x", **given})
    assert found["NO_PROXY"] == found["no_proxy"] == told
    assert found["HTTP_PROXY"] == "http://proxy"
    assert "SPORTELLO_TOPIC_PREFIX" not in found


def test_a_port_in_use_is_a_failure_with_advice(home: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        offset = taken.getsockname()[1] - 8080
        found = [one for one in failures(examine(home, Ports(offset), running=False)) if one.subject == "Ports"]
    assert "the edge proxy" in found[0].found
    assert "--port-offset" in found[0].advice


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ("could not write: No space left on device", "the disk is full"),
        ("LOG: starting\nFATAL: data directory has wrong ownership\nLOG: bye", "data directory has wrong ownership"),
        ("", "it said nothing"),
    ],
)
def test_what_went_wrong_is_told_in_a_sentence(output: str, told: str) -> None:
    failure = explain("PostgreSQL", output)
    assert told in failure.what
    assert failure.advice.endswith(".")


@pytest.mark.parametrize(
    ("number", "told"),
    [(errno.ENOSPC, "disk is full"), (errno.EACCES, "belongs to somebody else"), (errno.EMFILE, "refused")],
)
def test_what_the_system_refuses_is_told_in_a_sentence(number: int, told: str) -> None:
    assert told in of_system(OSError(number, "reason", "/somewhere")).what


def test_last_lines_are_told_with_their_names(home: Home) -> None:
    home.log("intake").write_text("one\ntwo\nthree\n")
    files = logs.sources(home, [], servers={"kafka": home.kafka / "missing"})
    assert list(logs.last_lines(files, 2)) == [("intake", "two"), ("intake", "three")]
    assert logs.sources(home, ["matching"], servers={}) == {}


def test_following_tells_whole_new_lines_only(home: Home) -> None:
    log = home.log("intake")
    log.write_text("old\n")
    places = {"intake": log.stat().st_size}
    log.write_text("old\nnew\nunfini")
    assert list(logs._since(log, places, "intake")) == ["new"]
    log.write_text("old\nnew\nunfinished\n")
    assert list(logs._since(log, places, "intake")) == ["unfinished"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            '{"event": "relay.interrupted", "level": "warning", "timestamp": "2026-01-02T03:04:05.678901Z",'
            ' "service": "intake", "error": "KafkaError"}',
            "03:04:05.678 WARNING relay.interrupted error=KafkaError",
        ),
        ("Traceback (most recent call last):", "Traceback (most recent call last):"),
        ("[1, 2]", "[1, 2]"),
    ],
)
def test_structured_lines_are_made_readable_and_others_left(line: str, told: str) -> None:
    assert logs.readable(line) == told


def test_one_persona_of_each_group_is_welcomed() -> None:
    found = welcomed()
    assert len(found.people) == len({person.username for person in found.people})
    assert found.password
