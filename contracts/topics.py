"""One catalogue of topics. Domain topics are kept for ever and not compacted."""

from __future__ import annotations

from dataclasses import dataclass

PARTITIONS = 12
"""Partitions of every topic: the upper bound of a service's consumers. Never lowered; raising it moves keys."""


@dataclass(frozen=True)
class Topic:
    """A topic: who owns (writes) it and what its key identifies."""

    name: str
    owner: str
    key: str


TOPICS: tuple[Topic, ...] = (
    Topic("departments.inbound.v1", "departments", "the department's own reference of the need"),
    Topic("intake.rejected.v1", "intake", "the department's own reference of the need"),
    Topic("intake.stakeholder.v1", "intake", "stakeholder id"),
    Topic("intake.need.v1", "intake", "need id"),
    Topic("intake.offer.v1", "intake", "offer id"),
    Topic("intake.steering.v1", "intake", "id of the set of priorities or indicators"),
    Topic("matching.match.v1", "matching", "match id"),
    Topic("matching.ledger.v1", "matching", "need or offer id and line, as <id>/<line>"),
    Topic("agreements.agreement.v1", "agreements", "agreement id"),
    Topic("agreements.instrument.v1", "agreements", "city and code of the instrument, as <city>/<code>"),
    Topic("notifications.notification.v1", "notifications", "notification id"),
    Topic("impact.plan.v1", "impact", "plan id, or indicator id for IndicatorDefined"),
    Topic("impact.result.v1", "impact", "plan id"),
)
BY_NAME = {topic.name: topic for topic in TOPICS}
