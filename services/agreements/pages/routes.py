"""All pages of the service."""

from __future__ import annotations

from fastapi import APIRouter

from chassis.web.pages import Pages
from services.agreements.pages import file, lists, public, publicity, vademecum, versions


def router(pages: Pages) -> APIRouter:
    """`/agreements/desk`, `/agreements/files/{id}`, `/agreements/register`."""
    routes = pages.router(prefix="/agreements")
    lists.add(routes, pages)
    public.add(routes, pages)
    vademecum.add(routes, pages)
    publicity.add(routes, pages)
    file.add(routes, pages)
    versions.add(routes, pages)
    return routes
