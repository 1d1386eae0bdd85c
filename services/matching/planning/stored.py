"""A problem as bytes, kept with its plan, so that a choice can be tried in the situation the plan was made in."""

from __future__ import annotations

import zlib
from dataclasses import astuple
from decimal import Decimal
from typing import Any

import orjson

from services.matching.allocation.model import Edge, NeedLine, OfferLine, Problem, Rules


def packed(problem: Problem) -> bytes:
    """Choices that were insisted on are not part of it."""
    content = {
        "needs": [astuple(need) for need in problem.needs],
        "offers": [astuple(offer) for offer in problem.offers],
        "edges": [astuple(edge) for edge in problem.edges],
        "rules": astuple(problem.rules),
    }
    return zlib.compress(orjson.dumps(content, default=str), 1)


def unpacked(stored: bytes) -> Problem:
    content = orjson.loads(zlib.decompress(stored))
    return Problem(
        [_need(one) for one in content["needs"]],
        [_offer(one) for one in content["offers"]],
        [_edge(one) for one in content["edges"]],
        Rules(*content["rules"]),
    )


def _need(one: list[Any]) -> NeedLine:
    key, commodity, asked, weight, nil, hardship, lot, most = one
    return NeedLine(key, commodity, Decimal(asked), weight, nil, hardship, Decimal(lot), most)


def _offer(one: list[Any]) -> OfferLine:
    key, commodity, free, lot, most = one
    return OfferLine(key, commodity, Decimal(free), Decimal(lot), most)


def _edge(one: list[Any]) -> Edge:
    need, offer, score, cap, *least = one  # plans from before there were smallest lots say nothing of them
    return Edge(need, offer, score, None if cap is None else Decimal(cap), *map(Decimal, least))
