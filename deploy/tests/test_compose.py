"""docker-compose.yml: valid by the Compose specification, and made of things that exist."""

from __future__ import annotations

import copy
import re
from typing import Any

import jsonschema
import pytest
from typer.main import get_command

from chassis.cli import build
from chassis.settings import SERVICES
from deploy.compose import assignments
from deploy.tests.composition import PREFIX, ROOT, composition, names, schema, services, settings_of

pytestmark = pytest.mark.unit

OURS = {name: service for name, service in services().items() if "sportello-" in service["image"]}
REFERENCE = re.compile(r"(?<!\$)\$\{([A-Z_]+)(?P<rest>[^}]*)\}")
VARIABLE = re.compile(r"\$\{?(SPORTELLO_[A-Z_]+)|\{\$(SPORTELLO_[A-Z_]+)")


def validator() -> Any:
    return jsonschema.Draft202012Validator(schema())


def command_variables() -> set[str]:
    """The environment variables that options of the command `sportello` read."""
    return {
        name
        for command in get_command(build()).commands.values()  # type: ignore[attr-defined]
        for parameter in command.params
        for name in ([parameter.envvar] if isinstance(parameter.envvar, str) else parameter.envvar or [])
    }


def files_of(service: dict[str, Any]) -> list[str]:
    return [volume.split(":")[0] for volume in service.get("volumes", []) if volume.startswith("./")]


def test_the_specification_holds() -> None:
    assert [error.message for error in validator().iter_errors(composition())] == []


@pytest.mark.parametrize("field", ["enviroment", "depend_on", "image_name"])
def test_a_misspelt_field_would_be_found(field: str) -> None:
    wrong = copy.deepcopy(composition())
    wrong["services"]["intake"][field] = "x"

    assert list(validator().iter_errors(wrong))


def test_every_service_is_there_in_an_image_of_its_own() -> None:
    for name in SERVICES:
        assert services()[name]["image"] == f"sportello-{name}"
        build_of = services()[name]["build"]
        assert build_of["args"] == {"SERVICE": name}
        assert (ROOT / build_of["dockerfile"]).is_file()


def test_no_image_is_built_twice_and_every_image_of_ours_is_built() -> None:
    built = [service["image"] for service in services().values() if "build" in service]
    assert len(built) == len(set(built))
    assert {service["image"] for service in OURS.values()} == set(built)


def test_images_have_a_version_and_no_registry() -> None:
    for name, service in services().items():
        if name not in OURS:
            assert re.fullmatch(r"[a-z-]+(/[a-z-]+)?:v?\d[\w.]*", service["image"]), service["image"]


@pytest.mark.parametrize("name", sorted(services()))
def test_there_is_a_healthcheck_or_a_reason_why_not(name: str) -> None:
    check = services()[name]["healthcheck"]
    if check.get("disable"):
        assert name == "collector" or services()[name]["restart"].startswith("on-failure")
    else:
        assert check["test"][0] == "CMD"


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_gets_only_settings_it_knows(name: str) -> None:
    given = {key for key in services()[name]["environment"] if key.startswith(PREFIX)}

    assert given - names(settings_of(name)) == set()


def test_a_service_gets_everything_without_a_usable_default() -> None:
    needed = {"DATABASE_URL", "KAFKA_BOOTSTRAP", "OIDC_CLIENT_SECRET", "SESSION_SECRET", "SERVICE_TOKEN", "ENVIRONMENT"}
    for name in SERVICES:
        assert {PREFIX + key for key in needed} - set(services()[name]["environment"]) == set()


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_looks_for_another_in_its_own_container(name: str) -> None:
    own = {"SPORTELLO_HTTP_HOST"}  # the image sets it
    here = {
        PREFIX + field.upper()
        for field, info in settings_of(name).model_fields.items()
        if re.search(r"localhost|127\.0\.0\.1", str(info.default))
    }

    assert here - own - set(services()[name]["environment"]) == set()


def test_commands_get_only_variables_they_know() -> None:
    for name in set(OURS) - set(SERVICES):
        service = services()[name]
        known = names(settings_of("intake")) | command_variables()
        assert {key for key in service["environment"] if key.startswith(PREFIX)} - known == set(), name
        assert service["command"][0] == "sportello"
        assert service["command"][1] in get_command(build()).commands  # type: ignore[attr-defined]


@pytest.mark.parametrize(("name", "file"), [("edge", "deploy/Caddyfile"), ("identity", "deploy/keycloak/realm.json")])
def test_a_configured_server_gets_exactly_what_its_file_asks_for(name: str, file: str) -> None:
    asked = {first or second for first, second in VARIABLE.findall((ROOT / file).read_text(encoding="utf-8"))}
    given = {key for key in services()[name]["environment"] if key.startswith(PREFIX)}

    assert given == asked


def test_the_edge_sends_people_to_where_the_services_listen() -> None:
    dockerfile = (ROOT / "deploy/image/Dockerfile").read_text(encoding="utf-8")
    assert "SPORTELLO_HTTP_PORT=8100" in dockerfile
    environment = services()["edge"]["environment"]
    assert {name: environment[f"SPORTELLO_UPSTREAM_{name.upper()}"] for name in SERVICES} == {
        name: f"{name}:8100" for name in SERVICES
    }


def test_every_secret_is_required_and_made_by_the_example() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    example = assignments((ROOT / ".env.example").read_text(encoding="utf-8"))
    referred = {found[1]: found["rest"] for found in REFERENCE.finditer(text)}

    assert set(referred) == set(example)
    for name, rest in referred.items():
        assert rest.startswith((":?", ":-")), name
        assert rest.startswith(":?") == (example[name] == "change-me" or name == "SPORTELLO_PERSONA_PASSWORD"), name


def test_each_service_has_only_its_own_keys_to_the_database() -> None:
    for name in SERVICES:
        environment = services()[name]["environment"]
        passwords = set(re.findall(r"\$\{([A-Z_]*PASSWORD)", str(environment)))
        assert passwords == {f"{name.upper()}_PASSWORD"}
        owner = services()[f"migrate-{name}"]["environment"]
        assert set(re.findall(r"\$\{([A-Z_]*PASSWORD)", str(owner))) == {f"{name.upper()}_OWNER_PASSWORD"}


def test_nothing_is_reachable_from_other_machines() -> None:
    ports = [port for service in services().values() for port in service.get("ports", [])]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_what_is_mounted_exists_and_is_read_only() -> None:
    for service in services().values():
        for path in files_of(service):
            assert (ROOT / path).exists(), path
        assert all(volume.endswith(":ro") for volume in service.get("volumes", []) if volume.startswith("./"))


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_containers_have_no_privileges(name: str) -> None:
    service = services()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_dependencies_exist_and_conditions_can_come_true() -> None:
    for name, service in services().items():
        needs = service.get("depends_on", {})
        for other in needs:
            assert other in services(), f"{name} waits for {other}"
            condition = needs[other]["condition"] if isinstance(needs, dict) else "service_started"
            ends = services()[other]["restart"].startswith("on-failure")
            assert ends == (condition == "service_completed_successfully"), f"{name} waits for {other}"
