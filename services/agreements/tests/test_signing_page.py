"""The signatures of a file as its page shows them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest
from playwright.async_api import Browser

from chassis.auth.tokens import SESSION_COOKIE
from chassis.testing import Running, running
from chassis.web.static import static_router
from chassis.web.tests.chromium import chromium, faults, picture  # noqa: F401  (a fixture)
from chassis.web.tests.serving import address, listening, served
from services.agreements.app import service
from services.agreements.documents.verification import examine
from services.agreements.settings import AgreementsSettings
from services.agreements.tests.outside import Provider
from services.agreements.tests.story import EDUCATION, GUIDE, LEGAL, SIGNATORY, Story, donation, giver_of, partner

pytestmark = pytest.mark.integration
HTML = {"Accept": "text/html", "Accept-Language": "en"}


@pytest.fixture(scope="module")
async def desk(settings: AgreementsSettings, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    place = tmp_path_factory.mktemp("trust")
    for name, content in {
        "roots/ca.der": PROVIDER.ca.holder.der,
        "crls/ca.crl": PROVIDER.ca.crl(datetime.now(UTC)),
    }.items():
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).write_bytes(content)
    async with running(
        service(settings.model_copy(update={"agreements_trust_lists": place, "agreements_development_signer": True}))
    ) as one:
        one.app.state.desk = replace(one.app.state.desk, examine=examine)
        yield one


PROVIDER = Provider.make()


async def page(story: Story, agreement: str, actor: object = LEGAL) -> str:
    answer = await story.as_(actor).get(f"/agreements/files/{agreement}", headers=HTML)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    return answer.text


def field(html: str, name: str) -> str:
    return re.findall(rf'name="{name}" value="([^"]*)"', html)[-1]


async def hand_in(story: Story, agreement: str, actor: object, content: bytes, name: str = "a.pdf") -> httpx.Response:
    html = await page(story, agreement, actor)
    form = html[html.index(f"/files/{agreement}/signatures") :]
    return await story.as_(actor).post(  # type: ignore[arg-type]
        f"/agreements/files/{agreement}/signatures",
        data={"idempotency_key": re.findall(r'name="idempotency_key" value="([^"]*)"', form)[0]},
        files={"signed_file": (name, content)},
        headers=HTML,
    )


async def test_from_the_plan_to_the_last_signature(story: Story) -> None:
    match = donation()
    one = await story.filled(match)
    party = f"stakeholder:{giver_of(match)}"
    html = await page(story, one, GUIDE)
    places = {field(html, f"signatories.{index}.party_id"): index for index in range(2)}
    data = {"version": field(html, "version"), "idempotency_key": f"plan-{one}", "order": "in_order"}
    for own, place, person in ((party, 1, "Paolo Conti"), (EDUCATION, 2, "Carlo Neri")):
        row = f"signatories.{places[own]}."
        data |= {f"{row}party_id": own, f"{row}place": str(place), f"{row}people.0.name": person}
    data[f"signatories.{places[party]}.due_on"] = "2999-12-31"
    answer = await story.as_(GUIDE).post(f"/agreements/files/{one}/signing", data=data, headers=HTML)
    assert answer.status_code == 303, answer.text
    await story.done(one, "submit", GUIDE)
    await story.done(one, "approve", LEGAL)
    html = await page(story, one)
    assert "Carlo Neri" in html
    assert html.index("Awaited now") < html.index("Awaited later")
    seen = await page(story, one, partner(giver_of(match)))
    assert "Carlo Neri" not in seen, "who is expected is for who checks it"
    assert "Hand in the signed file here." in seen

    early = PROVIDER.ca.signatory(given_name="Carlo", surname="Neri")
    document = (await story.as_(LEGAL).get(f"/agreements/api/v1/agreements/{one}/document.pdf?to-sign=")).content
    refused = await hand_in(story, one, LEGAL, await PROVIDER.pades(document, early, field="sign-department-education"))
    assert refused.status_code == 422
    assert "it is another party" in refused.text.replace("&#39;", "'")
    empty = await hand_in(story, one, LEGAL, b"")
    assert (empty.status_code, "Choose the signed file." in empty.text) == (422, True)

    giver = partner(giver_of(match))
    signed = await PROVIDER.pades(document, PROVIDER.ca.signatory(), field="sign-" + party.replace(":", "-"))
    taken = await hand_in(story, one, giver, signed)
    assert taken.status_code == 303, taken.text
    html = await page(story, one)
    assert "PAdES B-B" in html
    assert "CA qualificata di prova" in html
    assert "The refused file" in html
    assert "The refused file" not in await page(story, one, giver)


async def test_a_wrong_code_and_a_party_listed_twice_are_refused_in_the_form(story: Story) -> None:
    match = donation()
    one = await story.filled(match)
    row = {"signatories.0.party_id": EDUCATION, "signatories.0.people.0.tax_code": "RSS MRA 80"}
    twice = {"signatories.0.party_id": EDUCATION, "signatories.1.party_id": EDUCATION}
    for wrong in (row, twice):
        data = {"version": field(await page(story, one, GUIDE), "version"), "order": "parallel"} | wrong
        answer = await story.as_(GUIDE).post(f"/agreements/files/{one}/signing", data=data, headers=HTML)
        assert answer.status_code == 422, wrong


@pytest.mark.parametrize("sent", [{"party_id": "a\0b"}, {"party_id": "x", "version": "²"}, {"version": "9" * 5000}])
async def test_a_button_pressed_with_nonsense_is_refused(story: Story, sent: dict[str, str]) -> None:
    one = await story.approved(donation())
    answer = await story.as_(SIGNATORY).post(f"/agreements/files/{one}/sign", data=sent, headers=HTML)
    assert answer.status_code < 500


async def test_a_form_sent_twice_says_the_same_twice(story: Story) -> None:
    match = donation()
    one = await story.filled(match)
    party = f"stakeholder:{giver_of(match)}"
    people = [{"party_id": party, "people": [{"name": "Paolo Conti"}]}]
    await story.done(one, "signing", GUIDE, {"signatories": people})
    await story.done(one, "submit", GUIDE)
    await story.done(one, "approve", LEGAL)
    await story.done(one, "sign", SIGNATORY)
    document = (await story.as_(LEGAL).get(f"/agreements/api/v1/agreements/{one}/document.pdf?to-sign=")).content
    signed = await PROVIDER.pades(document, PROVIDER.ca.signatory(), field="sign-" + party.replace(":", "-"))
    for content, status in ((b"%PDF-1.7 nothing", 422), (signed, 303)):
        for _ in range(2):
            answer = await story.as_(LEGAL).post(
                f"/agreements/files/{one}/signatures",
                data={"idempotency_key": f"{one}-{status}"},
                files={"signed_file": ("a.pdf", content)},
                headers=HTML,
            )
            assert answer.status_code == status, answer.text
    assert (await story.get(one))["state"] == "active"


async def test_who_has_nothing_to_do_with_signing_sees_no_form(story: Story) -> None:
    one = await story.filled(donation())
    assert f"/files/{one}/signatures" not in await page(story, one), "nothing to sign yet"
    assert "The document is signed once the file is approved." in await page(story, one)


@pytest.mark.browser
@pytest.mark.parametrize("size", [(1280, 900), (390, 844)], ids=["desk", "hand"])
async def test_axe_finds_nothing(chromium: Browser, story: Story, size: tuple[int, int]) -> None:  # noqa: F811
    """With a plan, a refusal and a signature taken in."""
    match = donation()
    one = await story.filled(match)
    party = f"stakeholder:{giver_of(match)}"
    people = [{"name": "Paolo Conti"}]
    plan = {"order": "in_order", "signatories": [{"party_id": party, "people": people, "due_on": "2027-01-31"}]}
    await story.done(one, "signing", GUIDE, plan)
    await story.done(one, "submit", GUIDE)
    await story.done(one, "approve", LEGAL)
    document = (await story.as_(LEGAL).get(f"/agreements/api/v1/agreements/{one}/document.pdf?to-sign=")).content
    wrong = PROVIDER.ca.signatory(given_name="Carlo", surname="Neri", kind="seal")
    assert (await hand_in(story, one, LEGAL, await PROVIDER.pades(document, wrong))).status_code == 422
    signed = await PROVIDER.pades(document, PROVIDER.ca.signatory(), field="sign-" + party.replace(":", "-"))
    assert (await hand_in(story, one, LEGAL, signed)).status_code == 303
    taker = listening()
    story.desk.app.include_router(static_router())
    async with served(story.desk.app, taker):
        site = address(taker)
        context = await chromium.new_context(viewport={"width": size[0], "height": size[1]}, locale="it-IT")
        actor = replace(LEGAL, subject="both", roles=frozenset({"legal", "account_manager"}))
        cookie = story.desk.app.state.identity.sessions.issue(actor)
        await context.add_cookies([{"name": SESSION_COOKIE, "value": cookie, "url": site}])
        tab = await context.new_page()
        await tab.goto(f"{site}/agreements/files/{one}")
        await tab.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")
        await picture(tab, f"agreements-signatures-{size[0]}")
        found = await faults(tab)
        await context.close()
    assert not found, found
