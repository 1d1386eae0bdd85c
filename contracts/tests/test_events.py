"""Whatever a producer can build, a reader reads back, the schema admits, and a later producer may add to."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from uuid import UUID

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.event import REGISTRY, Event
from contracts.events.departments import NeedSubmitted
from contracts.events.impact import IndicatorDefined
from contracts.events.intake import NeighbourhoodIndicatorsLoaded, PrioritiesSet
from contracts.generate import ROOT
from contracts.subscriptions import CONSUMES, NOT_CONSUMED, NOT_FOR, unclaimed
from contracts.tests.strategies import events
from contracts.topics import BY_NAME
from contracts.values import Reason

pytestmark = pytest.mark.unit

MODELS = pytest.mark.parametrize("model", REGISTRY.values(), ids=lambda model: model.__name__)
FEW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
TABLES = {"weights", "values"}


def with_unknown_fields(node: Any) -> Any:
    """``node`` as a later producer might write it: one field more in every object, tables apart."""
    if isinstance(node, dict):
        grown = {key: value if key in TABLES else with_unknown_fields(value) for key, value in node.items()}
        return {**grown, "added_later": {"by": ["another", 1]}}
    if isinstance(node, list):
        return [with_unknown_fields(value) for value in node]
    return node


@MODELS
@FEW
@given(data=st.data())
def test_an_event_survives_the_wire(model: type[Event], data: st.DataObject) -> None:
    event = data.draw(events(model))
    wire = event.to_bytes()

    assert model.read(wire) == event
    assert model.read(wire).to_bytes() == wire
    assert model.read(json.dumps(with_unknown_fields(json.loads(wire))).encode()) == event


@MODELS
@FEW
@given(data=st.data())
def test_an_event_fits_its_committed_schema(model: type[Event], data: st.DataObject) -> None:
    schema = json.loads((ROOT / f"schemas/{model.type}.json").read_text(encoding="utf-8"))
    body = json.loads(data.draw(events(model)).to_bytes())
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)

    validator.validate(body)
    assert not validator.is_valid({**body, "undeclared": 1})


@MODELS
def test_a_type_says_where_it_belongs(model: type[Event]) -> None:
    owner, _, version = model.topic.split(".")
    publisher = BY_NAME[model.topic].owner

    assert model.type.startswith(f"sportello.{publisher}.")
    assert model.type.endswith(f".{version}")
    assert owner == publisher
    assert model.__doc__


@MODELS
def test_no_field_has_room_for_a_person(model: type[Event]) -> None:
    schema = model.model_json_schema()
    fields = {name for part in (schema, *schema.get("$defs", {}).values()) for name in part.get("properties", {})}

    assert not fields & {"email", "phone", "telephone", "first_name", "last_name", "contact", "fiscal_code", "address"}


@MODELS
def test_an_aggregate_of_ours_carries_its_version(model: type[Event]) -> None:
    if BY_NAME[model.topic].name in ("departments.inbound.v1", "intake.rejected.v1"):
        assert "version" not in model.model_fields
    elif model is not IndicatorDefined:
        assert "version" in model.model_fields


def test_every_event_is_consumed_or_says_why_not() -> None:
    assert unclaimed() == set()
    consumed = {event for events_of in CONSUMES.values() for event in events_of}
    assert not consumed & set(NOT_CONSUMED), "consumed after all: take the reason away"
    assert all(reason.strip() for reason in NOT_CONSUMED.values())
    for event, reasons in NOT_FOR.items():
        assert not {service for service in reasons if event in CONSUMES[service]}, "consumed after all"
        assert all(reason.strip() for reason in reasons.values())


def test_every_topic_is_in_the_catalogue_and_used() -> None:
    assert {event.topic for event in REGISTRY.values()} == set(BY_NAME)
    assert {event.topic for event in CONSUMES["departments"]} == {"intake.rejected.v1"}


def test_producers_refuse_unknown_fields() -> None:
    body = {"external_ref": "1", "department": "education", "title": "t", "policy_area": "x"}
    line = {"kind": "money", "unit": "EUR", "quantity": "1"}

    with pytest.raises(ValidationError, match="surprise"):
        NeedSubmitted.model_validate({**body, "lines": [line], "surprise": 1})
    with pytest.raises(ValidationError, match="surprise"):
        NeedSubmitted.model_validate({**body, "lines": [{**line, "surprise": 1}]})


@pytest.mark.parametrize("data", [b"", b"null", b"[]", b"\xff", b"{}", b'{"version": 1}'])
def test_a_reader_refuses_what_is_no_such_event(data: bytes) -> None:
    with pytest.raises(ValidationError):
        NeedSubmitted.read(data)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_json_cannot_say_is_refused(number: float) -> None:
    with pytest.raises(ValidationError):
        Reason(code="x", contribution=number, text_it="a", text_en="b")


@pytest.mark.parametrize(("nil", "value"), [(0, 0.5), (89, 0.5), (1, 1.5), (1, -0.1), (1, float("nan"))])
def test_a_table_keeps_its_range(nil: int, value: float) -> None:
    with pytest.raises(ValidationError):
        NeighbourhoodIndicatorsLoaded(indicators_id=UUID(int=1), version=1, name="n", source="s", values={nil: value})
    with pytest.raises(ValidationError):
        PrioritiesSet.model_validate({"weights": {"Not A Slug": value}})


def test_a_time_without_an_offset_is_refused() -> None:
    with pytest.raises(ValidationError, match="offset"):
        NeedSubmitted.model_validate(
            {
                "external_ref": "1",
                "department": "education",
                "title": "t",
                "policy_area": "x",
                "lines": [{"kind": "money", "unit": "EUR", "quantity": "1"}],
                "valid_until": datetime(2026, 1, 1),  # noqa: DTZ001  the point of the test
            }
        )
