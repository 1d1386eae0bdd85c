"""What an installation may set."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.agreements.settings import AgreementsSettings

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("trust_lists", "asked", "on"),
    [
        (None, None, True),
        (Path("trust"), None, False),
        (None, False, False),
        (Path("trust"), True, True),
    ],
)
def test_the_trial_signer_is_off_where_real_signatures_are_judged(
    trust_lists: Path | None, asked: bool | None, on: bool
) -> None:
    settings = AgreementsSettings.model_construct(
        agreements_trust_lists=trust_lists, agreements_development_signer=asked
    )
    assert settings.signs_for_trial is on
