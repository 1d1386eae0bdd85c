"""Every example ever published is read by today's readers, and says the same when written again."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import jsonschema_rs
import pytest

from contracts.envelope import Envelope
from contracts.event import REGISTRY
from contracts.topics import BY_NAME
from tests.contract.compatibility import ROOT, frozen_at
from tests.contract.golden import EXAMPLES, Example, edited_since, examples

pytestmark = pytest.mark.contract

CLOUDEVENT = {
    "type": "object",
    "required": [
        "specversion",
        "id",
        "source",
        "type",
        "time",
        "subject",
        "datacontenttype",
        "dataschema",
        "city",
        "data",
    ],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "minLength": 1},
        "source": {"type": "string", "format": "uri-reference", "minLength": 1},
        "type": {"enum": sorted(REGISTRY)},
        "time": {"type": "string", "format": "date-time"},
        "subject": {"type": "string", "minLength": 1},
        "datacontenttype": {"const": "application/json"},
        "dataschema": {"type": "string", "format": "uri-reference"},
        "correlationid": {"type": "string", "minLength": 1},
        "causationid": {"type": "string", "minLength": 1},
        "city": {"type": "string", "pattern": "^[a-z0-9_]{2,20}$"},
        "data": {"type": "object"},
    },
    "additionalProperties": False,
}


@pytest.fixture(params=examples(), ids=str)
def example(request: pytest.FixtureRequest) -> Example:
    return request.param


def test_every_event_type_has_an_example() -> None:
    assert {example.path.parent.name for example in examples()} == set(REGISTRY)


def test_an_example_is_a_cloudevent_of_its_folder(example: Example) -> None:
    jsonschema_rs.Draft202012Validator(CLOUDEVENT, validate_formats=True).validate(example.body)

    assert example.body["type"] == example.path.parent.name
    assert example.body["dataschema"] == example.model.schema_path()
    assert example.body["source"].split("/")[1] == BY_NAME[example.model.topic].owner


def test_an_example_is_read_and_written_again_unchanged(example: Example) -> None:
    event = example.model.read(example.data)

    assert json.loads(event.to_bytes()) == example.body["data"]
    assert example.model.model_validate(example.body["data"]) == event


def test_an_example_fits_its_committed_schema(example: Example) -> None:
    schema = json.loads((ROOT / example.body["dataschema"].lstrip("/")).read_text(encoding="utf-8"))

    jsonschema_rs.Draft202012Validator(schema, validate_formats=True).validate(example.body["data"])


def test_an_example_travels_in_kafka_headers(example: Example) -> None:
    assert Envelope.from_headers(example.envelope.to_headers()) == example.envelope


def test_numbers_count_up_and_identities_are_unique() -> None:
    for folder in {example.path.parent for example in examples()}:
        numbers = [int(path.name.split("-")[0]) for path in sorted(folder.glob("*.json"))]
        assert numbers == list(range(1, len(numbers) + 1)), folder.name
    identities = [(example.body["source"], example.body["id"]) for example in examples()]
    assert len(set(identities)) == len(identities)


def test_no_published_example_was_edited() -> None:
    assert edited_since(frozen_at()) == []


def test_an_edited_or_deleted_example_is_found_and_a_new_one_is_not(tmp_path: Path) -> None:
    folder = tmp_path / EXAMPLES / "a.v1"
    folder.mkdir(parents=True)

    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
        command = ["git", *identity, *arguments]
        return subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout.strip()

    def commit() -> str:
        git("add", "--all")
        git("commit", "--quiet", "--message", "change")
        return git("rev-parse", "HEAD")

    git("init", "--quiet")
    for name in ("1", "2", "3"):
        (folder / f"{name}.json").write_text(name)
    frozen = commit()
    (folder / "4.json").write_text("new")
    commit()
    assert edited_since(frozen, tmp_path) == []

    (folder / "1.json").write_text("edited, then put back")
    commit()
    (folder / "1.json").write_text("1")
    (folder / "2.json").unlink()
    commit()
    (folder / "3.json").write_text("edited, not committed")

    assert edited_since(frozen, tmp_path) == [f"{EXAMPLES}/a.v1/{name}.json" for name in ("1", "2", "3")]
    assert edited_since(None, tmp_path) == []
