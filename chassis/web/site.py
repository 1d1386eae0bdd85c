"""The pages about the site itself, served by intake: accessibility statement, source code, licence."""

from importlib.metadata import metadata, version

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from chassis.web.pages import Pages


def site_router(pages: Pages) -> APIRouter:
    """`/accessibility`, `/source` and `/licence`, linked from the footer of every page."""
    router = pages.router()

    @router.get("/accessibility")
    async def accessibility(request: Request) -> HTMLResponse:
        return pages.render(request, "accessibility.html")

    @router.get("/source")
    async def source(request: Request) -> HTMLResponse:
        return pages.render(request, "source.html", version=version("sportello"), address=_source_address())

    @router.get("/licence")
    async def licence(request: Request) -> HTMLResponse:
        return pages.render(request, "licence.html")

    return router


def _source_address() -> str | None:
    """Where the package says its source is published (`[project.urls] Source = …`)."""
    for entry in metadata("sportello").get_all("Project-URL") or []:
        name, _comma, address = entry.partition(", ")
        if name.lower() in {"source", "repository"}:
            return str(address)
    return None
