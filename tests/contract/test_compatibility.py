"""The cells of the table every change of a schema is judged by, and how the check behaves as draft and frozen."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Literal
from uuid import UUID

import pytest
from jsonschema_rs.canonical import Containment
from pydantic import BaseModel, ConfigDict, Field, create_model

from contracts.generate import ProducerSchema
from contracts.values import Quantity, SignedQuantity
from tests.contract import compatibility
from tests.contract.compatibility import committed, compare, differences, frozen_at, generated, revisions_to_honour

pytestmark = pytest.mark.contract

YES, NO, UNKNOWN = Containment.YES, Containment.NO, Containment.UNKNOWN


def schema(extra: Literal["forbid", "ignore"] = "forbid", **fields: object) -> dict[str, object]:
    model = create_model("Sample", __config__=ConfigDict(extra=extra), id=(str, ...), **fields)
    return model.model_json_schema(schema_generator=ProducerSchema)


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    a: str


class WiderInner(BaseModel):
    model_config = ConfigDict(extra="forbid", title="Inner")
    a: str
    b: str | None = None


class StricterInner(BaseModel):
    model_config = ConfigDict(extra="forbid", title="Inner")
    a: str
    b: str


class Node(BaseModel):
    model_config = ConfigDict(extra="forbid")
    children: list[Node] = []


class ChangedNode(BaseModel):
    model_config = ConfigDict(extra="forbid", title="Node")
    children: list[ChangedNode] = []
    label: int | None = None


OPTIONAL = (str | None, None)
CASES = {
    "nothing": (schema(), schema(), YES, YES),
    "optional field added": (schema(), schema(x=OPTIONAL), YES, YES),
    "optional field removed": (schema(x=OPTIONAL), schema(), YES, YES),
    "required field added": (schema(), schema(x=(str, ...)), NO, YES),
    "required field removed": (schema(x=(str, ...)), schema(), YES, NO),
    "field made optional": (schema(x=(str, ...)), schema(x=(str, "none")), YES, NO),
    "enum widened": (schema(x=(Literal["a", "b"], ...)), schema(x=(Literal["a", "b", "c"], ...)), YES, NO),
    "enum narrowed": (schema(x=(Literal["a", "b"], ...)), schema(x=(Literal["a"], ...)), NO, YES),
    "bound tightened": (schema(x=(int, Field(ge=0))), schema(x=(int, Field(ge=1))), NO, YES),
    "type changed": (schema(x=(int, ...)), schema(x=(str, ...)), NO, NO),
    "field renamed": (schema(x=(int, ...)), schema(y=(int, ...)), NO, NO),
    "extra forbidden": (schema(extra="ignore"), schema(extra="forbid"), YES, YES),
    "null allowed": (schema(x=(str, ...)), schema(x=(str | None, ...)), YES, NO),
    "null refused": (schema(x=(str | None, ...)), schema(x=(str, ...)), NO, YES),
    "optional nested field added": (schema(x=(Inner | None, None)), schema(x=(WiderInner | None, None)), YES, YES),
    "required nested field added": (schema(x=(Inner | None, None)), schema(x=(StricterInner | None, None)), NO, YES),
    "format changed": (schema(x=(UUID, ...)), schema(x=(str, Field(json_schema_extra={"format": "date"}))), NO, NO),
    "format given up": (schema(x=(UUID, ...)), schema(x=(str, ...)), YES, NO),
    "quantity, same pattern": (schema(x=(Quantity, ...)), schema(x=(Quantity, ...), y=OPTIONAL), YES, YES),
    "quantity, other pattern": (schema(x=(Quantity, ...)), schema(x=(SignedQuantity, ...)), UNKNOWN, UNKNOWN),
    "quantity became a number": (schema(x=(Quantity, ...)), schema(x=(int, ...)), NO, NO),
    "value of a table narrowed": (schema(x=(dict[str, float], ...)), schema(x=(dict[str, int], ...)), UNKNOWN, YES),
    "recursive, same": (schema(x=(Node, ...)), schema(x=(Node, ...)), YES, YES),
    "recursive, changed": (schema(x=(Node, ...)), schema(x=(ChangedNode, ...)), UNKNOWN, UNKNOWN),
    "a field named like a keyword": (schema(), schema(properties=(str, ...), title=(str, ...)), NO, YES),
}


@pytest.mark.parametrize("change", CASES)
def test_table_of_changes(change: str) -> None:
    old, new, backward, forward = CASES[change]

    verdict = compare(old, new)

    assert (verdict.backward, verdict.forward) == (backward, forward)
    assert verdict.compatible == (backward == forward == YES)


@pytest.mark.parametrize("name", generated())
def test_every_schema_is_provably_compatible_with_itself_and_one_optional_field_more(name: str) -> None:
    now = generated()[name]
    later = json.loads(json.dumps(now))
    later["properties"]["added_later"] = {"type": "string"}

    assert compare(now, now).compatible
    assert compare(now, later).compatible


def test_a_type_that_is_gone_is_incompatible() -> None:
    [difference] = differences({"a.v1": schema()}, {})

    assert not difference.compatible
    assert str(difference) == "a.v1: is gone"


def test_a_difference_names_the_place() -> None:
    [difference] = differences({"a.v1": schema(x=(int, ...))}, {"a.v1": schema(x=(str, ...))})

    assert "/properties/x/type" in str(difference)


def test_words_and_new_types_are_no_difference() -> None:
    old = {"a.v1": {**schema(), "description": "Old words."}}

    assert differences(old, {"a.v1": schema(), "b.v1": schema()}) == []


class Repository:
    """A git repository with one schema in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / compatibility.SCHEMAS).mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        identity = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
        command = ["git", *identity, *arguments]
        return subprocess.run(command, cwd=self.root, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, name: str, content: object) -> str:
        (self.root / compatibility.SCHEMAS / f"{name}.json").write_text(json.dumps(content))
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "change")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def test_schemas_are_read_as_committed_not_as_they_lie_around(repository: Repository) -> None:
    first = repository.commit("a.v1", schema())
    repository.commit("a.v1", schema(x=OPTIONAL))

    assert committed(first, repository.root) == {"a.v1": schema()}


def test_once_frozen_every_schema_since_is_honoured(repository: Repository) -> None:
    repository.commit("a.v1", schema(y=(int, ...)))
    frozen = repository.commit("a.v1", schema())
    later = repository.commit("a.v1", schema(x=OPTIONAL))

    assert revisions_to_honour(None, frozen, repository.root) == [frozen, later]
    assert revisions_to_honour("HEAD~1", None, repository.root) == ["HEAD~1"]


@pytest.mark.parametrize(("marker", "code"), [(None, 0), ("{frozen}", 1)])
def test_a_break_fails_only_when_frozen(
    repository: Repository,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    marker: str | None,
    code: int,
) -> None:
    name, now = next(iter(generated().items()))
    frozen = repository.commit(name, {**now, "required": [*now["required"], "once_required"]})
    if marker:
        (repository.root / "FROZEN").write_text(marker.format(frozen=frozen))
    monkeypatch.setattr(compatibility, "FROZEN", repository.root / "FROZEN")
    monkeypatch.setattr(compatibility, "frozen_at", lambda: frozen_at(repository.root / "FROZEN"))
    monkeypatch.setattr(compatibility, "committed", lambda revision: committed(revision, repository.root))
    monkeypatch.setattr(
        compatibility, "revisions_to_honour", lambda against, at: revisions_to_honour(against, at, repository.root)
    )

    assert compatibility.main([]) == code
    assert f"{name}: BACKWARD yes, FORWARD no" in capsys.readouterr().out


def test_an_unknown_revision_is_told_apart_from_a_break() -> None:
    assert compatibility.main(["--against", "no-such-revision"]) == 2


def test_the_working_tree_honours_what_is_committed() -> None:
    assert compatibility.main([]) == 0
