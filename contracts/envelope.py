"""CloudEvents 1.0 in the binary content mode of the Kafka protocol binding.

The value of a record is the JSON data; every attribute is a header ``ce_<name>`` in UTF-8; the media type is the
header ``content-type``; the W3C trace context travels as ``traceparent`` and ``tracestate``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from contracts.values import FIRST_YEAR, LAST_YEAR

Headers = Iterable[tuple[str, bytes | None]]
REQUIRED = ("specversion", "id", "source", "type", "city")
MAX_BYTES = 500
"""Of the attributes that identify an event: consumers index them."""


class EnvelopeError(ValueError):
    """A record whose headers are not a CloudEvent we can read; names the attribute and the reason."""

    def __init__(self, attribute: str, reason: str) -> None:
        super().__init__(f"{attribute}: {reason}")
        self.attribute = attribute
        self.reason = reason


@dataclass(frozen=True)
class Envelope:
    """The context attributes of one event. ``id`` is unique per ``source``; it need not be a UUID."""

    id: str
    source: str
    type: str
    city: str
    time: datetime
    subject: str | None = None
    dataschema: str | None = None
    correlationid: str | None = None
    causationid: str | None = None
    traceparent: str | None = None
    tracestate: str | None = None

    def to_headers(self) -> list[tuple[str, bytes]]:
        """Kafka headers, in a fixed order."""
        pairs: list[tuple[str, str | None]] = [
            ("ce_specversion", "1.0"),
            ("ce_id", self.id),
            ("ce_source", self.source),
            ("ce_type", self.type),
            ("ce_time", self.time.astimezone(UTC).isoformat().replace("+00:00", "Z")),
            ("ce_subject", self.subject),
            ("ce_dataschema", self.dataschema),
            ("ce_correlationid", self.correlationid),
            ("ce_causationid", self.causationid),
            ("ce_city", self.city),
            ("content-type", "application/json"),
            ("traceparent", self.traceparent),
            ("tracestate", self.tracestate),
        ]
        return [(name, value.encode()) for name, value in pairs if value is not None]

    def with_trace(self, traceparent: str | None, tracestate: str | None) -> Envelope:
        """The same event seen from another span."""
        return replace(self, traceparent=traceparent, tracestate=tracestate)

    @classmethod
    def from_headers(cls, headers: Headers, received_at: datetime | None = None) -> Envelope:
        """The envelope in ``headers``.

        ``received_at`` stands in for a missing ``ce_time``. Raises :class:`EnvelopeError` for a header that is not
        UTF-8 or holds a NUL (no database column takes one), a required attribute that is missing or too long, another
        CloudEvents version, or a time that is not RFC 3339.
        """
        attributes = dict(_decoded(headers))
        content_type = attributes.get("content-type", "application/json")
        if not content_type.split(";")[0].strip() == "application/json":
            raise EnvelopeError("content-type", f"'{content_type}' is not application/json")
        ce = {name[3:]: value for name, value in attributes.items() if name.startswith("ce_")}
        for name in REQUIRED:
            if not ce.get(name):
                raise EnvelopeError(f"ce_{name}", "is missing")
            if len(ce[name].encode()) > MAX_BYTES:
                raise EnvelopeError(f"ce_{name}", f"is longer than {MAX_BYTES} bytes")
        if ce["specversion"] != "1.0":
            raise EnvelopeError("ce_specversion", f"'{ce['specversion']}' is not 1.0")
        return cls(
            id=ce["id"],
            source=ce["source"],
            type=ce["type"],
            city=ce["city"],
            time=_time(ce.get("time"), received_at),
            subject=ce.get("subject"),
            dataschema=ce.get("dataschema"),
            correlationid=ce.get("correlationid"),
            causationid=ce.get("causationid"),
            traceparent=attributes.get("traceparent"),
            tracestate=attributes.get("tracestate"),
        )


def _decoded(headers: Headers) -> Iterable[tuple[str, str]]:
    for name, value in headers:
        relevant = name.startswith("ce_") or name in ("content-type", "traceparent", "tracestate")
        if not relevant or value is None:
            continue
        try:
            text = value.decode()
        except UnicodeDecodeError as error:
            raise EnvelopeError(name, "is not UTF-8") from error
        if "\x00" in text or "\x00" in name:
            raise EnvelopeError(name.replace("\x00", ""), "holds a NUL character")
        yield name, text


def _time(text: str | None, received_at: datetime | None) -> datetime:
    if text is None:
        if received_at is None:
            raise EnvelopeError("ce_time", "is missing")
        return received_at
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise EnvelopeError("ce_time", f"'{text}' is not an RFC 3339 time") from error
    if time.tzinfo is None:
        raise EnvelopeError("ce_time", f"'{text}' has no UTC offset")
    if not FIRST_YEAR <= time.year <= LAST_YEAR:
        raise EnvelopeError("ce_time", f"'{text}' does not lie between the years {FIRST_YEAR} and {LAST_YEAR}")
    return time
