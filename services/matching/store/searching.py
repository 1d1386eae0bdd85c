"""Needs and offers by the words of their titles and of who gives; each is a statement made of fixed parts.

Open ones and others are looked for apart: what many titles say is then read in the order of the key, the newest first,
until there are enough, and what few say is read from the index of words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chassis.scope import Scope
from services.matching.store.conditions import Conditions, begun_by
from services.matching.store.listing import Reach

FEW = 20
_NEEDS = "SELECT need.need_id, need.snapshot->>'title', need.department, need.state FROM need"
_OFFERS = """
SELECT offer.offer_id, offer.snapshot->>'title', coalesce(giver.name, '–'), offer.state FROM offer
LEFT JOIN stakeholder AS giver ON giver.city = offer.city AND giver.stakeholder_id = offer.stakeholder_id
"""
# An array, so that the givers' offers are found by their index and not by looking at every offer.
_OFFER_SAYS = """
(offer.said @@ {0}::text::tsquery OR offer.stakeholder_id = ANY(ARRAY(
    SELECT named.stakeholder_id FROM stakeholder AS named
    WHERE named.city = $1 AND named.said @@ {0}::text::tsquery)))
"""


def needs(scope: Scope, reach: Reach, words: Sequence[str], *, are_open: bool) -> tuple[str, Sequence[Any]]:
    """Up to ``FEW`` needs whose title has words that begin like these, the newest first; of others' only with reach."""
    found = Conditions([scope.city], ["need.city = $1", _state("need", are_open)])
    if not reach.everything:
        found.add("need.department = {0}", reach.department)
    found.add("need.said @@ {0}::text::tsquery", begun_by(words))
    return f"{_NEEDS} WHERE {found} ORDER BY need.need_id DESC LIMIT {FEW}", found.values


def offers(scope: Scope, words: Sequence[str], *, are_open: bool) -> tuple[str, Sequence[Any]]:
    """Up to ``FEW`` offers where each of these begins a word of the title or of the giver's name, the newest first."""
    found = Conditions([scope.city], ["offer.city = $1", _state("offer", are_open)])
    for word in words:
        found.add(_OFFER_SAYS, begun_by([word]))
    return f"{_OFFERS} WHERE {found} ORDER BY offer.offer_id DESC LIMIT {FEW}", found.values


def _state(subject: str, are_open: bool) -> str:
    return f"{subject}.state {'=' if are_open else '<>'} 'open'"
