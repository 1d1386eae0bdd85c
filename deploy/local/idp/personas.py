"""The personas of `deploy/personas.json`, which the Keycloak realm of compose is generated from as well."""

import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from chassis.web.i18n import either, mark

FILE = Path(__file__).parents[2] / "personas.json"

Group = Literal[
    "departments",
    "account_managers",
    "legal",
    "focus_group",
    "operations",
    "citizens",
    "partners",
]

GROUPS: dict[Group, str] = {
    "departments": mark("City departments"),
    "account_managers": mark("Account managers"),
    "legal": mark("Legal Office and signature"),
    "focus_group": mark("Focus group"),
    "operations": mark("Operations"),
    "citizens": mark("Citizens, press, auditors"),
    "partners": mark("Companies, foundations, associations, universities"),
}

_USERNAME = re.compile(r"(?P<username>[a-z0-9-]{1,60})(@(?P<city>[a-z0-9_]{2,20}))?")


class Text(BaseModel):
    model_config = ConfigDict(extra="forbid")

    it: str
    en: str

    def __str__(self) -> str:
        return either(self.it, self.en)


class Persona(BaseModel):
    """An invented person. `sub` is stable, so that what was done as them stays theirs."""

    model_config = ConfigDict(extra="forbid")

    username: str = Field(pattern=r"^[a-z0-9-]{1,60}$")
    sub: str
    name: str
    email: str
    roles: list[str]
    group: Group
    description: Text
    organisation: str | None = None
    department: str | None = None
    acr: str

    def claims(self, city: str) -> dict[str, Any]:
        known = {
            "sub": self.sub,
            "name": self.name,
            "email": self.email,
            "roles": self.roles,
            "city": city,
            "department": self.department,
            "acr": self.acr,
            "preferred_username": self.username,
        }
        return {name: value for name, value in known.items() if value is not None}

    def is_about(self, words: str) -> bool:
        """True when every one of `words` occurs in what is known of the persona."""
        known = f"{self.username} {self.name} {self.organisation or ''} {self.description}".lower()
        return all(word in known for word in words.lower().split())


class Cast(BaseModel):
    """All personas, with the password and the city they have when nothing else is said."""

    model_config = ConfigDict(extra="forbid")

    about: str
    city: str
    password: str
    personas: list[Persona]

    def find(self, login: str) -> tuple[Persona, str] | None:
        """Persona and city of `username` or `username@city`; None when there is no such persona."""
        parts = _USERNAME.fullmatch(login.strip())
        if parts is None:
            return None
        for persona in self.personas:
            if persona.username == parts["username"]:
                return persona, parts["city"] or self.city
        return None

    def grouped(self, words: str = "") -> list[tuple[Group, str, list[Persona]]]:
        """(group, its name, its personas about `words`), without empty groups."""
        found = [persona for persona in self.personas if persona.is_about(words)]
        rows = [
            (group, title, [persona for persona in found if persona.group == group]) for group, title in GROUPS.items()
        ]
        return [row for row in rows if row[2]]


@lru_cache
def cast(file: Path = FILE) -> Cast:
    return Cast.model_validate_json(file.read_bytes())
