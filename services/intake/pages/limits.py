"""Places and limits as people choose and read them: where, for whom and from whom."""

from __future__ import annotations

import re
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator

from chassis.scope import Scope
from chassis.web.forms import Form
from chassis.web.i18n import gettext as _
from chassis.web.vocabulary import label
from contracts.neighbourhoods import MUNICIPI, NEIGHBOURHOODS, municipi_of, name_of
from contracts.places import Place
from services.intake.endpoints.views import NeedView, OfferView
from services.intake.store import Store

Rows = list[tuple[str, str]]


class Area(BaseModel):
    """A neighbourhood or a municipio, chosen from one list."""

    nil: int | None = None
    municipio: int | None = None

    def place(self, words: str | None) -> Place:
        """The place, called by its own name where nobody says another; a neighbourhood tells its municipio."""
        if self.nil is None:
            return Place(label=words or f"Municipio {self.municipio}", municipio=self.municipio)
        around = municipi_of(self.nil)
        return Place(label=words or name_of(self.nil), nil=self.nil, municipio=around[0] if len(around) == 1 else None)


def _chosen(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    found = re.fullmatch(r"(nil|municipio)-([0-9]{1,2})", value)
    if found is None or int(found[2]) not in (NEIGHBOURHOODS if found[1] == "nil" else MUNICIPI):
        raise ValueError("choose one of the list")
    return {found[1]: int(found[2])}


ChosenArea = Annotated[Area, BeforeValidator(_chosen)]


def area_choices() -> Rows:
    """Municipi by number, then neighbourhoods by name."""
    return [(f"municipio-{one}", f"Municipio {one}") for one in MUNICIPI] + [
        (f"nil-{number}", f"{name} (NIL)") for number, name in nil_choices()
    ]


def nil_choices() -> Rows:
    ordered = sorted(NEIGHBOURHOODS.values(), key=lambda one: one.name.casefold())
    return [(str(one.number), one.name) for one in ordered]


def municipio_choices() -> Rows:
    return [(str(number), f"Municipio {number}") for number in MUNICIPI]


def choices(form: Form[Any]) -> dict[str, Any]:
    """What the forms offer to choose from, and whether their folded part has something that people should see."""
    touched = [*form.errors, *(name for name, value in form.values.items() if value)]
    return {
        "areas": area_choices(),
        "nils": nil_choices(),
        "municipi": municipio_choices(),
        "unfolded": any(name.startswith(("only_in", "excluded_")) for name in touched),
    }


async def need_limits(store: Store, scope: Scope, need: NeedView) -> Rows:
    """The need's limits in words, as far as the view has them."""
    rows = [(_("Only in"), ", ".join(need.only_in.names))] if need.only_in else []
    names = await _names(store, scope, need.excluded_stakeholders)
    excluded = names + [label("stakeholder_type", one) for one in need.excluded_stakeholder_types]
    return rows + ([(_("Not from"), ", ".join(excluded))] if excluded else [])


async def offer_limits(store: Store, scope: Scope, offer: OfferView) -> Rows:
    """The offer's limits in words, as far as the view has them."""
    rows = [(_("Only for use in"), ", ".join(offer.only_in.names))] if offer.only_in else []
    excluded = []
    if offer.excluded_departments:
        known = {one.code: one.name for one in await store.people.departments(scope)}
        excluded += [known.get(code, code) for code in offer.excluded_departments]
    excluded += [label("policy_area", one) for one in offer.excluded_policy_areas]
    excluded += await _names(store, scope, offer.excluded_receivers)
    return rows + ([(_("Not for"), ", ".join(excluded))] if excluded else [])


async def _names(store: Store, scope: Scope, organisations: tuple[UUID, ...]) -> list[str]:
    if not organisations:
        return []
    return sorted((await store.stakeholders.names(scope, organisations)).values(), key=str.casefold)
