"""The cast is complete, and the provider keeps to the places it is meant for."""

import json
import stat
from pathlib import Path

import pytest

from chassis.auth.actor import ROLES
from chassis.settings import Settings
from deploy.local.idp.configuration import Configuration, NotForThisEnvironment
from deploy.local.idp.personas import GROUPS, cast
from deploy.local.idp.signing import Signer, load_key

pytestmark = pytest.mark.unit


def test_everyone_is_there_once() -> None:
    people = cast().personas
    assert len({persona.username for persona in people}) == len(people)
    assert len({persona.sub for persona in people}) == len(people)
    assert len({persona.name for persona in people}) == len(people)
    assert {persona.group for persona in people} == set(GROUPS)


def test_every_role_can_be_tried_and_none_is_misspelt() -> None:
    assert {role for persona in cast().personas for role in persona.roles} == ROLES


def test_nobody_has_a_real_address() -> None:
    assert all(persona.email.endswith("@example.org") for persona in cast().personas)


def test_officers_have_a_department_and_partners_no_membership() -> None:
    for persona in cast().personas:
        assert (persona.department is not None) == ("department" in persona.roles)
        assert "stakeholder" not in persona.claims("c_f205")


@pytest.mark.parametrize(("login", "city"), [("legal", "c_f205"), ("legal@c_h501", "c_h501"), (" legal ", "c_f205")])
def test_a_login_names_persona_and_city(login: str, city: str) -> None:
    found = cast().find(login)
    assert found is not None
    assert found[0].username == "legal"
    assert found[1] == city


@pytest.mark.parametrize("login", ["", "nobody", "legal@", "legal@C_F205", "legal@x", "legal@a b", "@c_f205"])
def test_anything_else_names_nobody(login: str) -> None:
    assert cast().find(login) is None


@pytest.mark.parametrize("environment", ["compose", "cluster"])
def test_it_does_not_start_where_real_people_are(environment: str) -> None:
    settings = Settings.model_validate({"environment": environment})
    with pytest.raises(NotForThisEnvironment, match="SPORTELLO_ENVIRONMENT"):
        Configuration.from_settings(settings)


def test_the_key_outlives_a_restart_and_is_private(tmp_path: Path) -> None:
    file = tmp_path / "inside" / "keys.json"
    token = Signer(load_key(file), "https://id.example", "sportello").access_token({"sub": "s"})
    again = Signer(load_key(file), "https://id.example", "sportello")
    assert again.read(token)["sub"] == "s"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    published = json.dumps(again.public_keys())
    assert '"d"' not in published
    assert again.public_keys()["keys"][0]["kid"] == load_key(file).kid
