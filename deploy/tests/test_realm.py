"""Keycloak's realm is the personas file in another form, and its tokens carry what the services read."""

from __future__ import annotations

import inspect
import json
import re
from typing import Any

import pytest

from chassis.auth import Actor, login
from chassis.auth.actor import ROLES, claims_of
from chassis.auth.login import CALLBACK
from deploy.keycloak.__main__ import PERSONAS, TARGET, generated, main

pytestmark = pytest.mark.unit

REALM: dict[str, Any] = json.loads(generated())
CLIENT: dict[str, Any] = REALM["clients"][0]
MAPPERS = {mapper["config"].get("claim.name"): mapper for mapper in CLIENT["protocolMappers"]}


def test_what_is_committed_is_what_the_personas_give() -> None:
    assert main(["--check"]) == 0


def test_drift_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "realm.json"
    other.write_text(TARGET.read_text(encoding="utf-8").replace('"c_f205"', '"c_h501"', 1))
    monkeypatch.setattr("deploy.keycloak.__main__.TARGET", other)

    assert main(["--check"]) == 1
    assert "run python -m deploy.keycloak" in capsys.readouterr().out


def test_every_claim_that_services_read_has_a_mapper() -> None:
    read = set(claims_of(Actor(subject="s", city="c")))
    full_name = {mapper["protocolMapper"] for mapper in CLIENT["protocolMappers"]}

    assert read - set(MAPPERS) == {"name"}
    assert "oidc-full-name-mapper" in full_name


def test_tokens_are_for_the_client_that_services_expect() -> None:
    [audience] = [mapper for mapper in CLIENT["protocolMappers"] if mapper["protocolMapper"] == "oidc-audience-mapper"]
    assert audience["config"]["included.client.audience"] == CLIENT["clientId"] == "sportello"
    assert audience["config"]["access.token.claim"] == "true"


def test_the_client_is_confidential_and_asks_for_pkce() -> None:
    assert CLIENT["publicClient"] is False
    assert CLIENT["standardFlowEnabled"] is True
    assert CLIENT["directAccessGrantsEnabled"] is True
    assert CLIENT["implicitFlowEnabled"] is False
    assert CLIENT["attributes"]["pkce.code.challenge.method"] == "S256"
    assert CLIENT["redirectUris"] == ["${SPORTELLO_PUBLIC_URL}" + CALLBACK]


def test_the_client_may_ask_for_the_scopes_that_the_login_asks_for() -> None:
    """Keycloak answers `invalid_scope` otherwise, and nobody gets in."""
    asked = re.search(r'"scope": "([a-z ]+)"', inspect.getsource(login))
    assert asked is not None
    assert set(asked[1].split()) - {"openid"} <= {*CLIENT["defaultClientScopes"], *CLIENT["optionalClientScopes"]}


def test_every_persona_is_a_user_with_the_same_claims() -> None:
    personas = {
        persona["username"]: persona for persona in json.loads(PERSONAS.read_text(encoding="utf-8"))["personas"]
    }
    users = {user["username"]: user for user in REALM["users"]}

    assert set(users) == set(personas)
    for username, persona in personas.items():
        user = users[username]
        assert f"{user['firstName']} {user['lastName']}" == persona["name"]
        assert user["realmRoles"] == persona["roles"]
        assert user["attributes"]["subject"] == [persona["sub"]]
        assert user["attributes"].get("department", [None])[0] == persona.get("department")
        assert user["attributes"]["city"]


def test_every_attribute_is_known_to_the_user_profile() -> None:
    [profile] = REALM["components"]["org.keycloak.userprofile.UserProfileProvider"]
    known = {
        attribute["name"] for attribute in json.loads(profile["config"]["kc.user.profile.config"][0])["attributes"]
    }
    used = {name for user in REALM["users"] for name in user["attributes"]}

    assert used <= known
    assert {"username", "email"} <= known


def test_there_is_a_role_for_each_role_and_no_other() -> None:
    assert {role["name"] for role in REALM["roles"]["realm"]} == ROLES


def test_no_secret_is_in_the_file() -> None:
    secrets = [CLIENT["secret"], *(c["value"] for user in REALM["users"] for c in user["credentials"])]
    assert all(re.fullmatch(r"\$\{SPORTELLO_[A-Z_]+\}", secret) for secret in secrets)
