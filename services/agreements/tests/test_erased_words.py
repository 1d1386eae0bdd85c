"""What is erased from the register is gone from the notices that said it too, in the table itself."""

from __future__ import annotations

import asyncpg
import pytest

from services.agreements.tests.story import LEGAL, Story
from services.agreements.tests.test_publication import faults_of, public, redact, sign, sponsored

pytestmark = pytest.mark.integration
TITLE, GIVER = "Una famiglia in via Padova", "Fondazione Bracco"


async def rows(story: Story, one: str) -> str:
    found = await story.desk.app.state.units.pool.fetch(
        "SELECT to_jsonb(n)::text AS row FROM public_notice n WHERE agreement_id = $1::uuid", one
    )
    return "\n".join(row["row"] for row in found)


async def test_erasing_takes_the_words_out_of_every_notice_of_the_agreement(story: Story) -> None:
    one, match = await sponsored(story, TITLE)
    elsewhere = {"link": "https://albo.example/famiglia-di-via-padova", "published_on": "2020-01-01"}
    notice = (await story.done(one, "notice", LEGAL, elsewhere))["notices"][0]["notice_id"]
    corrected = await story.as_(LEGAL).post(
        f"/agreements/api/v1/notices/{notice}/correct",
        json=elsewhere | {"reason": "La famiglia di via Padova ha cambiato casa"},
    )
    assert corrected.status_code == 201, corrected.text
    file = await sign(story, one, match)
    protocol = f"{file['protocol']['year']}/{file['protocol']['number']}"
    line = await public(story, f"register/{protocol}")
    kept = await rows(story, one)
    assert all(words in kept for words in (TITLE, GIVER, "via-padova", "cambiato casa"))
    erased = await redact(story, line, "erase", which=["subject"], reason="Richiesta", confirm=True)
    assert erased.status_code == 200, erased.text
    kept = await rows(story, one)
    assert not [words for words in (TITLE, GIVER, "via-padova", "cambiato casa") if words in kept]
    shown = await public(story, f"notices/{notice}")
    assert (shown["omitted"], shown["title"]["it"], shown["state"]) == (True, "Omesso", "corrected")
    assert await faults_of(story) == ()
    with pytest.raises(asyncpg.RestrictViolationError):
        await story.desk.app.state.units.pool.execute(
            'UPDATE public_notice SET words = words || \'{"write_to": "x"}\', erased_at = now()'
            " WHERE agreement_id = $1::uuid",
            one,
        )
    with pytest.raises(asyncpg.RestrictViolationError):
        await story.desk.app.state.units.pool.execute(
            "UPDATE public_notice SET erased_at = NULL WHERE agreement_id = $1::uuid", one
        )
