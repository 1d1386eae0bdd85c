"""The site's main navigation: every page anyone can reach from the top, and for whom it is there."""

from dataclasses import dataclass

from chassis.auth.actor import Actor
from chassis.web.i18n import gettext, mark


@dataclass(frozen=True, slots=True)
class Place:
    """A page in the navigation. Without `roles` it is for everybody."""

    path: str
    text: str
    roles: frozenset[str] = frozenset()
    for_offering: bool = False

    def shown_to(self, actor: Actor) -> bool:
        if self.for_offering:
            return actor.may_offer
        return not self.roles or actor.has(*self.roles)


@dataclass(frozen=True, slots=True)
class Link:
    path: str
    text: str
    is_current: bool


PLACES = (
    Place("/", mark("Open needs")),
    Place("/intake/offers/new", mark("Make an offer"), for_offering=True),
    Place("/intake/mine", mark("My needs and offers"), frozenset({"partner", "department"})),
    Place("/intake/stakeholders", mark("Organisations"), frozenset({"account_manager"})),
    Place(
        "/matching/proposals",
        mark("Proposals"),
        frozenset({"partner", "department", "account_manager", "coordinator"}),
    ),
    Place("/matching/plans", mark("Plans"), frozenset({"account_manager", "coordinator"})),
    Place(
        "/agreements/desk",
        mark("Agreement files"),
        frozenset({"legal", "signatory", "account_manager", "department", "partner"}),
    ),
    Place(
        "/notifications/inbox",
        mark("Inbox"),
        frozenset({"account_manager", "legal", "signatory", "coordinator", "department", "partner"}),
    ),
    Place("/agreements/vademecum", mark("Vademecum")),
    Place("/agreements/register", mark("Register of agreements")),
    Place("/impact/summary", mark("Results")),
    Place("/intake/operations", mark("Operations"), frozenset({"operations"})),
)


_LANDINGS = (
    ("/notifications/inbox", frozenset({"account_manager", "legal", "signatory", "coordinator", "department"})),
    ("/intake/operations", frozenset({"operations"})),
)


def landing(actor: Actor) -> str:
    """Where somebody begins who logged in from nowhere in particular: the city's staff where their work waits."""
    return next((path for path, roles in _LANDINGS if actor.has(*roles)), "/")


def navigation(actor: Actor, path: str) -> list[Link]:
    """The links for `actor`; the one that `path` belongs to is marked."""
    return [
        Link(place.path, gettext(place.text), _is_under(path, place.path)) for place in PLACES if place.shown_to(actor)
    ]


def _is_under(path: str, place: str) -> bool:
    return path == place or (place != "/" and path.startswith(f"{place}/"))
