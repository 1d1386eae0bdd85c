"""Many needs compared at once come to what each comes to alone."""

from __future__ import annotations

import pytest

from services.matching.text import crossed, likeness, profiles

pytestmark = pytest.mark.unit

ASKED = ("Computer portatili per la scuola", "Coats for the winter", "Avvocato per sfratti", "")
OFFERED = ("40 laptops", "Cappotti invernali usati", "Consulenza legale gratuita", "Sedie e tavoli pieghevoli")


def test_needs_crossed_with_offers_are_as_alike_as_one_by_one() -> None:
    needs, offers = profiles(ASKED), profiles(OFFERED)
    together = crossed(needs, offers)
    for row, need in zip(together, needs, strict=True):
        for one, alone in zip(row, likeness(need, offers), strict=True):
            assert one.value == pytest.approx(alone.value, abs=1e-3)
            assert one.meaning == pytest.approx(alone.meaning, abs=1e-3)
            assert list(one.shared) == list(alone.shared)
    best = [max(range(len(offers)), key=lambda at: row[at].value) for row in together]
    assert best[:3] == [0, 1, 2]


def test_nothing_crossed_with_anything_is_nothing() -> None:
    [need] = profiles(["Sedie"])
    assert crossed([], [need]) == []
    assert crossed([need], []) == [[]]
