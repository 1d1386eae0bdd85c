"""Who an actor is, and that printing one gives no person away."""

from uuid import UUID

import pytest

from chassis.auth.actor import Actor, IncompleteClaims, actor_from_claims, claims_of

pytestmark = pytest.mark.unit

CLAIMS = {
    "sub": "persona-1",
    "city": "c_f205",
    "name": "Giulia Ferri",
    "email": "giulia@example.org",
    "roles": ["legal", "offline_access"],
    "department": "education",
    "acr": "https://www.spid.gov.it/SpidL2",
}

ONE, OTHER = "01a1f814-f308-770e-bb6b-3cd6427b54e0", "01a1f816-5c84-77cd-89b2-6da072801602"


def test_only_roles_of_sportello_count() -> None:
    actor = actor_from_claims(CLAIMS)
    assert actor.roles == {"legal"}
    assert actor.has("legal", "signatory")
    assert not actor.has("offline_access")


def test_a_printed_actor_names_nobody() -> None:
    printed = repr(actor_from_claims(CLAIMS))
    assert "persona-1" in printed
    assert "Giulia" not in printed
    assert "example.org" not in printed


@pytest.mark.parametrize("missing", ["sub", "city"])
def test_claims_that_row_access_stands_on_must_be_there(missing: str) -> None:
    claims = {name: value for name, value in CLAIMS.items() if name != missing}
    with pytest.raises(IncompleteClaims, match=missing):
        actor_from_claims(claims)


@pytest.mark.parametrize("claim", ["sub", "city"])
def test_a_claim_that_no_database_could_hold_is_none(claim: str) -> None:
    with pytest.raises(IncompleteClaims, match=claim):
        actor_from_claims(CLAIMS | {claim: "nul\x00"})


def test_stakeholders_are_ids_of_ours_in_one_notation() -> None:
    actor = actor_from_claims(CLAIMS | {"roles": "partner", "stakeholder": [ONE.upper(), "ACME-1", OTHER]})
    assert actor.stakeholders == {ONE, OTHER}
    assert actor.acts_for(UUID(ONE))


def test_what_goes_into_a_session_comes_out_of_it() -> None:
    actor = actor_from_claims(CLAIMS).member_of(frozenset({ONE, OTHER}))
    assert actor_from_claims(claims_of(actor)) == actor


def test_a_partner_acts_for_its_own_stakeholders_only() -> None:
    partner = Actor(subject="p", city="c_f205", roles=frozenset({"partner"})).member_of(frozenset({"one"}))
    assert partner.acts_for("one")
    assert not partner.acts_for("two")


def test_membership_without_the_partner_role_gives_nothing() -> None:
    clerk = Actor(subject="p", city="c_f205", roles=frozenset({"legal"}), stakeholders=frozenset({"one"}))
    assert not clerk.acts_for("one")


def test_nobody_has_no_role() -> None:
    nobody = Actor.anonymous("c_f205")
    assert nobody.is_anonymous
    assert not nobody.has("partner")
