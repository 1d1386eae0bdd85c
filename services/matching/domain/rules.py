"""The rules of ranking: how much each signal may contribute at most. A change gets a new version."""

from __future__ import annotations

from collections.abc import Mapping

RULES_VERSION = "2026-11"

WEIGHTS: Mapping[str, float] = {
    "same_resource": 0.20,
    "answers_this_need": 0.27,
    "words_in_common": 0.12,
    "quantity_fit": 0.10,
    "same_category": 0.08,
    "same_policy_area": 0.08,
    "near": 0.06,
    "priority": 0.04,
    "urgent": 0.03,
    "hardship": 0.02,
}
"""Largest contribution of each signal; together they make 1."""

EACH_FURTHER_PARTY = -0.01
"""Every giver beyond the first is one more who has to agree."""

CAPABILITY_PROVIDERS = 12
"""How many offers of capabilities are combined at most; the combinations grow fast."""

MOST_OFFERS = 12
"""How many offers one match brings together at most: everybody has to agree."""

ALTERNATIVES = 3
"""How many sets are proposed around the same main offer."""
