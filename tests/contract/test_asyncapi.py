"""The AsyncAPI documents are AsyncAPI 3.0, whole, and say what the subscriptions say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from contracts.asyncapi_documents import SERVICES
from contracts.event import REGISTRY
from contracts.subscriptions import CONSUMES
from contracts.topics import BY_NAME, PARTITIONS
from tests.contract.compatibility import ROOT
from tests.contract.golden import examples

pytestmark = pytest.mark.contract

SPECIFICATION = json.loads(Path(__file__).with_name("asyncapi-3.0.0.json").read_text(encoding="utf-8"))


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def document(service: str) -> dict[str, Any]:
    return json.loads((ROOT / "contracts" / "asyncapi" / f"{service}.json").read_text(encoding="utf-8"))


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def resolve(document: dict[str, Any], reference: str) -> Any:
    node: Any = document
    for step in reference.removeprefix("#/").split("/"):
        node = node[step]
    return node


def test_it_is_valid_asyncapi(document: dict[str, Any]) -> None:
    jsonschema_rs.Draft7Validator(SPECIFICATION).validate(document)


def test_the_specification_refuses_what_is_wrong(document: dict[str, Any]) -> None:
    next(iter(document["channels"].values()))["bindings"]["kafka"]["partitions"] = 0

    assert not jsonschema_rs.Draft7Validator(SPECIFICATION).is_valid(document)


def test_every_reference_leads_somewhere_and_nothing_is_left_over(document: dict[str, Any]) -> None:
    used = set(references(document))
    for reference in used:
        assert resolve(document, reference) is not None
    for part in ("messages", "schemas"):
        assert {f"#/components/{part}/{name}" for name in document["components"][part]} <= used


def test_every_service_has_a_document_and_no_other() -> None:
    assert set(SERVICES) == set(CONSUMES)
    assert {path.stem for path in (ROOT / "contracts" / "asyncapi").glob("*.json")} == set(SERVICES)


def test_operations_are_the_subscriptions(service: str, document: dict[str, Any]) -> None:
    said: dict[str, set[str]] = {"send": set(), "receive": set()}
    for operation in document["operations"].values():
        for message in operation["messages"]:
            assert message["$ref"].startswith(operation["channel"]["$ref"] + "/messages/")
            said[operation["action"]].add(resolve(document, resolve(document, message["$ref"])["$ref"])["name"])

    assert said["receive"] == {event.type for event in CONSUMES[service]}
    assert said["send"] == {name for name, event in REGISTRY.items() if BY_NAME[event.topic].owner == service}


def test_channels_carry_every_message_of_their_topic(document: dict[str, Any]) -> None:
    for name, channel in document["channels"].items():
        assert channel["address"] == channel["bindings"]["kafka"]["topic"] == name
        assert channel["bindings"]["kafka"]["partitions"] == PARTITIONS
        assert set(channel["messages"]) == {event.__name__ for event in REGISTRY.values() if event.topic == name}


def test_examples_are_valid_messages(document: dict[str, Any]) -> None:
    by_name = {message["name"]: message for message in document["components"]["messages"].values()}
    for example in examples():
        if message := by_name.get(example.body["type"]):
            headers = {name: value.decode() for name, value in example.envelope.to_headers()}
            for part, instance in (("headers", headers), ("payload", example.body["data"])):
                # AsyncAPI's default schema dialect is a superset of draft 7.
                schema = {**message[part], "components": document["components"]}
                if "$ref" in message[part]:  # draft 7 ignores what stands beside a reference
                    schema = {"allOf": [message[part]], "components": document["components"]}
                jsonschema_rs.Draft7Validator(schema, validate_formats=True).validate(instance)


def test_every_header_an_envelope_can_carry_is_described(document: dict[str, Any]) -> None:
    complete = next(example for example in examples() if "causationid" in example.body).envelope
    carried = {name for name, _ in complete.with_trace("00-0-0-01", "vendor=1").to_headers()}

    assert set(document["components"]["schemas"]["Headers"]["properties"]) == carried
