"""Whom one can log in as on this machine: the first persona of each group, for the welcome text."""

from __future__ import annotations

import json
from dataclasses import dataclass

from deploy.local.layout import PROJECT

FILE = PROJECT / "deploy" / "personas.json"


@dataclass(frozen=True)
class Persona:
    username: str
    what: str


@dataclass(frozen=True)
class Personas:
    """``password`` opens all of them."""

    password: str
    people: list[Persona]


def welcomed() -> Personas:
    """One persona per group of users; the login page shows them all."""
    found = json.loads(FILE.read_text(encoding="utf-8"))
    first = {person["group"]: person for person in reversed(found["personas"])}
    people = [
        Persona(person["username"], person["description"]["en"])
        for person in found["personas"]
        if person is first[person["group"]]
    ]
    return Personas(found["password"], people)
