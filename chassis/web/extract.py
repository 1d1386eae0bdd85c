"""`python -m chassis.web.extract [--check] [area …]`: keep the Italian catalogs in step with code and pages.

Without `--check` every catalog gets the new texts (to be translated by hand) and loses those that nobody uses.
With it nothing is written; what is missing is listed and the exit status says whether anything is.
"""

import argparse
import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.checkers import checkers
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

from chassis.web.i18n import read_catalog

PROJECT = Path(__file__).parents[2]
LANGUAGE = "it"
METHODS = [("**/tests/**", "ignore"), ("**.py", "python"), ("**/templates/**.html", "jinja2.ext:babel_extract")]
OPTIONS = {"**/templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}}
KEYWORDS: dict[str, tuple[int, ...] | None] = {"_": None, "gettext": None, "mark": None, "ngettext": (1, 2)}
WIDTH = 110
HEADER = "# Italian texts of Sportello. Kept in step by `python -m chassis.web.extract`; translate msgstr by hand."

CHANGING = (
    b'"POT-Creation-Date:',
    b'"PO-Revision-Date:',
    b'"Generated-By:',
    b'"Report-Msgid',
    b'"Last-T',
    b'"Language-Team',
)
"""Header lines that would change without any text changing, or that say nothing."""


@dataclass(frozen=True, slots=True)
class Area:
    """A part of the project with a catalog of its own."""

    source: Path
    locale: Path

    @property
    def catalog_file(self) -> Path:
        return self.locale / LANGUAGE / "LC_MESSAGES" / "messages.po"

    @property
    def name(self) -> str:
        return self.source.relative_to(PROJECT).as_posix()


def areas() -> list[Area]:
    """The shell, every service with pages, and the development login."""
    found = [Area(PROJECT / "chassis", PROJECT / "chassis" / "web" / "locale")]
    for pages in sorted((PROJECT / "services").glob("*/pages")):
        found.append(Area(pages.parent, pages / "locale"))
    provider = PROJECT / "deploy" / "local" / "idp"
    return [*found, Area(provider, provider / "locale")]


def brought_up_to_date(area: Area, shell: Catalog) -> Catalog:
    """The area's catalog with exactly the texts it uses; what the shell already says is left to the shell."""
    template = Catalog(charset="utf-8")
    for file, _line, message, comments, context in extract_from_dir(
        area.source, METHODS, OPTIONS, KEYWORDS, strip_comment_tags=True
    ):
        if message and not _said_by(shell, message):
            template.add(message, None, [(file, 0)], auto_comments=comments, context=context)
    catalog = _read(area)
    catalog.update(template, no_fuzzy_matching=True, update_header_comment=False, update_creation_date=False)
    catalog.obsolete.clear()
    return catalog


def gaps(catalog: Catalog) -> Iterator[str]:
    """What keeps a catalog from being complete: no translation, a doubtful one, or other placeholders."""
    for message in catalog:
        if not message.id:
            continue
        text = message.id if isinstance(message.id, str) else message.id[0]
        if message.fuzzy or not _is_translated(message):
            yield f"not translated: {text!r}"
            continue
        for check in checkers:
            try:
                check(catalog, message)
            except Exception as fault:  # babel's own TranslationError, or what python-format checks raise
                yield f"{text!r}: {fault}"


def differences(area: Area, catalog: Catalog) -> Iterator[str]:
    """Texts in use that the stored catalog lacks, and stored ones that nobody uses."""
    stored = {message.id for message in _read(area) if message.id}
    used = {message.id for message in catalog if message.id}
    yield from (f"not in the catalog: {text!r}" for text in sorted(map(str, used - stored)))
    yield from (f"used nowhere: {text!r}" for text in sorted(map(str, stored - used)))


def shell_catalog() -> Catalog:
    return brought_up_to_date(areas()[0], Catalog())


def catalog_of(area: Area) -> Catalog:
    shell = shell_catalog()
    return shell if area == areas()[0] else brought_up_to_date(area, shell)


def check(area: Area) -> list[str]:
    """Every gap and difference of an area's catalog, as `area: what`."""
    catalog = catalog_of(area)
    return [f"{area.name}: {what}" for what in (*differences(area, catalog), *gaps(catalog))]


def update(chosen: list[Area]) -> None:
    for area in chosen:
        catalog = catalog_of(area)
        if any(True for message in catalog if message.id):
            area.catalog_file.parent.mkdir(parents=True, exist_ok=True)
            area.catalog_file.write_bytes(_as_text(catalog))
            print(f"{area.name}: {len(catalog)} texts, {sum(1 for _gap in gaps(catalog))} to translate")


def main() -> int:
    arguments = argparse.ArgumentParser(description="Keep the Italian catalogs in step with the texts in use.")
    arguments.add_argument("--check", action="store_true", help="write nothing, list what is missing")
    arguments.add_argument("only", nargs="*", metavar="area", help="such as services/intake; all without")
    asked = arguments.parse_args()
    chosen = [area for area in areas() if not asked.only or area.name in asked.only]
    if not asked.check:
        update(chosen)
        return 0
    found = [line for area in chosen for line in check(area)]
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


def _read(area: Area) -> Catalog:
    if area.catalog_file.exists():
        return read_catalog(area.catalog_file, LANGUAGE)
    return Catalog(locale=LANGUAGE, project="Sportello", header_comment=HEADER, charset="utf-8", fuzzy=False)


def _said_by(shell: Catalog, message: str | tuple[str, ...]) -> bool:
    known = shell.get(message if isinstance(message, str) else message[0])
    return known is not None and _is_translated(known)


def _is_translated(message: Message) -> bool:
    texts = message.string if isinstance(message.string, tuple | list) else (message.string,)
    return bool(texts) and all(texts)


def _as_text(catalog: Catalog) -> bytes:
    """Without line numbers or dates, so that a catalog changes only when a text does."""
    out = io.BytesIO()
    write_po(out, catalog, width=WIDTH, no_location=True, omit_header=False, sort_output=True, ignore_obsolete=True)
    return b"\n".join(line for line in out.getvalue().split(b"\n") if not line.startswith(CHANGING))


if __name__ == "__main__":
    sys.exit(main())
