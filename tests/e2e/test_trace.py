"""One trace covers the HTTP request, the outbox, Kafka and every service that the request touched."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan

from chassis import telemetry
from chassis.auth.actor import Actor
from chassis.cli.traces import waterfall
from chassis.testing import eventually
from tests.e2e.conftest import Five

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]
CITY = "c_f205"


def person(subject: str, *roles: str, department: str | None = None) -> Actor:
    return Actor(subject=subject, city=CITY, name=subject, roles=frozenset(roles), department=department)


COORDINATOR = person("c", "coordinator")
MANAGER = person("m", "account_manager")
PARTNER = person("p", "partner")
OFFICER = person("d", "department", department="education")
LINE = {"kind": "goods", "quantity": "10", "unit": "C62"}


async def send(five: Five, service: str, who: Actor, method: str, path: str, body: Any = None) -> Any:
    async with five.services[service].client(who) as client:
        answer = await client.request(method, f"/{service}/api/v1/{path}", json=body if body is not None else {})
    assert answer.is_success, answer.text
    return answer.json()


async def get(five: Five, service: str, who: Actor, path: str) -> Any:
    async with five.services[service].client(who) as client:
        return (await client.get(f"/{service}/api/v1/{path}")).json()


async def prepared(five: Five) -> tuple[str, str]:
    """A need and a vetted stakeholder."""
    await send(five, "intake", COORDINATOR, "PUT", "departments/education", {"name": "Direzione Educazione"})
    await send(five, "intake", MANAGER, "PUT", "account-managers/me")
    stakeholder = await send(five, "intake", PARTNER, "POST", "stakeholders", {"name": "Enel", "type": "company"})
    vetted = {"outcome": "approved", "reason": "known"}
    await send(five, "intake", MANAGER, "POST", f"stakeholders/{stakeholder['id']}/vet", vetted)
    need = {"title": "Laptop", "policy_area": "digital_poverty", "lines": [LINE]}
    return (await send(five, "intake", OFFICER, "POST", "needs", need))["id"], stakeholder["id"]


def traces_with(five: Five, name: str) -> list[list[ReadableSpan]]:
    """The finished spans of each trace that has a span of this name."""
    for running in five.services.values():
        running.app.state.tracer_provider.force_flush()
    spans = five.spans.get_finished_spans()
    wanted = {span.context.trace_id for span in spans if span.name == name}
    return [[span for span in spans if span.context.trace_id == trace_id] for trace_id in wanted]


def services_in(spans: list[ReadableSpan]) -> set[str]:
    return {str(span.resource.attributes["service.name"]) for span in spans}


async def test_an_offer_and_the_last_consent_each_leave_one_trace_through_all_they_touch(five: Five) -> None:
    need, stakeholder = await prepared(five)
    # Topics have no order among them: an offer that overtakes its giver's vetting is proposed in the vetting's trace.
    await eventually(five.are_quiet, within=60)
    offer = {"stakeholder_id": stakeholder, "title": "Laptop", "lines": [LINE], "answers_need_id": need}
    await send(five, "intake", PARTNER, "POST", "offers", offer)

    async def traced_offer() -> list[ReadableSpan]:
        (spans,) = traces_with(five, "process sportello.intake.offer-received.v1") or ([],)
        assert services_in(spans) == {"intake", "matching", "notifications"}
        assert "process sportello.matching.match-proposed.v1" in {span.name for span in spans}
        return spans

    spans = await eventually(traced_offer, within=60)
    by_id = {span.context.span_id: span for span in spans}
    roots = [span for span in spans if span.parent is None]
    assert [root.name for root in roots] == ["POST /intake/api/v1/offers"]
    consumed = [span for span in spans if span.name.startswith("process ")]
    assert all(span.parent is not None and span.parent.span_id in by_id for span in consumed)

    async def proposed() -> str:
        return str((await get(five, "matching", MANAGER, f"matches?need={need}"))["items"][0]["match_id"])

    match = await proposed()
    await send(five, "matching", OFFICER, "POST", f"matches/{match}/accept")
    await send(five, "matching", PARTNER, "POST", f"matches/{match}/accept")

    async def traced_acceptance() -> list[ReadableSpan]:
        (spans,) = traces_with(five, "process sportello.matching.match-accepted.v1") or ([],)
        assert services_in(spans) >= {"matching", "agreements", "notifications"}
        assert "process sportello.agreements.agreement-drafted.v1" in {span.name for span in spans}
        return spans

    accepted = await eventually(traced_acceptance, within=60)
    cases = {
        span.attributes.get(telemetry.CASE) for span in accepted if span.attributes and span.kind.name == "CONSUMER"
    }
    assert cases == {need}


def test_the_waterfall_draws_children_below_their_parents() -> None:
    def span(name: str, parent: str | None, start: int, end: int) -> dict[str, Any]:
        return {
            "trace": "t",
            "span": name,
            "parent": parent,
            "service": "intake",
            "name": name,
            "start": start * 1_000_000,
            "end": end * 1_000_000,
            "status": "UNSET",
            "attributes": {},
        }

    lines = waterfall([span("request", None, 0, 10), span("late", "request", 6, 9), span("early", "request", 2, 4)])
    assert [line.split("ms")[1].strip() for line in lines[1:]] == [
        "intake        request",
        "intake          early",
        "intake          late",
    ]
    assert lines[0].endswith("10.0 ms")
