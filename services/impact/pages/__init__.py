"""HTML: results for everybody, plans and forms for those concerned."""

from __future__ import annotations

from fastapi import APIRouter

from chassis.web.pages import Pages


def make_router(pages: Pages) -> APIRouter:
    return pages.router(prefix="/impact")
