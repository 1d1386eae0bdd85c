"""What goes wrong through the pages: each time people are told which field or fact it is, why, and what now."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect

from chassis.web.tests.chromium import chromium  # noqa: F401  (a fixture)
from tests.browser.registries import prepared
from tests.browser.visitor import PATIENCE, Visitor, visitor
from tests.system import System

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
async def city(system: System) -> str:
    code = f"c_b{secrets.token_hex(4)}"
    await prepared(system.url, system.issuer, code)
    return code


@pytest.fixture
async def partner(chromium: Browser, system: System, city: str) -> AsyncIterator[Visitor]:  # noqa: F811
    async with visitor(chromium, system.url) as someone:
        await someone.log_in("enel", city)
        yield someone


async def an_offer(partner: Visitor, title: str, quantity: str) -> None:
    await partner.go("/intake/offers/new")
    organisation = partner.page.locator("select[name=stakeholder_id]")
    if await organisation.count():
        await organisation.select_option(label="Enel")
    else:
        await partner.field("Nome dell'organizzazione").fill("Enel")
        await partner.field("Tipo di organizzazione").select_option(label="Impresa")
    await partner.field("Titolo").fill(title)
    await partner.field("Tipo").select_option(label="Beni")
    await partner.field("Quantità").fill(quantity)
    await partner.field("Unità").select_option(label="pezzi")


async def test_an_empty_offer_names_every_field_that_is_missing(partner: Visitor) -> None:
    await partner.go("/intake/offers/new")
    await partner.press("Invia l'offerta")
    summary = partner.page.locator(".shell-error-summary")
    await expect(summary).to_be_focused(timeout=PATIENCE)
    await partner.looks("51-empty-offer")
    for link in await summary.locator("a").all():
        target = (await link.get_attribute("href") or "")[1:]
        assert await partner.page.locator(f"[id='{target}']").count() == 1, f"{await link.inner_text()} leads nowhere"
    await summary.locator("a", has_text="Titolo").click()
    await expect(partner.field("Titolo")).to_be_focused()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("5,5,5", "numero"),
        ("-3", "maggiore di zero"),
        ("1.000", "migliaia"),
        ("0,0001", "tre decimali"),
        ("tanti", "numero"),
    ],
)
async def test_a_wrong_quantity_is_named_and_kept(partner: Visitor, typed: str, said: str) -> None:
    await an_offer(partner, "Computer usati", typed)
    await partner.press("Invia l'offerta")
    await partner.wrong("Quantità")
    await partner.wrong(said)
    await expect(partner.field("Quantità")).to_have_value(typed)
    await expect(partner.field("Quantità")).to_have_attribute("aria-invalid", "true")
    await partner.looks(f"52-quantity-{re.sub('[^0-9a-z]', '_', typed)}")


async def test_a_form_sent_twice_counts_once(partner: Visitor) -> None:
    title = f"Monitor {secrets.token_hex(3)}"
    await an_offer(partner, title, "12")
    await partner.page.get_by_role("button", name="Invia l'offerta").dblclick()
    await partner.told("Grazie: l'offerta è arrivata.")
    assert await partner.page.get_by_role("heading", name=title).count() == 1


async def test_a_session_that_ended_costs_nobody_their_words(partner: Visitor, city: str) -> None:
    title = f"Scrivanie {secrets.token_hex(3)}"
    await an_offer(partner, title, "10")
    await partner.page.context.clear_cookies(name="sportello_session")
    await partner.press("Invia l'offerta")
    await expect(partner.page.locator("h1")).to_have_text("Bisogna accedere", timeout=PATIENCE)
    await partner.sees("questa pagina conserva quello che hai scritto")
    await partner.looks("53-session-ended")
    async with partner.page.context.expect_page() as opened:
        await partner.page.locator("main").get_by_role("link", name="Accedi").click()
    login = await opened.value
    await login.locator("summary", has_text="altra città").click()
    await login.fill("#city", city)
    await login.click("button[name=username][value=enel]")
    await login.locator("h1", has_text="Fai un'offerta").wait_for()
    await partner.press("Invia di nuovo")
    await partner.told("Grazie: l'offerta è arrivata.")
    await partner.sees(title)


async def test_a_proposal_that_just_ended_says_so(chromium: Browser, system: System, city: str) -> None:  # noqa: F811
    need = f"Stampanti {secrets.token_hex(3)}"
    async with (
        visitor(chromium, system.url) as officer,
        visitor(chromium, system.url) as giver,
        visitor(chromium, system.url) as manager,
    ):
        await officer.log_in("department-education", city)
        await officer.go("/intake/needs/new")
        await officer.field("Titolo").fill(need)
        await officer.field("Area di intervento").select_option(label="Povertà digitale")
        await officer.field("Tipo").select_option(label="Beni")
        await officer.field("Quantità").fill("500")
        await officer.field("Unità").select_option(label="pezzi")
        await officer.press("Registra il bisogno")
        await officer.told("Il bisogno è registrato")
        await giver.log_in("accenture", city)
        await giver.go("/")
        await giver.page.get_by_role("link", name=re.compile(f"Offri per questo.*{need}")).click()
        await giver.field("Nome dell'organizzazione").fill("Accenture")
        await giver.field("Tipo di organizzazione").select_option(label="Impresa")
        await giver.field("Titolo").fill("Stampanti usate")
        await giver.field("Quantità").fill("500")
        await giver.press("Invia l'offerta")
        await giver.told("Grazie")
        await manager.log_in("account-manager", city)
        await manager.go("/intake/stakeholders")
        await manager.press("Ammetti Accenture")
        await manager.told("L'organizzazione è ammessa.")
        await giver.menu("Proposte")
        await giver.reloads_until(need)
        await giver.page.get_by_role("link", name=need).click()
        await giver.page.get_by_role("button", name="Accetta").wait_for()

        await officer.page.get_by_role("link", name=need).click()
        await officer.page.locator("main summary", has_text="Ritira questo bisogno").click()
        await officer.press("Sì: Ritira questo bisogno")
        await officer.told("Il bisogno è ritirato.")
        await officer.menu("Proposte")
        await officer.field("Stato").select_option(label="Scaduto")
        await officer.press("Mostra")
        await officer.reloads_until(need)

        await giver.press("Accetta")
        await giver.told("Nel frattempo la proposta è stata chiusa")
        await giver.told("Non è stato registrato nulla.")
        await giver.sees("Il bisogno è stato chiuso")
        await giver.looks("54-proposal-ended")


async def test_lines_come_and_go_by_keyboard_and_enter_sends(partner: Visitor) -> None:
    title = f"Tavoli {secrets.token_hex(3)}"
    await an_offer(partner, title, "4,5")
    add = partner.page.get_by_role("button", name="Aggiungi una riga")
    await add.focus()
    await add.press("Enter")
    await expect(partner.page.locator("#field-lines-1")).to_be_focused(timeout=PATIENCE)
    await partner.page.keyboard.press("Tab")
    await expect(partner.page.locator("[name='lines.1.kind']")).to_be_focused()
    away = partner.page.get_by_role("button", name=re.compile(r"Togli\s*: Riga 2"))
    await away.focus()
    await partner.looks("54-two-lines")
    await away.press("Enter")
    await expect(partner.page.locator("#field-lines-1")).to_have_count(0, timeout=PATIENCE)
    await partner.field("Titolo").press("Enter")
    await partner.told("Grazie: l'offerta è arrivata.")
    await partner.sees("4,5 pezzi: di solito si contano interi")
    await partner.looks("55-worth-a-second-look")
    await partner.page.get_by_role("link", name="Modifica", exact=True).click()
    await partner.field("Quantità").fill("5")
    await partner.field("Titolo").press("Enter")
    await partner.told("L'offerta è stata modificata.")
    await partner.sees("5 pezzi")


async def test_whoever_is_not_logged_in_reads_why_and_comes_back_to_the_form(
    chromium: Browser,  # noqa: F811
    system: System,
) -> None:
    async with visitor(chromium, system.url) as guest:
        await guest.go("/")
        await guest.page.locator(".shell-links").get_by_role("link", name="Fai un'offerta").click()
        await guest.sees("Perché serve l'accesso")
        await guest.looks("56-offer-login")
        await guest.page.get_by_role("link", name="Accedi e fai l'offerta").click()
        await guest.page.click("button[name=username][value=auditor]")
        await expect(guest.field("Nome dell'organizzazione")).to_be_visible(timeout=PATIENCE)
