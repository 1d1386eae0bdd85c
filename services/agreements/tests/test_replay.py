"""The directory of organisations is rebuilt from the log; files and the register are not touched by it."""

from __future__ import annotations

import pytest

from chassis.clock import new_id
from chassis.replay import replay
from chassis.testing import eventually
from contracts.events.intake import StakeholderChanged, StakeholderMembershipChanged
from services.agreements.app import service
from services.agreements.tests.story import Story, donation

pytestmark = pytest.mark.integration


async def test_replay_rebuilds_the_directory_and_nothing_else(story: Story) -> None:
    await story.signed(donation())
    one = new_id()
    await story.announced(one, "Vecchio nome", "association")
    renamed = StakeholderChanged(stakeholder_id=one, version=2, name="Nuovo nome", stakeholder_type="association")
    await story.happened(renamed, one)
    member = StakeholderMembershipChanged(stakeholder_id=one, version=3, subject="somebody", active=True)
    await story.happened(member, one)
    pool = story.desk.app.state.units.pool

    async def known() -> bool:
        return bool(await pool.fetchval("SELECT true FROM membership WHERE subject = 'somebody' AND active"))

    await eventually(known)
    before = await pool.fetch("SELECT * FROM stakeholder ORDER BY stakeholder_id")
    untouched = await pool.fetch("SELECT content FROM agreement")
    await pool.execute("UPDATE stakeholder SET name = 'spoiled', version = 99")
    await pool.execute("DELETE FROM membership")

    done = await replay(service(story.desk.settings), "directory")

    assert done.kept_aside == 0
    assert await pool.fetch("SELECT * FROM stakeholder ORDER BY stakeholder_id") == before
    assert "Nuovo nome" in {row["name"] for row in before}
    assert await known()
    assert await pool.fetch("SELECT content FROM agreement") == untouched
