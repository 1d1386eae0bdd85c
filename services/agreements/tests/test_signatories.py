"""Who signs when, and whose signature one is: pure decisions."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.values import Party, SignatureEvidence
from services.agreements.domain.file import AgreementFile, PlannedSignature, Signatory, SigningPlan
from services.agreements.domain.refusals import Invalid, NotPossible
from services.agreements.domain.signatories import (
    Claim,
    Named,
    PartySigns,
    Person,
    PlanSignatures,
    assign,
    bare_code,
    fits,
    plan,
    planned,
    refuse_out_of_turn,
    turn,
    words,
)
from services.agreements.domain.states import State

pytestmark = pytest.mark.unit
CITY, GIVER = "department:education", "stakeholder:bracco"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def signatory(party: str, **more: Any) -> Signatory:
    return Signatory(party_id=party, name=party, organisation_id=party, is_city=party == CITY, **more)


def file(*signatories: Signatory, order: str = "parallel", state: State = State.APPROVED) -> AgreementFile:
    parties = (
        Party(party_id=CITY, role="department", department="education", name="Direzione Educazione"),
        Party(party_id=GIVER, role="giver", stakeholder_id=uuid4(), name="Fondazione Bracco"),
    )
    return AgreementFile(
        agreement_id=uuid4(), version=1, state=state, match_id=uuid4(), need_id=uuid4(), department="education",
        title="Prova", policy_area="youth", triangulation=False, parties=parties, allocations=(), drafted_at=NOW,
        drafted_on=NOW.date(), signatories=signatories or (signatory(CITY), signatory(GIVER)),
        signing=SigningPlan(order=order),
    )  # fmt: skip


def claim(**more: Any) -> Claim:
    values: dict[str, Any] = {
        "field": "Signature1", "organisation_id": "VATIT-12345678901", "person_id": "TINIT-CNTPLA80A01F205X",
        "person_name": "Paolo Conti", "certificate_sha256": "0" * 64, "level": "qualified", "proven_at": NOW,
    }  # fmt: skip
    return Claim(**(values | more))


PAOLO = Named(party_id=GIVER, tax_code="CNTPLA80A01F205X")
CARLO = Named(party_id=CITY, name="Carlo Neri")
BY_CARLO = {"person_name": "NERI CARLO", "person_id": "", "organisation_id": ""}


@pytest.mark.parametrize(
    ("certificate", "expected", "fitting"),
    [
        ({}, {"tax_code": "cntpla80a01f205x"}, True),
        ({}, {"tax_code": "IT:CNTPLA80A01F205X"}, True),
        ({"person_id": "IT:CNTPLA80A01F205X"}, {"tax_code": "CNTPLA80A01F205X"}, True),
        ({"person_id": ""}, {"tax_code": "CNTPLA80A01F205X"}, False),
        ({}, {"tax_code": "XXXXXX80A01F205X", "name": "Paolo Conti"}, False),
        ({}, {"name": "CONTI Paolo"}, True),
        ({"person_name": "Paolò CONTÌ"}, {"name": "Paolo Conti"}, True),
        ({"person_name": "Paolo Contini"}, {"name": "Paolo Conti"}, False),
        ({}, {"organisation_code": "12345678901"}, True),
        ({}, {"organisation_code": "99999999999", "tax_code": "CNTPLA80A01F205X"}, False),
        ({"organisation_id": ""}, {"organisation_code": "12345678901"}, False),
        ({"organisation_id": ""}, {"organisation_code": "12345678901", "name": "Paolo Conti"}, True),
        ({}, {}, False),
    ],
)
def test_whatever_is_known_must_be_right(certificate: dict[str, str], expected: dict[str, str], fitting: bool) -> None:
    assert fits(claim(**certificate), Named(party_id=GIVER, **expected)) is fitting


def test_codes_and_names_are_compared_bare() -> None:
    assert {bare_code(one) for one in ("TINIT-A1", "VATIT-A1", "IT:A1", " a1 ", "NTRIT-A1")} == {"A1"}
    assert words("D'Àmico Maria") == words("maria d amico")


def test_a_signature_in_its_own_field_and_in_one_of_the_software() -> None:
    for field in ("sign-stakeholder-bracco", "Signature1"):
        given_, refused = assign(file(), [claim(field=field)], [PAOLO, CARLO], None)
        assert ([one.party_id for one, _ in given_], refused) == ([GIVER], [])
    _, refused = assign(file(), [claim(field="sign-department-education")], [PAOLO, CARLO], None)
    assert refused == [("sign-department-education", "wrong-signatory")]


def test_the_record_says_which_levels_count() -> None:
    only = frozenset({"qualified"})
    assert assign(file(), [claim(level="advanced")], [PAOLO], only)[1] == [("Signature1", "level-too-low")]
    assert assign(file(), [claim()], [PAOLO], only)[1] == []


def test_two_signatures_in_one_document() -> None:
    both = [claim(), claim(field="Signature2", **BY_CARLO)]
    given_, refused = assign(file(), both, [PAOLO, CARLO], None)
    assert ([one.party_id for one, _ in given_], refused) == ([GIVER, CITY], [])
    twice = [claim(), claim(field="Signature2")]
    assert assign(file(), twice, [PAOLO, CARLO], None)[1] == [("Signature2", "wrong-signatory")]


def test_in_order_only_the_next_one_signs() -> None:
    ordered = file(order="in_order")
    assert [one.party_id for one in turn(ordered)] == [CITY]
    assert assign(ordered, [claim()], [PAOLO, CARLO], None)[1] == [("Signature1", "out-of-turn")]
    both = [claim(field="a", **BY_CARLO), claim(field="b")]
    assert assign(ordered, both, [PAOLO, CARLO], None)[1] == [], "one after the other in the same document"
    with pytest.raises(NotPossible, match=CITY):
        refuse_out_of_turn(ordered, ordered.signatories[1])


def test_the_plan_is_fixed_with_the_document() -> None:
    people = (Person(name="Paolo Conti"), Person(name="Anna Verdi"))
    two = PlanSignatures(signatories=(PartySigns(party_id=GIVER, people=people),))
    with pytest.raises(NotPossible):
        plan(file(), two)
    drafted = plan(file(state=State.DRAFTED), two).file
    assert drafted.signing.signatures == (PlannedSignature(party_id=GIVER, people=2),)
    due = date(2027, 1, 31)
    only = PlanSignatures(
        signatories=(PartySigns(party_id=CITY), PartySigns(party_id=GIVER, due_on=due)),
    )
    assert [one.due_on for one in plan(file(), only).file.signatories] == [None, due]
    with pytest.raises(Invalid):
        plan(file(state=State.DRAFTED), PlanSignatures(signatories=(PartySigns(party_id="stakeholder:x"),)))


def test_a_signature_given_keeps_its_deadline() -> None:
    evidence = SignatureEvidence(party_id=CITY, level="qualified", signed_at=NOW, certificate_sha256="0" * 64)
    signed = file(signatory(CITY, evidence=evidence, due_on=date(2026, 1, 1)), signatory(GIVER), state=State.SIGNING)
    later = PlanSignatures(signatories=(PartySigns(party_id=CITY, due_on=date(2027, 1, 1)), PartySigns(party_id=GIVER)))
    assert plan(signed, later).file.signatories[0].due_on == date(2026, 1, 1)


@given(
    st.lists(st.sampled_from([CITY, GIVER, "stakeholder:x"]), unique=True),
    st.lists(st.integers(1, 5), min_size=3, max_size=3),
)
def test_no_party_gets_lost_and_no_field_is_there_twice(order: list[str], people: list[int]) -> None:
    parties = tuple(signatory(party) for party in (CITY, GIVER, "stakeholder:x"))
    wanted = tuple(PlannedSignature(party_id=party, people=count) for party, count in zip(order, people, strict=False))
    placed = planned(parties, SigningPlan(signatures=wanted))
    assert {one.party_id for one in placed} == {one.party_id for one in parties}
    assert len({one.field for one in placed}) == len(placed)
    assert list(dict.fromkeys(one.party_id for one in placed))[: len(order)] == order
