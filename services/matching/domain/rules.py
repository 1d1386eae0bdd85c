"""The rules of ranking: how much each signal may contribute at most. A change gets a new version."""

from __future__ import annotations

from collections.abc import Mapping

RULES_VERSION = "2026-11b"

WEIGHTS: Mapping[str, float] = {
    "alike": 0.40,
    "answers_this_need": 0.15,
    "same_category": 0.10,
    "quantity_fit": 0.08,
    "near": 0.07,
    "same_resource": 0.05,
    "same_policy_area": 0.05,
    "priority": 0.03,
    "past_acceptance": 0.03,
    "urgent": 0.02,
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
