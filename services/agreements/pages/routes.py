"""All pages of the service."""

from __future__ import annotations

from fastapi import APIRouter

from chassis.web.pages import Pages
from services.agreements.pages import (
    changes,
    clauses,
    file,
    lists,
    particulars,
    public,
    publicity,
    signatures,
    toolkit,
    vademecum,
    versions,
)


def router(pages: Pages) -> APIRouter:
    """`/agreements/desk`, `/agreements/files/{id}`, `/agreements/register`."""
    routes = pages.router(prefix="/agreements")
    lists.add(routes, pages)
    public.add(routes, pages)
    vademecum.add(routes, pages)
    clauses.add(routes, pages)
    toolkit.add(routes, pages)
    publicity.add(routes, pages)
    desk = file.add(routes, pages)
    particulars.add(routes, desk)
    signatures.add(routes, desk)
    versions.add(routes, pages)
    changes.add(routes, pages)
    return routes
