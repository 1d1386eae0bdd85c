"""Which instrument is proposed for the partnerships that Milan really had, and why not the others."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import pytest

from chassis.clock import new_id
from contracts.values import Allocation, CommunicationPlan, ImpactPlan, OfferPartner, Party
from services.agreements.domain import drafting
from services.agreements.domain.checks import open_checks
from services.agreements.domain.commands import ChooseInstrument
from services.agreements.domain.file import AgreementFile, FiledDocument
from services.agreements.domain.instruments import in_force
from services.agreements.domain.proposal import Candidate, propose
from services.agreements.tests.story import EDUCATION, donation
from services.agreements.vademecum import first_records

pytestmark = pytest.mark.unit

TODAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
STORY = json.loads(
    (Path(__file__).parents[3] / "deploy" / "demo" / "data" / "milan-2019-2022.json").read_text(encoding="utf-8")
)
TYPES = {one["ref"]: one["type"] for one in STORY["stakeholders"]}
CASES = {one["ref"]: one for one in STORY["partnerships"]}
OTHERWISE = {"plogging": "patto_di_collaborazione"}
"""As told, Accenture asks for nothing in return: with its associations the day is a pact. The story's sponsorship
is our assumption, and what is proposed as soon as an image return is asked for."""


def identity(ref: str) -> UUID:
    return uuid5(NAMESPACE_URL, ref)


def told(ref: str, **more: Any) -> AgreementFile:
    """The file of one of Milan's partnerships, as matching would hand it over."""
    case = CASES[ref]
    parties = [Party(party_id=EDUCATION, role="department", department="education", name="Education")]
    allocations = []
    for offer in case["offers"]:
        giver = identity(offer["stakeholder"])
        partners = tuple(OfferPartner(stakeholder_id=identity(one)) for one in offer.get("partners", ()))
        name = offer["stakeholder"]
        parties.append(
            Party(party_id=f"stakeholder:{giver}", role="giver", stakeholder_id=giver, name=name, partners=partners)
        )
        for number, line in enumerate(offer["lines"]):
            allocations.append(
                Allocation(
                    offer_id=new_id(), offer_line=number, need_line=0, stakeholder_id=giver, kind=line["kind"],
                    capability=line.get("capability"), quantity=Decimal(line["quantity"] or 1), unit=line["unit"],
                    value_cents=_value(line),
                )
            )  # fmt: skip
    for ref_ in case.get("receivers", ()):
        one = identity(ref_)
        parties.append(Party(party_id=f"stakeholder:{one}", role="receiver", stakeholder_id=one, name=ref_))
    returns = {offer.get("expected_return", "none") for offer in case["offers"]}
    match = donation(
        parties=tuple(parties), allocations=tuple(allocations), need_title=case["need"]["title"],
        expected_return="visibility" if "visibility" in returns else "none",
    )  # fmt: skip
    file = drafting.draft(match, new_id(), NOW, TODAY).file
    types = {str(identity(one)): kind for one, kind in TYPES.items()}
    return file.model_copy(update={"organisation_types": types} | more)


def _value(line: dict[str, Any]) -> int | None:
    unit = line.get("unit_value_cents")
    return int(unit * Decimal(line["quantity"])) if unit else line.get("total_value_cents")


def proposed(file: AgreementFile) -> tuple[Candidate, ...]:
    return propose(first_records(), file, TODAY)


def test_all_nine_partnerships_are_told() -> None:
    assert len(CASES) == 9


@pytest.mark.parametrize("ref", CASES)
def test_milan_s_partnerships_get_the_instrument_they_were_made_with(ref: str) -> None:
    first, second, *_ = proposed(told(ref))
    expected = OTHERWISE.get(ref, CASES[ref]["agreement"]["instrument"])
    assert first.code == expected, [(one.code, one.fits, one.score) for one in proposed(told(ref))]
    assert first.fits
    # No draw: the order does not hang on the alphabet.
    assert not second.fits or second.score < first.score


@pytest.mark.parametrize("ref", CASES)
def test_what_milan_s_partnerships_say_closes_every_check_of_their_instrument(ref: str) -> None:
    """The demo plays them: a rule that is added has to be answered there too."""
    agreement = CASES[ref]["agreement"]
    record = in_force(first_records(), agreement["instrument"], TODAY)
    documents = tuple(
        FiledDocument(document_id=new_id(), kind=one["kind"], title="t", text="t", added_at=NOW, added_by="x")
        for one in agreement["documents"]
    )
    plans = {"communication_plan": CommunicationPlan(summary="x"), "impact_plan": ImpactPlan(), "documents": documents}
    command = ChooseInstrument(instrument=agreement["instrument"], terms=agreement["terms"])
    file = drafting.choose_instrument(told(ref, **plans), command, record).file
    assert [check.code for check in open_checks(file, record, TODAY)] == []


def test_a_day_of_volunteers_that_asks_for_an_image_return_is_a_sponsorship() -> None:
    assert proposed(told("plogging", expected_return="visibility"))[0].code == "sponsorizzazione"


def test_every_instrument_is_there_each_with_its_reasons_and_those_that_do_not_fit_come_last() -> None:
    found = proposed(told("liberal_donation"))
    assert len(found) == 7
    fits = [one.fits for one in found]
    assert fits == sorted(fits, reverse=True)
    for one in found:
        assert one.reasons, one.code
        for reason in one.reasons:
            assert reason.source
            assert reason.text.it != reason.text.en
        if not one.fits:
            assert any(reason.decisive and not reason.speaks_for for reason in one.reasons)
    sponsorship = next(one for one in found if one.code == "sponsorizzazione")
    assert not sponsorship.fits
    assert "no image return" in sponsorship.reasons[0].text.en


def test_what_is_not_verified_is_marked_in_the_proposal() -> None:
    found = {one.code: one for one in proposed(told("stem_workshops"))}
    made = found["accordo_di_co_produzione"]
    assert made.to_be_confirmed
    assert all(reason.to_be_confirmed for reason in made.reasons)
    assert not found["donazione"].to_be_confirmed


def test_between_public_bodies_the_collaboration_agreement_is_proposed() -> None:
    """Art. 15 L. 241/1990."""
    file = told("nutrition")
    university = dict.fromkeys(file.organisation_types, "university")
    assert proposed(file.model_copy(update={"organisation_types": university}))[0].code == "accordo_di_collaborazione"


def test_the_use_of_a_space_is_a_loan_and_no_gift() -> None:
    """Art. 1803 c.c."""
    file = told("liberal_donation")
    space = file.allocations[0].model_copy(update={"kind": "space", "unit": "MON"})
    found = proposed(file.model_copy(update={"allocations": (space,)}))
    assert found[0].code == "concessione_comodato"
    assert not next(one for one in found if one.code == "donazione").fits


def test_a_record_that_does_not_say_when_it_applies_is_not_proposed() -> None:
    first_versions = tuple(record for record in first_records() if record.version == 1)
    assert not any(one.fits for one in propose(first_versions, told("devices"), TODAY))
