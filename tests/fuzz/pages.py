"""Every form of a service's pages, found by following its links, and filled in oddly: never a fault of ours."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import httpx
from hypothesis import strategies as st

from tests.fuzz.odd import TEXTS

_NOT_FOLLOWED = ("/static/", "/api/", "/auth/", "/login", "/logout", "/stream")
_MULTIPART = "multipart/form-data"
_LEAVE_OUT = object()
_TWICE = object()


@dataclass(frozen=True)
class FoundForm:
    """A form as a page shows it: where it goes and what it would send if nobody touched it."""

    method: str
    action: str
    encoding: str
    fields: tuple[tuple[str, str], ...] = ()
    files: tuple[str, ...] = ()

    @property
    def alike(self) -> tuple[Any, ...]:
        """Forms of one kind on many pages count once."""
        steps = (step if len(step) < 20 and not step.isdigit() else "*" for step in self.action.split("/"))
        return (self.method, *steps, *sorted({name for name, _ in self.fields}))


@dataclass
class _Reader(HTMLParser):
    """Links and forms of one page."""

    links: list[str] = field(default_factory=list)
    forms: list[dict[str, Any]] = field(default_factory=list)
    select: str | None = None

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        elif tag == "form":
            self.forms.append({"attrs": given, "fields": [], "files": []})
        elif self.forms:
            self._field(tag, given, self.forms[-1])

    def _field(self, tag: str, given: dict[str, str], form: dict[str, Any]) -> None:
        name = given.get("name", "")
        if tag == "select":
            self.select = name
        elif tag == "option" and self.select:
            if "selected" in given or self.select not in dict(form["fields"]):
                form["fields"].append((self.select, given.get("value", "")))
        elif tag == "input" and given.get("type") == "file":
            form["files"].append(name)
        elif name and tag in ("input", "textarea", "button"):
            first_of_its_name = name not in dict(form["fields"])
            if first_of_its_name or "checked" in given or given.get("type") not in ("checkbox", "radio"):
                form["fields"].append((name, given.get("value", "")))


async def forms_of(client: httpx.AsyncClient, prefix: str, *starts: str, at_most: int = 60) -> list[FoundForm]:
    """The forms behind `starts`, one of each kind; follows links that stay under `prefix`, to `at_most` pages."""
    ahead, seen, found = deque(starts), set(starts), dict[tuple[Any, ...], FoundForm]()
    looked = 0
    while ahead and looked < at_most:
        address = ahead.popleft()
        page = await client.get(address, headers={"Accept": "text/html"}, follow_redirects=True)
        assert page.status_code < 500, f"{address}: {page.text[:1000]}"
        if "text/html" not in page.headers.get("content-type", ""):
            continue
        looked += 1
        reader = _Reader()
        reader.feed(page.text)
        for form in _forms(reader, str(page.url)):
            if form.action.startswith(prefix):
                found.setdefault(form.alike, form)
        for link in reader.links:
            there = urlsplit(urljoin(str(page.url), link))
            relative = there._replace(scheme="", netloc="", fragment="").geturl()
            inside = relative.startswith(prefix) and not any(part in relative for part in _NOT_FOLLOWED)
            if inside and relative not in seen:
                seen.add(relative)
                ahead.append(relative)
    return list(found.values())


def _forms(reader: _Reader, address: str) -> Iterable[FoundForm]:
    for form in reader.forms:
        given = form["attrs"]
        yield FoundForm(
            given.get("method", "get").upper(),
            urlsplit(urljoin(address, given.get("action") or address)).path,
            given.get("enctype", ""),
            tuple(form["fields"]),
            tuple(form["files"]),
        )


def filled_in_oddly(forms: list[FoundForm]) -> st.SearchStrategy[FoundForm]:
    """One of `forms` with up to three of its fields odd, left out, or sent twice."""
    return st.sampled_from(forms).flatmap(_oddly)


def _oddly(form: FoundForm) -> st.SearchStrategy[FoundForm]:
    names = sorted({name for name, _ in form.fields})
    if not names:
        return st.just(form)
    texts = st.sampled_from(TEXTS)
    odd = st.one_of(texts, texts, st.text(max_size=20), st.sampled_from((_LEAVE_OUT, _TWICE)))
    return st.dictionaries(st.sampled_from(names), odd, min_size=1, max_size=3).map(lambda put: _with(form, put))


def _with(form: FoundForm, put: dict[str, Any]) -> FoundForm:
    fields: list[tuple[str, str]] = []
    for name, value in form.fields:
        if name not in put:
            fields.append((name, value))
        elif put[name] is _TWICE:
            fields += [(name, value), (name, value)]
        elif put[name] is not _LEAVE_OUT:
            fields.append((name, put[name]))
    return replace(form, fields=tuple(fields))


async def submit(client: httpx.AsyncClient, form: FoundForm) -> httpx.Response:
    """Sends the form as a browser would."""
    headers = {"Accept": "text/html"}
    if form.method == "GET":
        return await client.get(form.action, params=list(form.fields), headers=headers)
    if form.encoding != _MULTIPART:
        content = urlencode(form.fields, errors="replace").encode()
        headers |= {"Content-Type": "application/x-www-form-urlencoded"}
        return await client.post(form.action, content=content, headers=headers)
    parts: list[tuple[str, Any]] = [(name, (None, value.encode(errors="replace"))) for name, value in form.fields]
    parts += [(name, ("odd \U0001f389.pdf", b"%PDF-odd\0", "application/pdf")) for name in form.files]
    return await client.post(form.action, files=parts, headers=headers)


def is_no_fault_of_a_page(form: FoundForm, answer: httpx.Response) -> None:
    """Done, refused or taken elsewhere; whatever it is, a page for people."""
    told = f"{form.method} {form.action}\n{ascii(form.fields)[:3000]}\n{answer.status_code} {answer.text[:1500]}"
    assert answer.status_code < 500, told
    if answer.status_code >= 400:
        assert "text/html" in answer.headers["content-type"], told
