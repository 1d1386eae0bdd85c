"""The exports fit the published schemas, and say nothing that is hidden."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator, Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4, DRAFT202012

from contracts.values import Allocation
from services.agreements.exports import giving, ocds
from services.agreements.exports.scope import CONTRACTS, GRANTS, Publisher
from services.agreements.publication.entries import PublicLine, PublicParty, RegisterView
from services.agreements.tests.story import LEGAL, Story, donation, giver_of
from services.agreements.tests.test_publication import lent, sign, sponsored
from services.agreements.vademecum import first_records

SCHEMAS = Path(__file__).parents[1] / "exports" / "schemas"
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
MILAN = Publisher("c_f205", "Comune di Milano", "https://sportello.example")


def load(name: str) -> Any:
    return json.loads((SCHEMAS / name).read_text(encoding="utf-8"))


def ocds_validator() -> Any:
    release, package = load("ocds-1.1.5-release-schema.json"), load("ocds-1.1.5-release-package-schema.json")
    registry: Any = Registry().with_resource(release["id"], Resource(release, DRAFT4))
    return Draft4Validator(package, registry=registry, format_checker=FormatChecker())


def giving_validator() -> Any:
    grant, package = load("360giving-1.4.3.json"), load("360giving-package-1.4.3.json")
    # The package names the grant's schema by an address; the schema itself has none.
    address = package["properties"]["grants"]["items"]["$ref"]
    registry: Any = Registry().with_resource(address, Resource(grant, DRAFT202012))
    return Draft202012Validator(package, registry=registry, format_checker=FormatChecker())


OCDS, GIVING = ocds_validator(), giving_validator()


def errors(validator: Any, document: Any) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


@pytest.mark.unit
def test_every_instrument_has_its_place() -> None:
    codes = {record.code for record in first_records()}
    assert {*CONTRACTS, *GRANTS} < codes
    assert not {*CONTRACTS} & {*GRANTS}
    assert codes - {*CONTRACTS, *GRANTS} == {"patto_di_collaborazione", "accordo_di_collaborazione"}


lines_of = st.lists(
    st.builds(
        PublicLine,
        party_id=st.sampled_from(["stakeholder:1", "omitted:3", ""]),
        kind=st.sampled_from(["money", "goods", "expertise", "volunteering", "space", "service"]),
        capability=st.sampled_from([None, "delivery"]),
        description=st.one_of(st.none(), st.text(max_size=20)),
        quantity=st.sampled_from([None, "1", "271", "0.125"]),
        unit=st.sampled_from(["EUR", "C62", "DAY", "KGM"]),
        value_cents=st.one_of(st.none(), st.integers(0, 10**12)),
    ),
    max_size=4,
)


@st.composite
def register_views(draw: st.DrawFn) -> RegisterView:
    hidden, roles = draw(st.booleans()), st.sampled_from(["giver", "receiver"])
    people = [
        PublicParty(party_id="department:education", role="department", name="Educazione", stakeholder_id=None,
                    kind=None, omitted=False),
        PublicParty(party_id="stakeholder:1", role="giver", name="Enel", stakeholder_id=UUID(int=1), kind="company",
                    omitted=False),
        PublicParty(party_id="omitted:3" if hidden else "stakeholder:2", role=draw(roles),
                    name="" if hidden else "Arimo", stakeholder_id=None if hidden else UUID(int=2), kind=None,
                    omitted=hidden),
    ]  # fmt: skip
    omitted = [{"name": "parties", "erased": False, "basis": draw(st.sampled_from(["", "art. 26"]))}] if hidden else []
    days = st.dates(date(2020, 1, 1), date(2040, 1, 1))
    return RegisterView.model_validate(
        {
            "protocol": f"2026/{draw(st.integers(1, 10**6)):07d}",
            "position": 1,
            "signed_on": draw(days),
            "title": draw(st.sampled_from(["", "Murale"])),
            "instrument": "donazione",
            "state": draw(st.sampled_from(["signed", "active", "suspended", "completed", "terminated", "expired"])),
            "policy_area": "food_poverty",
            "department": "education",
            "parties": ("Educazione",),
            "total_value_cents": draw(st.one_of(st.none(), st.integers(0, 10**12))),
            "valid_from": draw(days),
            "valid_to": draw(st.one_of(st.none(), days)),
            "document_sha256": "a" * 64,
            "register_hash": "b" * 64,
            "agreement_id": draw(st.uuids()),
            "published_on": None,
            "publication_position": None,
            "omitted": omitted,
            "entered_at": NOW,
            "changed_at": NOW,
            "people": people,
            "lines": draw(lines_of),
        }
    )


def announcement(agreement_id: UUID, state: str) -> ocds.Announcement:
    day = NOW.date()
    return ocds.Announcement(UUID(int=9), agreement_id, "sponsorizzazione", state, day, day, "T", "Testo", NOW)


@pytest.mark.unit
@given(register_views(), st.sampled_from(["published", "corrected", "withdrawn", None]))
@settings(max_examples=60, deadline=None)
def test_whatever_the_register_holds_fits_ocds(line: RegisterView, notice: str | None) -> None:
    notices = [announcement(line.agreement_id, notice)] if notice else []
    releases = [ocds.release(line, notices, MILAN, "ocds-000000")]
    releases += [ocds.notice_release(one, MILAN, "ocds-000000") for one in notices]
    package = {**ocds.package_head(MILAN, "https://sportello.example/x", NOW), "releases": releases}
    assert errors(OCDS, package) == []
    known = {party["id"] for party in releases[0]["parties"]}
    assert {one["id"] for one in releases[0]["awards"][0]["suppliers"]} <= known
    assert releases[0]["buyer"]["id"] in known


@pytest.mark.unit
@given(register_views())
@settings(max_examples=60, deadline=None)
def test_whatever_the_register_holds_fits_360giving(line: RegisterView) -> None:
    grants = list(giving.grants(line, MILAN, "360G-sportello"))
    if grants:
        package = {**giving.package_head(MILAN, "https://sportello.example/x", NOW), "grants": grants}
        assert errors(GIVING, package) == []
        assert all(len(giving.row(grant)) == len(giving.COLUMNS) for grant in grants)


@pytest.mark.unit
def test_what_does_not_fit_would_be_found() -> None:
    assert errors(OCDS, {**ocds.package_head(MILAN, "x", NOW), "releases": [{"ocid": "x"}]})
    assert errors(GIVING, {**giving.package_head(MILAN, "x", NOW), "grants": [{"id": "x"}]})


async def export(story: Story, name: str, **params: Any) -> Any:
    answer = await story.desk.client().get(f"/agreements/api/v1/exports/{name}", params=params)
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.integration
async def test_nothing_to_export_is_said_so(story: Story) -> None:
    for name in ("ocds.json", "360giving.json"):
        answer = await story.desk.client().get(f"/agreements/api/v1/exports/{name}", params={"from": "2999-01-01"})
        assert answer.status_code == 404


@pytest.mark.integration
async def test_contracts_and_their_notices_are_one_valid_package(story: Story) -> None:
    loan, match = await lent(story, "Sala per i giovani")
    await sign(story, loan, match)
    noticed, _ = await sponsored(story, "Murale in via Sottocorno")
    await story.done(noticed, "notice", LEGAL)
    package = (await export(story, "ocds.json")).json()
    assert errors(OCDS, package) == []
    releases = {release["ocid"]: release for release in package["releases"]}
    made = releases[f"ocds-000000-{loan}"]
    assert made["tag"] == ["award", "contract"]
    contract = made["contracts"][0]
    assert (contract["status"], contract["value"]) == ("active", {"amount": 5000.0, "currency": "EUR"})
    assert contract["documents"][0]["id"] == (await story.get(loan))["signed_sha256"]
    assert {(party["name"], *party["roles"]) for party in made["parties"]} == {
        ("Comune di Milano", "buyer"),
        ("Comune di Milano, Direzione Educazione", "procuringEntity"),
        ("Fondazione Bracco", "supplier"),
    }
    assert made["parties"][0]["identifier"] == {"scheme": "IT-IPA", "id": "c_f205", "legalName": "Comune di Milano"}
    announced = releases[f"ocds-000000-{noticed}"]
    assert announced["tag"] == ["tender"]
    assert "Murale" in announced["tender"]["title"]
    line = (await story.desk.client().get("/agreements/api/v1/register", params={"q": "Sala per"})).json()["items"][0]
    hidden = await story.as_(LEGAL).post(
        f"/agreements/api/v1/register/{line['position']}/hide",
        json={"which": ["parties", "subject"], "reason": "Salute"},
    )
    assert hidden.status_code == 200
    again = await export(story, "ocds.json")
    assert errors(OCDS, again.json()) == []
    assert "Fondazione Bracco" not in json.dumps(
        next(one for one in again.json()["releases"] if one["ocid"] == f"ocds-000000-{loan}")
    )
    assert "Sala per i giovani" not in again.text


@pytest.mark.integration
async def test_donations_are_grants_in_money_and_in_kind(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.agreements.made_once.AT_ONCE", 1)
    money = await story.signed(donation())
    goods = donation()
    giver = giver_of(goods)
    line = goods.allocations[0]
    computers = Allocation.model_validate(
        line.model_dump() | {"kind": "goods", "quantity": 271, "unit": "C62", "value_cents": 5_420_000,
                             "description": "Laptop e PC"}
    )  # fmt: skip
    unvalued = Allocation.model_validate(
        line.model_dump() | {"kind": "service", "quantity": 271, "unit": "C62", "value_cents": None}
    )
    in_kind = await story.signed(goods.model_copy(update={"allocations": (computers,)}))
    priceless = await story.signed(donation().model_copy(update={"allocations": (unvalued,)}))
    package = (await export(story, "360giving.json")).json()
    assert errors(GIVING, package) == []
    grants = {grant["id"].removeprefix("360G-sportello-")[:36]: grant for grant in package["grants"]}
    assert (grants[money]["amountAwarded"], grants[money]["currency"]) == (3000.0, "EUR")
    assert grants[in_kind]["amountAwarded"] == 54200.0
    assert grants[in_kind]["fundingType"][0]["code"] == "goods"
    assert grants[in_kind]["description"] == "Laptop e PC (271 pezzi)"
    assert grants[in_kind]["fundingOrganization"][0]["id"] == f"360G-sportello-org:{giver}"
    assert priceless not in grants
    rows = list(csv.DictReader(io.StringIO((await export(story, "360giving.csv")).text)))
    assert {row["Identifier"] for row in rows} == {grant["id"] for grant in package["grants"]}
    assert {row["Amount Awarded"] for row in rows} >= {"3000.00", "54200.00"}
    today = grants[money]["awardDate"]
    assert len((await export(story, "360giving.json", **{"from": today, "to": today})).json()["grants"]) == len(grants)
