"""Pages of intake: what everybody sees, the forms, and the desks of account managers and operations."""

from __future__ import annotations

from fastapi import APIRouter

from chassis.web.pages import Pages
from services.intake.pages import availability, desk, mine, needs, offer, offers, operations, public


def routers(pages: Pages) -> list[APIRouter]:
    """All pages, on one environment of templates."""
    # Fixed addresses come before those with an id in them.
    modules = (needs, offers, offer, public, mine, desk, availability, operations)
    return [module.router(pages) for module in modules]
