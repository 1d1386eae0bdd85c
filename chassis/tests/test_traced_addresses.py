"""What a trace says of a request: its path, never what was asked for in the address."""

from __future__ import annotations

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from chassis.settings import Settings
from chassis.testing import running
from chassis.tests.toy import Toy

pytestmark = pytest.mark.integration


async def test_a_query_stays_out_of_the_trace(toy: Toy, settings: Settings) -> None:
    exporter = InMemorySpanExporter()
    async with running(toy.service(settings), exporter=exporter) as service:
        async with service.client() as client:
            answer = await client.post("/toy/api/v1/stakeholders", params={"name": "Giulia Ferri"})
            assert answer.status_code == 201
        service.app.state.tracer_provider.force_flush()
    spans = [span for span in exporter.get_finished_spans() if "/toy/api/v1/stakeholders" in span.to_json()]
    assert spans
    assert not [span for span in spans if "Giulia" in span.to_json()]
