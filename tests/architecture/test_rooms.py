"""Who knows one service knows five: the same rooms everywhere, and nothing in them the import rules cannot see."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.subscriptions import CONSUMES

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
OURS = set(CONSUMES) - {"departments"}
ROOMS = (
    "__main__.py", "app.py", "settings.py", "domain/__init__.py", "handlers/__init__.py", "store/__init__.py", "api.py",
    "consumers.py", "pages/__init__.py", "migrations", "tests", "README.md",
)  # fmt: skip
HEADINGS = ("owns", "publishes", "consumes", "runbook")
CLOCKS_AND_LOTS = {"now", "utcnow", "today", "uuid1", "uuid4", "uuid7"}
OUTSIDE = {"open", "print", "input"}
SERVICES = sorted(path for path in (ROOT / "services").iterdir() if (path / "__init__.py").exists())


@pytest.fixture(params=SERVICES, ids=lambda path: path.name)
def service(request: pytest.FixtureRequest) -> Path:
    return request.param


def modules(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*.py") if "tests" not in path.relative_to(folder).parts)


def impure(source: str) -> list[tuple[int, str]]:
    """Calls that read the clock, draw lots or touch the outside, with their lines."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            method, function = getattr(node.func, "attr", ""), getattr(node.func, "id", "")
            if method in CLOCKS_AND_LOTS or function in CLOCKS_AND_LOTS | OUTSIDE:
                found.append((node.lineno, method or function))
        if isinstance(node, ast.AsyncFunctionDef):
            found.append((node.lineno, "async"))
    return found


def test_there_is_no_service_the_subscriptions_do_not_know() -> None:
    assert {path.name for path in SERVICES} <= OURS


def test_a_service_that_starts_has_every_room(service: Path) -> None:
    if (service / "app.py").exists():
        assert [room for room in ROOMS if not (service / room).exists()] == []


def test_a_readme_says_what_the_service_owns_and_does(service: Path) -> None:
    if (readme := service / "README.md").exists():
        text = readme.read_text(encoding="utf-8").lower()
        assert [heading for heading in HEADINGS if heading not in text] == []


@pytest.mark.parametrize("root", ["contracts", "chassis", "services", "deploy"])
def test_no_folder_hides_from_the_import_rules(root: str) -> None:
    """A folder without ``__init__.py`` is no package, and what is in it is never checked."""
    folders = {path.parent for path in modules(ROOT / root)}

    assert sorted(str(folder.relative_to(ROOT)) for folder in folders if not (folder / "__init__.py").exists()) == []


def test_domains_read_no_clock_and_draw_no_lots(service: Path) -> None:
    found = {
        f"{path.relative_to(ROOT)}:{line} {name}"
        for path in modules(service / "domain")
        for line, name in impure(path.read_text(encoding="utf-8"))
    }

    assert sorted(found) == []


@pytest.mark.parametrize("source", ["datetime.now(UTC)", "uuid4()", "open('x')", "async def f(): ...", "date.today()"])
def test_an_impure_line_is_found(source: str) -> None:
    assert impure(source)


def test_the_tests_of_a_service_live_with_it(service: Path) -> None:
    if (service / "app.py").exists():
        assert list((service / "tests").glob("test_*.py"))
