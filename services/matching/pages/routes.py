"""Proposals as pages."""

from __future__ import annotations

from fastapi import APIRouter

from chassis.web.pages import Pages


def router(pages: Pages) -> APIRouter:
    """``/matching/proposals`` and what belongs to it."""
    return pages.router(prefix="/matching")
