"""Tracing: one trace from the HTTP request over the outbox and Kafka to every service it touched.

Spans go to a collector (``SPORTELLO_OTLP_ENDPOINT``) or, on one machine, to a file of JSON lines
(``SPORTELLO_TRACE_FILE``) that ``sportello trace CASE`` draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
from opentelemetry import context as otel_context
from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

from chassis.settings import Settings

CASE = "sportello.case"
"""Span attribute that holds the case id (the need's id)."""


class FileExporter(SpanExporter):
    """Appends each span as one JSON line."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab")

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        lines = [orjson.dumps(_plain(span), default=str) for span in spans]
        self._file.write(b"\n".join(lines) + b"\n")
        self._file.flush()
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        self._file.close()


def _plain(span: ReadableSpan) -> dict[str, object]:
    context = span.get_span_context()
    return {
        "trace": f"{context.trace_id:032x}" if context else None,
        "span": f"{context.span_id:016x}" if context else None,
        "parent": f"{span.parent.span_id:016x}" if span.parent else None,
        "links": [f"{link.context.trace_id:032x}" for link in span.links],
        "service": span.resource.attributes.get("service.name"),
        "name": span.name,
        "kind": span.kind.name,
        "start": span.start_time,
        "end": span.end_time,
        "status": span.status.status_code.name,
        "attributes": dict(span.attributes or {}),
    }


def configure(settings: Settings, exporter: SpanExporter | None = None) -> TracerProvider:
    """A tracer provider for this process; ``exporter`` overrides what the settings say (tests)."""
    sampler = ParentBased(TraceIdRatioBased(settings.trace_ratio))
    provider = TracerProvider(sampler=sampler, resource=Resource.create({"service.name": settings.service}))
    if exporter is None and settings.otlp_endpoint:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        exporter = OTLPSpanExporter(endpoint=settings.otlp_endpoint.rstrip("/") + "/v1/traces")
    if exporter is None and settings.trace_file:
        exporter = FileExporter(settings.trace_file)
    if exporter is not None:
        provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=500))
    return provider


def without_query(span: trace.Span, scope: dict[str, Any]) -> None:
    """Cuts what was asked for off the addresses in a request's span: names that are searched for, codes of a login."""
    attributes = getattr(span, "attributes", None) or {}
    for name in ("http.url", "http.target", "url.full", "url.query"):
        if name in attributes:
            span.set_attribute(name, "" if name == "url.query" else str(attributes[name]).partition("?")[0])


def carried(context: Context | None = None) -> dict[str, str]:
    """``traceparent`` and ``tracestate`` of ``context`` (default: the current one); empty outside a trace."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier, context=context)
    return {name: value for name, value in carrier.items() if name in ("traceparent", "tracestate")}


def remote(traceparent: str | None, tracestate: str | None) -> Context:
    """The context that came with an event."""
    if traceparent is None:
        return Context()
    carrier = {"traceparent": traceparent} | ({"tracestate": tracestate} if tracestate else {})
    return propagate.extract(carrier, context=Context())


def within(span: trace.Span) -> Context:
    """A context in which ``span`` is the current one."""
    return trace.set_span_in_context(span, otel_context.Context())


def detached() -> Context:
    """A context outside any trace: a span started in it is a root."""
    return Context()
