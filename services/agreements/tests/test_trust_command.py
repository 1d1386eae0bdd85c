"""`sportello agreements trust`: what is trusted, and what an operator should see to."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.agreements.cli_trust import app
from services.agreements.tests.outside import Provider
from services.agreements.tests.pki import DAY

pytestmark = pytest.mark.unit
NOW = datetime.now(UTC)


def directory(place: Path, provider: Provider, until: datetime) -> Path:
    files = {
        "lists/it.xml": provider.list(next_update=until), "operators/it.pem": provider.operator.holder.pem,
        "roots/root.pem": provider.root.holder.pem, "crls/ca.crl": provider.ca.crl(NOW - DAY, until),
    }  # fmt: skip
    for name, content in files.items():
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).write_bytes(content)
    return place


def test_what_is_trusted_is_listed(tmp_path: Path) -> None:
    place = directory(tmp_path, Provider.make(), NOW + DAY)
    said = CliRunner().invoke(app, ["list", "--directory", str(place)])
    assert said.exit_code == 0, said.output
    assert "lists/it.xml: IT no. 7, 2 services" in said.output
    assert "Radice di prova" in said.output
    found = json.loads(CliRunner().invoke(app, ["list", "--directory", str(place), "--json"]).output)
    assert [one["issuer"].split(",")[0] for one in found["crls"]] == ["Common Name: CA qualificata di prova"]
    assert CliRunner().invoke(app, ["check", "--directory", str(place)]).exit_code == 0


def test_what_ran_out_is_named(tmp_path: Path) -> None:
    place = directory(tmp_path, Provider.make(), NOW - DAY / 2)
    (place / "roots" / "notes.txt").write_bytes(b"nothing")
    said = CliRunner().invoke(app, ["check", "--directory", str(place), "--json"])
    assert said.exit_code == 1
    complaints = json.loads(said.output)["complaints"]
    assert [one.split(":")[0] for one in complaints] == ["roots/notes.txt", "lists/it.xml", "crls/ca.crl"]
