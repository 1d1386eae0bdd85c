"""The person or system behind a request, the same whether it came by token or by cookie."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

ROLES = frozenset({"department", "partner", "account_manager", "legal", "signatory", "coordinator", "operations"})
STAFF = ROLES - {"partner"}
"""Who works for the city; nobody of them becomes a partner by being a member of an organisation."""


class IncompleteClaims(ValueError):
    """The issuer vouches for the token, but it lacks a claim that row access stands on."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Identity and reach of whoever asks.

    `name` and `email` are personal data: they are kept out of `repr` so that no log line, trace or
    error report that prints an actor can carry them.
    """

    subject: str
    city: str
    name: str = field(default="", repr=False)
    email: str | None = field(default=None, repr=False)
    roles: frozenset[str] = frozenset()
    department: str | None = None
    stakeholders: frozenset[str] = frozenset()
    acr: str | None = None

    @classmethod
    def anonymous(cls, city: str) -> "Actor":
        return cls(subject="", city=city)

    @property
    def is_anonymous(self) -> bool:
        return not self.subject

    def has(self, *roles: str) -> bool:
        """True when the actor holds at least one of `roles`."""
        return not self.roles.isdisjoint(roles)

    @property
    def may_be_member(self) -> bool:
        """Whether memberships count for the actor: a partner, or somebody without any role of the city's staff."""
        return not self.is_anonymous and (self.has("partner") or not self.has(*STAFF))

    @property
    def may_offer(self) -> bool:
        """Whether offering is for the actor: everybody but the staff, and account managers on behalf of others."""
        return self.has("partner", "account_manager") or not self.has(*STAFF)

    def acts_for(self, stakeholder_id: object) -> bool:
        """True when the actor may speak for this stakeholder (id given as text or UUID)."""
        return self.has("partner") and str(stakeholder_id) in self.stakeholders

    def member_of(self, stakeholders: frozenset[str]) -> "Actor":
        """The actor with these memberships. They make a partner of somebody without a role, for these alone:
        what the provider claims of organisations counts for those whom it calls partners."""
        if self.has("partner"):
            return replace(self, stakeholders=self.stakeholders | stakeholders)
        if not stakeholders or not self.may_be_member:
            return self
        return replace(self, roles=self.roles | {"partner"}, stakeholders=stakeholders)


def actor_from_claims(claims: Mapping[str, Any]) -> Actor:
    """Read the claims named in the design (§7). Roles that Sportello does not know are left out.

    So are stakeholders that are no ids of ours: a provider may keep other things under that name.
    Raises IncompleteClaims without `sub` or `city`: a token bound to no city must not fall into one.
    """
    subject, city = _text(claims.get("sub")), _text(claims.get("city"))
    if subject is None:
        raise IncompleteClaims("claim 'sub' is missing")
    if city is None:
        raise IncompleteClaims("claim 'city' is missing")
    return Actor(
        subject=subject,
        city=city,
        name=str(claims.get("name") or subject),
        email=_text(claims.get("email")),
        roles=_texts(claims.get("roles")) & ROLES,
        department=_text(claims.get("department")),
        stakeholders=_ids(claims.get("stakeholder")),
        acr=_text(claims.get("acr")),
    )


def claims_of(actor: Actor) -> dict[str, Any]:
    """The inverse of `actor_from_claims`, for the session cookie."""
    return {
        "sub": actor.subject,
        "city": actor.city,
        "name": actor.name,
        "email": actor.email,
        "roles": sorted(actor.roles),
        "department": actor.department,
        "stakeholder": sorted(actor.stakeholders),
        "acr": actor.acr,
    }


def _text(value: object) -> str | None:
    """The text, unless it is empty or nothing a database could hold."""
    return value if isinstance(value, str) and value and "\x00" not in value else None


def _ids(value: object) -> frozenset[str]:
    """Those of the texts that are UUIDs, in the one notation that is compared everywhere."""
    found = set()
    for text in _texts(value):
        with suppress(ValueError):
            found.add(str(UUID(text)))
    return frozenset(found)


def _texts(value: object) -> frozenset[str]:
    if isinstance(value, str):
        return frozenset({value} if value else ())
    if isinstance(value, list | tuple | set | frozenset):
        return frozenset(item for item in value if isinstance(item, str) and item)
    return frozenset()
