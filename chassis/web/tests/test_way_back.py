"""Addresses that only take forms lead people on to a page, and an ended session costs nobody their words."""

import html
import re

import httpx
import pytest
from fastapi import FastAPI

from chassis.auth.actor import Actor
from chassis.web.navigation import landing, navigation
from chassis.web.tests.test_pages import ORIGIN, app, guest, logged, templates, visitor  # noqa: F401

pytestmark = pytest.mark.unit
EXPIRED = {"name": "Ada <b>", "words[]": ["uno", "due"]}


def languages(page: str) -> set[str]:
    return {html.unescape(one) for one in re.findall(r'<a href="([^"]*)" lang="', page)}


@pytest.mark.parametrize(
    ("referer", "page"),
    [
        (f"{ORIGIN}/files/7?part=2&lang=it", "/files/7?part=2&lang="),
        (f"{ORIGIN}/files/7/terms", "/files/7?lang="),
        (f"{ORIGIN}/elsewhere/list?x=1", "/elsewhere/list?x=1&lang="),
        ("https://evil.example/files/8", "/files/7?lang="),
        ("http://[", "/files/7?lang="),
        (f"{ORIGIN}//evil.example/", "/?lang="),
        (None, "/files/7?lang="),
    ],
)
async def test_the_languages_of_a_form_that_was_wrong_lead_to_its_page(
    guest: httpx.AsyncClient,  # noqa: F811
    referer: str | None,
    page: str,
) -> None:
    headers = {"referer": referer} if referer else {}
    wrong = await guest.post("/files/7/terms", headers=headers)
    assert wrong.status_code == 422
    assert languages(wrong.text) == {f"{page}it", f"{page}en"}


@pytest.mark.parametrize("path", ["//evil.example/x", "///evil.example/x", "//evil.example/x?next=//evil.example"])
async def test_an_address_that_begins_like_another_site_leads_nowhere_else(
    guest: httpx.AsyncClient,  # noqa: F811
    path: str,
) -> None:
    lost = await guest.send(guest.build_request("GET", httpx.URL(ORIGIN).copy_with(raw_path=path.encode())))
    assert lost.status_code == 404
    assert {one.partition("?")[0] for one in languages(lost.text)} == {"/evil.example/x"}
    assert "/auth/login?next=/evil.example/x" in lost.text


async def test_reading_an_address_that_only_takes_forms_leads_to_the_page_above(
    guest: httpx.AsyncClient,  # noqa: F811
) -> None:
    answer = await guest.get("/files/7/terms")
    assert (answer.status_code, answer.headers["location"]) == (303, "/files/7")
    assert (await guest.get("/files/7/terms", headers={"accept": "application/json"})).status_code == 405


async def test_what_was_typed_outlives_the_session(guest: httpx.AsyncClient) -> None:  # noqa: F811
    own = {"referer": f"{ORIGIN}/files/7", "sec-fetch-site": "same-origin"}
    ended = await guest.post("/files/7/send?x=1", data=EXPIRED, headers=own)
    assert ended.status_code == 401
    assert "/auth/login?next=/files/7" in ended.text
    assert 'action="/files/7/send?x=1"' in ended.text
    assert 'name="name" value="Ada &lt;b&gt;"' in ended.text
    assert ended.text.count('name="words[]"') == 2


async def test_what_another_site_typed_is_not_kept(guest: httpx.AsyncClient) -> None:  # noqa: F811
    foreign = {"referer": "https://evil.example/", "sec-fetch-site": "cross-site"}
    ended = await guest.post("/files/7/send", data=EXPIRED, headers=foreign)
    assert ended.status_code == 401
    assert "Ada" not in ended.text


async def test_a_file_is_not_kept_and_that_is_said(app: FastAPI) -> None:  # noqa: F811
    async with visitor(app) as client:
        own = {"referer": f"{ORIGIN}/files/7", "sec-fetch-site": "same-origin"}
        ended = await client.post("/files/7/send?lang=en", files={"it": b"x"}, data={"name": "Ada"}, headers=own)
    assert "fill it in once more" in ended.text
    assert "Ada" not in ended.text


@pytest.mark.parametrize(
    ("roles", "path"),
    [
        ({"legal"}, "/notifications/inbox"),
        ({"partner", "coordinator"}, "/notifications/inbox"),
        ({"operations"}, "/intake/operations"),
        ({"partner"}, "/"),
        (set(), "/"),
    ],
)
def test_the_citys_staff_begin_where_their_work_waits(roles: set[str], path: str) -> None:
    assert landing(Actor(subject="s", city="c", roles=frozenset(roles))) == path


@pytest.mark.parametrize(
    ("actor", "may"),
    [
        (Actor.anonymous("c"), True),
        (Actor(subject="s", city="c"), True),
        (Actor(subject="s", city="c", roles=frozenset({"partner", "legal"})), True),
        (Actor(subject="s", city="c", roles=frozenset({"account_manager"})), True),
        (Actor(subject="s", city="c", roles=frozenset({"legal"})), False),
    ],
)
def test_offering_is_in_the_navigation_of_everybody_but_the_staff(actor: Actor, may: bool) -> None:
    assert ("/intake/offers/new" in {link.path for link in navigation(actor, "/")}) == may
