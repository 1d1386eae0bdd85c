"""A service's API against its own document: whatever fits gets an answer that is in it, and nothing is a fault."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from chassis.http.problem import MEDIA_TYPE
from chassis.service import Service
from tests.fuzz import odd

BASE = "http://sportello.test"
_OURS = frozenset({"authorization", "cookie", "host", "content-length", "origin"})
"""Headers that are the client's own."""


def examples(number: int) -> settings:
    """For tests that ask a running service: the first failing request says enough, making it smaller takes minutes."""
    return settings(
        max_examples=number,
        deadline=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )


class Api:
    """What a service documents, and requests that fit it."""

    def __init__(self, service: Service[Any], leaving_out: tuple[str, ...] = ()) -> None:
        self.document = service.app().openapi()
        found = [one.ok() for one in schemathesis.openapi.from_dict(self.document).get_all_operations()]
        self.operations = [one for one in found if not one.path.endswith(leaving_out)]

    @property
    def paths(self) -> set[str]:
        return set(self.document["paths"])

    def cases(self) -> st.SearchStrategy[Any]:
        return st.one_of([operation.as_strategy() for operation in self.operations])

    def odd_cases(self) -> st.SearchStrategy[Any]:
        """Requests that fit but for one odd value: most are refused, and a refusal is no fault."""
        return self.cases().flatmap(_oddly)


def _oddly(case: Any) -> st.SearchStrategy[Any]:
    """`case` with one odd value: a text in its address, anything in its body."""

    def put(part: str, value: Any) -> Any:
        setattr(case, part, value)
        return case

    ways = []
    for part, texts in (("path_parameters", [quote(one, safe="") for one in odd.TEXTS]), ("query", odd.TEXTS)):
        there = getattr(case, part) or {}
        for name in there:
            ways.append(st.sampled_from(texts[1:]).map(lambda text, p=part, n=name, t=there: put(p, t | {n: text})))
    if isinstance(case.body, dict | list):
        # Most of what a service does with what it is sent, it does with the body.
        ways += [odd.in_place_of_one(case.body).map(lambda value: put("body", value))] * 4
    return st.one_of(ways) if ways else st.just(case)


def aim(case: Any, **known: Any) -> None:
    """Has the request name things that exist, so that it comes further than "no such thing"."""
    for part in (case.path_parameters, case.body):
        if isinstance(part, dict):
            part |= {name: value for name, value in known.items() if name in part}


async def send(client: httpx.AsyncClient, case: Any, **headers: str) -> httpx.Response:
    """The request as a client on the network would send it."""
    request = case.as_transport_kwargs(base_url=BASE)
    sent = {name: str(value) for name, value in (request.pop("headers", None) or {}).items()}
    sent = {name: value for name, value in sent.items() if name.lower() not in _OURS and value.isascii()}
    request.pop("cookies", None)
    if isinstance(request.get("data"), bytes):
        request["content"] = request.pop("data")
    if "json" in request:
        request["content"] = json.dumps(request.pop("json")).replace(odd.HALF, "\\ud800").encode()
        sent |= {"Content-Type": "application/json"}
    if request.get("files"):
        files = request["files"]
        pairs = files.items() if isinstance(files, dict) else files
        # Schemathesis may make any JSON value of a file; a client sends bytes.
        request["files"] = [(name, str(content).encode(errors="replace")) for name, content in pairs]
    return await client.request(**request, headers=sent | headers)


def is_documented(case: Any, answer: httpx.Response, *also: str) -> None:
    """The answer is one that the document lists, and a refusal says why."""
    documented = set(case.operation.definition.raw["responses"]) | set(also)
    assert str(answer.status_code) in documented, _told(case, answer)
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == MEDIA_TYPE, _told(case, answer)
        assert answer.json()["detail"], _told(case, answer)


def is_no_fault(case: Any, answer: httpx.Response) -> None:
    """Refused or done: whatever was sent, it was the sender's fault or nobody's."""
    assert answer.status_code < 500, _told(case, answer)


def _told(case: Any, answer: httpx.Response) -> str:
    asked = {"path": case.path_parameters, "query": case.query, "body": case.body}
    return f"{case.method} {case.path}\n{ascii(asked)[:3000]}\n{answer.status_code} {answer.text[:1000]}"
