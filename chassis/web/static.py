"""Static files: our own, and the needed folders of Bootstrap Italia and htmx as their packages ship them.

Both packages are meant for Django; only their `static` folders are read and nothing of them is imported.
Intake serves them for the whole origin; pages of every service link to `/static/...`.
"""

import hashlib
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from fastapi import APIRouter
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

OWN = Path(__file__).parent / "assets"
YEAR = 365 * 24 * 3600
HOUR = 3600


class CachedFiles(StaticFiles):
    """Files for a year when their address carries a version, for an hour otherwise (then checked by ETag)."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if response.status_code in {200, 304}:
            versioned = scope.get("query_string", b"").startswith(b"v=")
            age = f"max-age={YEAR}, immutable" if versioned else f"max-age={HOUR}"
            response.headers["cache-control"] = f"public, {age}"
        return response


def static_router() -> APIRouter:
    """`/static/…`; only the folders that pages use are served."""
    mounts: list[BaseRoute] = [Mount("/sportello", CachedFiles(directory=OWN))]
    for folder in ("css", "fonts", "svg", "assets"):
        directory = package_folder("bootstrap_italia_template") / folder
        mounts.append(Mount(f"/bootstrap-italia/{folder}", CachedFiles(directory=directory)))
    mounts.append(Mount("/htmx", CachedFiles(directory=package_folder("django_htmx") / "django_htmx")))
    return APIRouter(routes=[Mount("/static", routes=mounts)])


def package_folder(package: str) -> Path:
    """The `static` folder of an installed package, found without importing the package."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise RuntimeError(f"the package {package} is not installed; run `make setup`")
    return Path(spec.origin).parent / "static"


@lru_cache
def static_url(path: str) -> str:
    """The address of a static file with a version that changes whenever its content does.

    `path` is below `/static/`, for example `sportello/shell.css`. Raises FileNotFoundError for a wrong one.
    """
    digest = hashlib.sha256(_file(path).read_bytes()).hexdigest()[:12]
    return f"/static/{path}?v={digest}"


def _file(path: str) -> Path:
    area, _slash, rest = path.partition("/")
    folders = {
        "sportello": OWN,
        "bootstrap-italia": package_folder("bootstrap_italia_template"),
        "htmx": package_folder("django_htmx") / "django_htmx",
    }
    return folders[area] / rest
