"""Italian and English: the language of a request, the catalogs, and how a text is looked up.

Source texts are English; Italian comes from `.po` files that are compiled in memory when first used.
The language lives in a context variable, so that templates, filters and handlers see the same one.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

Language = Literal["it", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
DEFAULT_LANGUAGE: Language = "it"
SOURCE_LANGUAGE: Language = "en"
LANGUAGE_COOKIE = "sportello_lang"

_LOCALES = {"it": Locale("it", "IT"), "en": Locale("en", "GB")}
_catalog_folders: list[Path] = [Path(__file__).parent / "locale"]
_language: ContextVar[Language] = ContextVar("language", default=DEFAULT_LANGUAGE)


def add_catalog(folder: Path) -> None:
    """Make the texts of `folder` (`<language>/LC_MESSAGES/messages.po`) known to this process."""
    if folder not in _catalog_folders:
        _catalog_folders.append(folder)
        _translations.cache_clear()


def gettext(message: str, /, **values: object) -> str:
    """`message` in the language of the current request, with `%(name)s` filled in from `values`."""
    text = str(_translations(_language.get()).ugettext(message)) if message else ""
    return text % values if values else text


def ngettext(singular: str, plural: str, n: int, /, **values: object) -> str:
    text = str(_translations(_language.get()).ungettext(singular, plural, n))
    return text % {"n": n, "num": n, **values}


def mark(message: str) -> str:
    """Mark a text for translation where it is defined; it is translated where it is shown."""
    return message


def either(italian: str, english: str) -> str:
    """Of a text that was written in both languages, the one in the language of the current request."""
    return italian if _language.get() == "it" else english


def current_language() -> Language:
    return _language.get()


def current_locale() -> Locale:
    return _LOCALES[_language.get()]


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Everything inside is said in `language`."""
    token = _language.set(language)
    try:
        yield
    finally:
        _language.reset(token)


def language_of(request: HTTPConnection) -> Language:
    """What was asked for: `?lang=`, else the cookie, else Accept-Language, else Italian."""
    for asked in (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        for language in LANGUAGES:
            if asked == language:
                return language
    return _preferred(request.headers.get("accept-language", "")) or DEFAULT_LANGUAGE


class SpeakTheirLanguage:
    """ASGI middleware that sets the language of each request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        language = language_of(HTTPConnection(scope))
        # Problem documents read the choice from here (chassis.http.problem).
        scope.setdefault("state", {})["language"] = language
        with speaking(language):
            await self._app(scope, receive, send)


def read_catalog(path: Path, language: str) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=language)


@lru_cache
def _translations(language: Language) -> NullTranslations:
    merged = Translations()
    if language == SOURCE_LANGUAGE:
        return merged
    for folder in _catalog_folders:
        path = folder / language / "LC_MESSAGES" / "messages.po"
        if path.exists():
            merged.merge(_compiled(path, language))
    return merged


def _compiled(path: Path, language: str) -> Translations:
    binary = io.BytesIO()
    write_mo(binary, read_catalog(path, language))
    binary.seek(0)
    return Translations(binary)


def _preferred(header: str) -> Language | None:
    """The language of ours that an Accept-Language header (RFC 9110 §12.5.4) likes best."""
    ranked: list[tuple[float, int, Language]] = []
    for position, item in enumerate(header.split(",")):
        tag, _, parameter = item.strip().partition(";")
        weight = _weight(parameter)
        for language in LANGUAGES:
            if tag.split("-")[0].lower() == language and weight > 0:
                ranked.append((-weight, position, language))
    return min(ranked)[2] if ranked else None


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
