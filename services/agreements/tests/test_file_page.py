"""The page of a file and the instruments at the desk, used as people without scripts use them."""

from __future__ import annotations

import html
import re
import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.agreements.handlers.desk import CITY_TIME
from services.agreements.tests.story import (
    DEPARTMENT,
    GUIDE,
    LEGAL,
    Story,
    donation,
    giver_of,
    partner,
)
from services.agreements.tests.test_file_work import PACT_TERMS, WHY
from services.agreements.tests.test_pages import page, send

pytestmark = pytest.mark.integration


async def a_file(story: Story, **match: Any) -> str:
    return str((await story.file_of(donation(**match)))["agreement_id"])


async def test_what_is_missing_comes_first_and_leads_to_its_field(story: Story) -> None:
    one = await a_file(story)
    at = f"/agreements/files/{one}"
    shown = await page(story, GUIDE, at)
    assert "0 of 3 checks are settled" in shown
    assert "Proposed" in shown
    await send(story, GUIDE, f"{at}/instrument", instrument="donazione")
    shown = await page(story, GUIDE, at)
    assert shown.index("What is missing") < shown.index("Parties and what they give")
    assert 'href="#field-terms-acceptance"' in shown
    assert 'id="field-terms-acceptance"' in shown
    # Who may not fill it in is led to the section.
    assert 'href="#instrument"' in await page(story, DEPARTMENT, at)
    for target in re.findall(r'href="#([^"]+)"', shown):
        assert f'id="{target}"' in shown, target


async def test_whoever_saved_a_form_is_at_its_section_again_and_reads_that_it_was_saved(story: Story) -> None:
    one = await a_file(story)
    at = f"/agreements/files/{one}"
    await send(story, GUIDE, f"{at}/instrument", instrument="donazione")
    saved = await send(story, GUIDE, f"{at}/communication-plan", summary="Comunicato")
    assert saved.headers["location"] == f"{at}?saved=communication#communication"
    shown = await page(story, GUIDE, at)
    acceptance = shown[shown.index('for="field-terms-acceptance"') :][:200]
    assert "needed to hand in" in acceptance
    assert "(optional)" not in acceptance


async def test_days_that_can_only_be_slips_are_refused_at_their_field(story: Story) -> None:
    one = await a_file(story)
    at = f"/agreements/files/{one}"
    await send(story, GUIDE, f"{at}/instrument", instrument="donazione")
    for wrong in ("0226-12-31", "9026-12-31"):
        refused = await send(story, GUIDE, f"{at}/terms", valid_to=wrong, language="it")
        assert refused.status_code == 422
        assert 'id="field-valid_to-error"' in refused.text
    early = {"milestones.0.title": "Avvio", "milestones.0.due_on": "2020-01-10"}
    refused = await send(story, GUIDE, f"{at}/timeline", **early)
    assert refused.status_code == 422
    assert "before the file was opened" in refused.text


async def test_the_city_s_advice_is_not_for_those_who_give(story: Story) -> None:
    match = donation()
    one = await story.filled(match)
    giver = partner(giver_of(match))
    inside, outside = await story.get(one, GUIDE), await story.get(one, giver)
    assert any(check["severity"] == "warning" for check in inside["checks"])
    assert {check["severity"] for check in outside["checks"]} <= {"block"}
    advice = next(check["text"]["en"] for check in inside["checks"] if check["severity"] == "warning")
    assert advice in html.unescape(await page(story, GUIDE, f"/agreements/files/{one}"))
    assert advice not in html.unescape(await page(story, giver, f"/agreements/files/{one}"))


async def test_no_two_things_on_the_page_have_the_same_name(story: Story) -> None:
    one = await story.filled(donation(), "patto_di_collaborazione", PACT_TERMS)
    for kind in ("insurance", "other"):
        await story.done(one, "documents", GUIDE, {"kind": kind, "title": kind, "text": "x"})
    comment = await story.done(one, "comments", GUIDE, {"words": "Una domanda"})
    await story.done(one, "comments", LEGAL, {"words": "Una risposta", "reply_to": comment["comment_id"]})
    both = replace(LEGAL, subject="both", roles=frozenset({"legal", "account_manager"}))
    shown = await page(story, both, f"/agreements/files/{one}")
    ids = re.findall(r'\bid="([^"]+)"', shown)
    assert sorted(set(ids)) == sorted(ids)


async def test_roles_timeline_and_risks_are_written_on_the_page(story: Story) -> None:
    match = donation()
    one = (await story.file_of(match))["agreement_id"]
    at = f"/agreements/files/{one}"
    roles = {"roles.p0": "Accoglie la donazione", "roles.p1": "Consegna"}
    assert (await send(story, GUIDE, f"{at}/roles", **roles)).status_code == 303
    soon = (datetime.now(CITY_TIME).date() + timedelta(50)).isoformat()
    milestones = {"milestones.0.title": "Avvio", "milestones.0.due_on": soon, "milestones.1.title": ""}
    assert (await send(story, GUIDE, f"{at}/timeline", **milestones)).status_code == 303
    risks = {
        "risks.0.kind": "financial", "risks.0.text": "Fondi bloccati", "risks.0.level": "medium",
        "risks.1.kind": "", "risks.1.level": "",
    }  # fmt: skip
    assert (await send(story, GUIDE, f"{at}/risks", **risks)).status_code == 303
    file = await story.get(one)
    assert [(role["party_id"], role["text"]) for role in file["responsibilities"]] == [
        ("department:education", "Accoglie la donazione"), (f"stakeholder:{giver_of(match)}", "Consegna"),
    ]  # fmt: skip
    assert [risk["kind"] for risk in file["risks"]] == ["financial"]
    first = file["milestones"][0]["milestone_id"]
    assert (await send(story, DEPARTMENT, f"{at}/milestones/{first}", done="true")).status_code == 303
    assert "Reached on" in await page(story, GUIDE, at)
    emptied = {"milestones.0.milestone_id": first, "milestones.0.title": "", "milestones.0.due_on": ""}
    assert (await send(story, GUIDE, f"{at}/timeline", **emptied)).status_code == 303
    assert (await story.get(one))["milestones"] == []


async def test_a_form_that_is_wrong_keeps_what_was_typed(story: Story) -> None:
    one = await a_file(story)
    at = f"/agreements/files/{one}"
    wrong = await send(story, GUIDE, f"{at}/risks", **{"risks.0.kind": "financial", "risks.0.text": "Senza livello"})
    assert wrong.status_code == 422
    assert "Senza livello" in wrong.text
    assert 'id="field-risks-0-level-error"' in wrong.text
    wrong = await send(story, GUIDE, f"{at}/timeline", **{"milestones.0.title": "Quando?"})
    assert wrong.status_code == 422
    assert "Quando?" in wrong.text
    assert 'id="field-milestones-0-due_on-error"' in wrong.text
    risk = {"risks.0.kind": "financial", "risks.0.text": "Scritto intanto", "risks.0.level": "low", "version": "0"}
    late = await send(story, GUIDE, f"{at}/risks", **risk)
    assert late.status_code == 412
    assert "Scritto intanto" in late.text
    pact = await story.filled(donation(), "patto_di_collaborazione", PACT_TERMS)
    wrong = await send(story, LEGAL, f"/agreements/files/{pact}/override", check="insurance", reason="corta")
    assert wrong.status_code == 422
    assert 'id="field-override-reason-error"' in wrong.text
    assert "corta" in wrong.text


async def test_a_check_is_set_aside_on_the_page_and_the_mark_shows(story: Story) -> None:
    one = await story.filled(donation(), "patto_di_collaborazione", PACT_TERMS)
    at = f"/agreements/files/{one}"
    assert "Set aside" not in await page(story, GUIDE, at)
    assert (await send(story, LEGAL, f"{at}/override", check="insurance", reason=WHY)).status_code == 303
    shown = await page(story, GUIDE, at)
    assert "Set aside" in shown
    assert WHY in html.unescape(shown)
    back = "La polizza quadro è scaduta"
    assert (await send(story, LEGAL, f"{at}/override/revoke", check="insurance", reason=back)).status_code == 303
    assert back in html.unescape(await page(story, LEGAL, at))
    firm = await send(story, LEGAL, f"{at}/override", check="impact_plan", reason=WHY)
    assert firm.status_code == 409


async def test_what_is_not_verified_is_marked_wherever_it_shows(story: Story) -> None:
    one = await a_file(story)
    await send(story, GUIDE, f"/agreements/files/{one}/instrument", instrument="accordo_di_co_produzione")
    mark = "To be confirmed by the Legal Office"
    shown = await page(story, GUIDE, f"/agreements/files/{one}")
    # Once per open check of the instrument, at least; none of its rules is verified.
    assert shown.count(mark) >= 6
    assert (await story.get(one))["to_be_confirmed"]
    assert mark in await page(story, LEGAL, "/agreements/toolkit/accordo_di_co_produzione")
    assert mark in await page(story, LEGAL, "/agreements/toolkit")
    other = await a_file(story)
    await send(story, GUIDE, f"/agreements/files/{other}/instrument", instrument="donazione")
    assert not (await story.get(other))["to_be_confirmed"]


async def test_people_talk_on_the_page_each_with_whom_they_choose(story: Story) -> None:
    match = donation()
    one = (await story.file_of(match))["agreement_id"]
    at = f"/agreements/files/{one}"
    giver = partner(giver_of(match))
    assert (await send(story, LEGAL, f"{at}/comments", words="Tra noi", audience="city")).status_code == 303
    assert (await send(story, GUIDE, f"{at}/comments", words="Per tutti", audience="parties")).status_code == 303
    shown = await page(story, giver, at)
    assert "Per tutti" in shown
    assert "Tra noi" not in shown
    first = re.search(r'name="reply_to" value="([^"]+)"', shown)
    assert first
    assert (await send(story, giver, f"{at}/comments", words="Grazie", reply_to=first[1])).status_code == 303
    empty = await send(story, giver, f"{at}/comments", words="", reply_to=first[1])
    assert empty.status_code == 422
    assert (await send(story, GUIDE, f"{at}/comments/{first[1]}/retract")).status_code == 303
    shown = await page(story, LEGAL, at)
    assert "Per tutti" not in shown
    assert "Taken back." in shown
    assert "Grazie" in shown


async def test_a_document_is_replaced_and_taken_out_on_the_page(story: Story) -> None:
    one = await a_file(story)
    at = f"/agreements/files/{one}"
    await send(story, GUIDE, f"{at}/instrument", instrument="donazione")
    written = {"kind": "item_list", "document_title": "Elenco", "text": "Dieci sedie"}
    assert (await send(story, GUIDE, f"{at}/documents", **written)).status_code == 303
    first = (await story.get(one))["documents"][0]["document_id"]
    newer = written | {"text": "Undici sedie"}
    wrong = await send(story, GUIDE, f"{at}/documents/{first}/replace", **(newer | {"document_title": ""}))
    assert wrong.status_code == 422
    assert "Undici sedie" in wrong.text
    assert (await send(story, GUIDE, f"{at}/documents/{first}/replace", **newer)).status_code == 303
    second = (await story.get(one))["documents"][0]["document_id"]
    assert "Undici sedie" in await page(story, GUIDE, at)
    assert (await send(story, GUIDE, f"{at}/documents/{second}/remove")).status_code == 303
    assert (await story.get(one))["documents"] == []


def fields(shown: str) -> dict[str, str]:
    """What the form of a draft sends when nothing is changed."""
    form = shown[shown.index('/edit" class="shell-form"') :]
    form = form[: form.index("</form>")]
    found = dict(re.findall(r'<input[^>]*\bname="([^"]+)" value="([^"]*)"', form))
    ticks = re.findall(r'<input type="checkbox"[^>]*name="([^"]+)" value="true"( checked)?', form)
    found |= {name: "true" if checked else "" for name, checked in ticks}
    found |= dict(re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>([^<]*)</textarea>', form))
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    return {name: html.unescape(value) for name, value in found.items() if name != "idempotency_key"}


async def test_a_new_version_is_written_and_published_on_the_page(story: Story) -> None:
    lawyer = replace(LEGAL, city=f"t_{secrets.token_hex(4)}")
    at = "/agreements/toolkit/sponsorizzazione"
    assert "The city has changed nothing so far." in await page(story, lawyer, at)
    assert (await send(story, lawyer, f"{at}/open", reason="")).status_code == 422
    assert (await send(story, lawyer, f"{at}/open", reason="Nuova circolare")).status_code == 303
    shown = await page(story, lawyer, at)
    assert "It changes nothing yet" in shown
    sent = fields(shown)
    assert len(sent) > 80
    assert (await send(story, lawyer, f"{at}/edit", **sent)).status_code == 303
    assert "It changes nothing yet" in await page(story, lawyer, at)

    sent = fields(await page(story, lawyer, at)) | {
        "rules.public_notice_period.days": "45", "rules.public_notice_period.threshold": "50.000",
        "rules.vat.enabled": "", "rules.vat.off_because": "",
    }  # fmt: skip
    wrong = await send(story, lawyer, f"{at}/edit", **sent)
    assert wrong.status_code == 422
    assert 'id="field-rules-vat-off_because-error"' in wrong.text
    assert 'value="45"' in wrong.text
    sent["rules.vat.off_because"] = "Sempre fuori campo IVA"
    sent |= {
        "new_clauses.0.code": "audit", "new_clauses.0.heading.it": "Controlli", "new_clauses.0.heading.en": "Audits",
        "new_clauses.0.text.it": "Il Comune controlla.", "new_clauses.0.text.en": "The City audits.",
    }  # fmt: skip
    sent |= {
        "new_checks.0.code": "anti_mafia", "new_checks.0.label.it": "Dichiarazione antimafia",
        "new_checks.0.label.en": "Anti-mafia statement", "new_checks.0.source": "D.Lgs. 159/2011",
        "new_checks.0.certainty": "C", "rules.excluded_subjects.items": "Gioco d'azzardo / Gambling\nArmi / Weapons",
    }  # fmt: skip
    assert (await send(story, lawyer, f"{at}/edit", **sent)).status_code == 303
    shown = await page(story, lawyer, at)
    assert "Anti-mafia statement" in shown
    assert "Gioco d&#39;azzardo; Armi" in shown
    stale = await send(story, lawyer, f"{at}/edit", **(sent | {"source": "Scritto invano"}))
    assert stale.status_code == 412
    assert "Scritto invano" in stale.text
    shown = await page(story, lawyer, at)
    assert "Sempre fuori campo IVA" in shown
    yesterday = datetime.now(CITY_TIME).date() - timedelta(1)
    tomorrow = yesterday + timedelta(2)
    early = await send(story, lawyer, f"{at}/publish", valid_from=str(yesterday), reason="Nuova circolare")
    assert early.status_code == 422
    assert 'id="field-publish-valid_from-error"' in early.text
    published = await send(story, lawyer, f"{at}/publish", valid_from=str(tomorrow), reason="Nuova circolare")
    assert published.status_code == 303
    shown = await page(story, lawyer, at)
    assert "Coming" in shown
    assert "Begin a new version" in shown
    back = await send(story, lawyer, f"{at}/versions/3/withdraw", reason="Circolare ritirata")
    assert back.status_code == 303
    assert "Circolare ritirata" in await page(story, lawyer, at)


async def test_what_a_criterion_looks_at_is_ticked_on_the_page(story: Story) -> None:
    lawyer = replace(LEGAL, city=f"t_{secrets.token_hex(4)}")
    at = "/agreements/toolkit/donazione"
    await send(story, lawyer, f"{at}/open", reason="Nuova circolare")
    shown = await page(story, lawyer, at)
    sent = fields(shown)
    assert sent["applies.use_only.when.0.only_kinds.space"] == "true"
    assert sent["applies.nothing_in_return.when.0.expected_return"] == "none"
    sent |= {
        "applies.use_only.when.0.only_kinds.service": "true",
        "applies.use_only.when.1.giver_types.school": "true",
        "applies.volunteering.remove": "true",
        "applies.nothing_in_return.otherwise.it": "Chi dà si aspetta visibilità.",
        "new_criteria.0.code": "large",
        "new_criteria.0.effect": "excludes",
        "new_criteria.0.text.it": "Vale troppo.",
        "new_criteria.0.text.en": "It is worth too much.",
        "new_criteria.0.source": "Delibera 1",
        "new_criteria.0.certainty": "C",
    }
    wrong = await send(story, lawyer, f"{at}/edit", **sent)
    assert wrong.status_code == 422
    assert 'id="field-new_criteria-0-when-error"' in wrong.text
    wrong = await send(story, lawyer, f"{at}/edit", **(sent | {"new_criteria.0.when.0.worth": "tanto"}))
    assert 'id="field-new_criteria-0-when-0-worth-error"' in wrong.text
    done = await send(story, lawyer, f"{at}/edit", **(sent | {"new_criteria.0.when.0.worth": "40.000"}))
    assert done.status_code == 303
    record = await story.desk.app.state.units.pool.fetchval(
        "SELECT record FROM instrument_draft WHERE city = $1", lawyer.city
    )
    criteria = {one["code"]: one for one in record["applies"]}
    assert "volunteering" not in criteria
    use_only = [{name: what for name, what in one.items() if what} for one in criteria["use_only"]["when"]]
    assert use_only == [{"only_kinds": ["space", "service"]}, {"giver_types": ["school"]}]
    assert criteria["large"]["when"][0]["value_above_cents"] == 4_000_000
    assert criteria["nothing_in_return"]["otherwise"]["it"] == "Chi dà si aspetta visibilità."


async def test_the_instruments_are_the_legal_office_s(story: Story) -> None:
    for address in ("/agreements/toolkit", "/agreements/toolkit/donazione"):
        refused = await story.as_(GUIDE).get(address, headers={"Accept": "text/html"})
        assert refused.status_code == 403
    missing = await story.as_(LEGAL).get("/agreements/toolkit/baratto", headers={"Accept": "text/html"})
    assert missing.status_code == 404
    assert "Toolkit" not in await page(story, GUIDE, "/agreements/desk")


async def test_the_pages_speak_italian(story: Story) -> None:
    one = await story.filled(donation())
    shown = await page(story, GUIDE, f"/agreements/files/{one}?lang=it")
    for words in ("Che cosa manca", "Calendario", "Ruoli e responsabilità", "Rischi", "Commenti"):
        assert words in shown, words
