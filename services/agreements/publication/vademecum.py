"""The easy words that ship beside the records, and the specimens that everybody may download."""

from __future__ import annotations

import asyncio
from functools import cache, lru_cache
from pathlib import Path

from pydantic import TypeAdapter

from services.agreements.documents.compose import Surroundings, compose
from services.agreements.documents.data import DocumentData
from services.agreements.documents.render import render
from services.agreements.domain.file import Language
from services.agreements.domain.instruments import Instrument
from services.agreements.domain.signing import signatories_of
from services.agreements.domain.wayfinding import EasyWords, specimen

_FILE = Path(__file__).parents[1] / "migrations" / "data" / "easy_words.json"


@cache
def easy_words() -> dict[str, EasyWords]:
    """By code of the instrument; one without is shown with the record's own words."""
    found = TypeAdapter(tuple[EasyWords, ...]).validate_json(_FILE.read_bytes())
    return {one.code: one for one in found}


async def specimen_pdf(record: Instrument, language: Language, city: str, city_name: str) -> bytes:
    """The instrument's document with placeholders, marked as a draft; made once per version and language."""
    file = specimen(record, language)
    signed_by = file.model_copy(update={"signatories": signatories_of(file, city, {})})
    data = compose(signed_by, record, Surroundings(city_name, {}, {}, development_signer=False))
    return await asyncio.to_thread(_rendered, data.model_dump_json())


@lru_cache(maxsize=64)
def _rendered(data: str) -> bytes:
    return render(DocumentData.model_validate_json(data))
