"""The realm as Keycloak's import format (RealmRepresentation).

``${NAME}`` in it are Keycloak's own placeholders: it puts the environment's values there when it imports the file,
so that no password and no address of an installation is in the repository.
"""

from __future__ import annotations

import json
from typing import Any

from chassis.auth.actor import ROLES
from chassis.auth.login import CALLBACK

REALM = "sportello"
CLIENT = "sportello"
SESSION_HOURS = 8

# Keycloak's own `sub` is a UUID that it makes; rows made in one installation's demo must mean the same person in
# another's, so `sub` comes from the personas file as well.
ATTRIBUTES = {"subject": "sub", "city": "city", "department": "department", "stakeholder": "stakeholder", "acr": "acr"}
"""User attribute → claim."""
SEVERAL = {"stakeholder"}

Json = dict[str, Any]


def realm(personas: Json) -> Json:
    """The realm for the content of ``deploy/personas.json``."""
    return {
        "realm": REALM,
        "displayName": "Sportello",
        "enabled": True,
        "sslRequired": "external",
        "registrationAllowed": False,
        "resetPasswordAllowed": False,
        "bruteForceProtected": True,
        "internationalizationEnabled": True,
        "supportedLocales": ["en", "it"],
        "defaultLocale": "it",
        "ssoSessionMaxLifespan": SESSION_HOURS * 3600,
        "roles": {"realm": [{"name": role} for role in sorted(ROLES)]},
        "clients": [_client()],
        "users": [_user(persona, personas["city"]) for persona in personas["personas"]],
        "components": {"org.keycloak.userprofile.UserProfileProvider": [_user_profile()]},
    }


def _client() -> Json:
    return {
        "clientId": CLIENT,
        "name": "Sportello",
        "enabled": True,
        "protocol": "openid-connect",
        "publicClient": False,
        "clientAuthenticatorType": "client-secret",
        "secret": "${SPORTELLO_OIDC_CLIENT_SECRET}",
        "standardFlowEnabled": True,
        # For `sportello demo` and tests, which act as each person without a browser.
        "directAccessGrantsEnabled": True,
        "implicitFlowEnabled": False,
        "serviceAccountsEnabled": False,
        "redirectUris": ["${SPORTELLO_PUBLIC_URL}" + CALLBACK],
        "webOrigins": [],
        "attributes": {
            "pkce.code.challenge.method": "S256",
            "post.logout.redirect.uris": "${SPORTELLO_PUBLIC_URL}/",
        },
        # Every claim has its mapper below: Keycloak's own scopes would add a second `sub` and `acr`. The login asks for
        # these two all the same, as OpenID Connect knows them, and Keycloak refuses a scope that it was not told of.
        "defaultClientScopes": [],
        "optionalClientScopes": ["profile", "email"],
        "fullScopeAllowed": True,
        "protocolMappers": _mappers(),
    }


def _mappers() -> list[Json]:
    return [
        *(_attribute(attribute, claim) for attribute, claim in ATTRIBUTES.items()),
        _mapper("name", "oidc-full-name-mapper", {}),
        _mapper("email", "oidc-usermodel-property-mapper", _claim("email", **{"user.attribute": "email"})),
        _mapper("roles", "oidc-usermodel-realm-role-mapper", _claim("roles", multivalued="true")),
        # An access token names whom it is for; Keycloak does not put the asking client there by itself.
        _mapper(
            "audience",
            "oidc-audience-mapper",
            {"included.client.audience": CLIENT, "id.token.claim": "false", "userinfo.token.claim": "false"},
        ),
    ]


def _attribute(attribute: str, claim: str) -> Json:
    config = _claim(claim, **{"user.attribute": attribute})
    if attribute in SEVERAL:
        config["multivalued"] = "true"
    return _mapper(claim, "oidc-usermodel-attribute-mapper", config)


def _claim(name: str, **config: str) -> dict[str, str]:
    return {"claim.name": name, "jsonType.label": "String", **config}


def _mapper(name: str, kind: str, config: dict[str, str]) -> Json:
    everywhere = {"id.token.claim": "true", "access.token.claim": "true", "userinfo.token.claim": "true"}
    return {"name": name, "protocol": "openid-connect", "protocolMapper": kind, "config": everywhere | config}


def _user(persona: Json, city: str) -> Json:
    first, _, last = persona["name"].partition(" ")
    attributes = {"subject": [persona["sub"]], "city": [persona.get("city", city)]}
    attributes |= {name: _values(persona[name]) for name in ("department", "stakeholder", "acr") if persona.get(name)}
    return {
        "username": persona["username"],
        "enabled": True,
        "firstName": first,
        "lastName": last,
        "email": persona["email"],
        "emailVerified": True,
        "attributes": attributes,
        "realmRoles": persona["roles"],
        "credentials": [{"type": "password", "value": "${SPORTELLO_PERSONA_PASSWORD}", "temporary": False}],
    }


def _values(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _user_profile() -> Json:
    """Which attributes a user may have: Keycloak drops those it does not know. Only its administrators change them."""
    own = {"view": ["admin", "user"], "edit": ["admin"]}
    names = ["username", "email", "firstName", "lastName", *ATTRIBUTES]
    attributes = [{"name": name, "permissions": own, "multivalued": name in SEVERAL} for name in names]
    config = json.dumps({"attributes": attributes}, separators=(",", ":"))
    return {"providerId": "declarative-user-profile", "config": {"kc.user.profile.config": [config]}}
