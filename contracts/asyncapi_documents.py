"""One AsyncAPI 3.0 document per service: what it sends, what it receives, on which topics, with which headers.

Documents stand alone: payloads are in ``components.schemas``, not behind a link.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from contracts.event import REGISTRY, Event
from contracts.subscriptions import CONSUMES
from contracts.topics import BY_NAME, PARTITIONS, TOPICS, Topic

Json = dict[str, Any]
FROZEN = Path(__file__).parent / "FROZEN"

SERVICES: dict[str, tuple[str, str]] = {
    "intake": ("Intake", "The single contact point: needs, offers, stakeholders, priorities."),
    "matching": ("Matching", "Proposals with reasons, consents, and the ledger of quantities."),
    "agreements": ("Agreements", "Instruments, review by the Legal Office, signatures, the public register."),
    "notifications": ("Notifications", "Inboxes, messages and deadlines for the people who move a case."),
    "impact": ("Impact", "Plans, deliveries, measurements, published results."),
    "departments": (
        "City departments",
        "The city's own systems: what they may send to the contact point, and what comes back when it cannot be taken.",
    ),
}
"""Every service with a document: title and description."""

_TEXT: Json = {"type": "string", "minLength": 1}
_HEADERS: dict[str, Json] = {
    "ce_specversion": {"const": "1.0", "description": "Version of CloudEvents."},
    "ce_id": {**_TEXT, "description": "Unique per ce_source; repeating it is a duplicate, which readers drop."},
    "ce_source": {**_TEXT, "description": "Who published it, such as /intake."},
    "ce_type": {**_TEXT, "description": "sportello.<service>.<noun>-<past-participle>.v1"},
    "ce_time": {"type": "string", "format": "date-time", "description": "When it happened; RFC 3339 with its offset."},
    "ce_subject": {**_TEXT, "description": "Id of the aggregate; equals the record's key."},
    "ce_dataschema": {"type": "string", "format": "uri-reference", "description": "Path of the data's JSON Schema."},
    "ce_correlationid": {**_TEXT, "description": "The case: the id of the need, or of the offer until it is matched."},
    "ce_causationid": {**_TEXT, "description": "ce_id of the event this one answers."},
    "ce_city": {"type": "string", "pattern": "^[a-z0-9_]{2,20}$", "description": "IPA code of the city, e.g. c_f205."},
    "content-type": {"type": "string", "pattern": "^application/json", "description": "Media type of the value."},
    "traceparent": {**_TEXT, "description": "W3C trace context."},
    "tracestate": {**_TEXT, "description": "W3C trace context, vendors' part."},
}
_REQUIRED = ("ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_city", "content-type")


def document(service: str, schema_generator: type[GenerateJsonSchema]) -> Json:
    """The AsyncAPI document of ``service``, payloads made by ``schema_generator``."""
    title, description = SERVICES[service]
    sent = {topic: _events_on(topic) for topic in TOPICS if topic.owner == service}
    received: dict[Topic, list[type[Event]]] = {}
    for event in CONSUMES.get(service, ()):
        received.setdefault(BY_NAME[event.topic], []).append(event)
    topics = [topic for topic in TOPICS if topic in sent or topic in received]
    events = [event for topic in topics for event in _events_on(topic)]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": f"Sportello: {title}",
            "version": "1.0.0" if FROZEN.exists() else "1.0.0-draft",
            "description": description,
            "license": {"name": "AGPL-3.0-or-later", "url": "https://www.gnu.org/licenses/agpl-3.0.html"},
        },
        "defaultContentType": "application/json",
        "servers": {"kafka": _SERVER},
        "channels": {topic.name: _channel(topic) for topic in topics},
        "operations": _operations("send", sent) | _operations("receive", received),
        "components": {
            "messages": {event.__name__: _message(event) for event in events},
            "schemas": {"Headers": _HEADERS_SCHEMA} | _payloads(events, schema_generator),
        },
    }


_SERVER: Json = {
    "host": "{bootstrap}",
    "protocol": "kafka",
    "description": "The city's Kafka cluster, as set in SPORTELLO_KAFKA_BOOTSTRAP.",
    "variables": {"bootstrap": {"default": "127.0.0.1:9192", "description": "Host and port of a broker."}},
}
_HEADERS_SCHEMA: Json = {
    "title": "Headers",
    "description": "A CloudEvent 1.0 in the binary content mode of the Kafka protocol binding.",
    "type": "object",
    "required": list(_REQUIRED),
    "properties": _HEADERS,
}


def _events_on(topic: Topic) -> list[type[Event]]:
    return [event for event in REGISTRY.values() if event.topic == topic.name]


def _channel(topic: Topic) -> Json:
    """A channel lists every message of its topic: a reader of some meets all, and skips those it does not know."""
    kafka = {
        "topic": topic.name,
        "partitions": PARTITIONS,
        "topicConfiguration": {"cleanup.policy": ["delete"], "retention.ms": -1},
        "bindingVersion": "0.5.0",
    }
    names = [event.__name__ for event in _events_on(topic)]
    return {
        "address": topic.name,
        "description": f"Owned by {topic.owner}. Kept for ever, not compacted. Ordered per key: {topic.key}.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {"kafka": kafka},
    }


def _operations(action: str, events_by_topic: dict[Topic, list[type[Event]]]) -> Json:
    return {
        f"{action}.{topic.name}": {
            "action": action,
            "channel": {"$ref": f"#/channels/{topic.name}"},
            "messages": [{"$ref": f"#/channels/{topic.name}/messages/{event.__name__}"} for event in events],
        }
        for topic, events in sorted(events_by_topic.items(), key=lambda item: item[0].name)
    }


def _message(event: type[Event]) -> Json:
    own = {
        "type": "object",
        "properties": {"ce_type": {"const": event.type}, "ce_dataschema": {"const": event.schema_path()}},
    }
    return {
        "name": event.type,
        "title": event.__name__,
        "summary": (event.__doc__ or "").strip().splitlines()[0],
        "contentType": "application/json",
        "headers": {"allOf": [{"$ref": "#/components/schemas/Headers"}, own]},
        "correlationId": {"description": "The case.", "location": "$message.header#/ce_correlationid"},
        "payload": {"$ref": f"#/components/schemas/{event.__name__}"},
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": BY_NAME[event.topic].key},
                "bindingVersion": "0.5.0",
            }
        },
    }


def _payloads(events: list[type[Event]], schema_generator: type[GenerateJsonSchema]) -> Json:
    _, schemas = models_json_schema(
        [(event, "validation") for event in events],
        ref_template="#/components/schemas/{model}",
        schema_generator=schema_generator,
    )
    return dict(sorted(schemas["$defs"].items()))
