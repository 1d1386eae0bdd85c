"""HTML: results for everybody, plans and forms for those concerned."""

from __future__ import annotations

from fastapi import APIRouter

from chassis.web.pages import Pages
from services.impact.pages import indicators, plans, reports, results


def router(pages: Pages) -> APIRouter:
    """`/impact/summary`, `/impact/indicators`, `/impact/plans`, `/impact/plans/{id}` and its forms."""
    routes = pages.router(prefix="/impact")
    results.add(routes, pages)
    indicators.add(routes, pages)
    plans.add(routes, pages)
    reports.add(routes, pages)
    return routes
