"""Learns the table of translations from the CPV's labels: ``python -m services.matching.evaluation.learning``.

Writes ``services/matching/text/data/translations.tsv``; the same labels give the same table.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from services.matching import text
from services.matching.evaluation.measuring import SOURCES
from services.matching.evaluation.records import EvaluationSet
from services.matching.text.affinity import Sources
from services.matching.text.categories import categories
from services.matching.text.lexicon import content
from services.matching.text.translations import Pair, Translations, learn

_TABLE = Path(text.__file__).parent / "data" / "translations.tsv"
_HEAD = (
    "# Italian form, English form, probability; learnt from the CPV's parallel labels:\n"
    "# python -m services.matching.evaluation.learning\n"
)


def main() -> None:
    pairs = learnt()
    rows = "".join(f"{italian}\t{english}\t{value}\n" for (italian, english), value in sorted(pairs.items()))
    _TABLE.write_text(_HEAD + rows, encoding="utf-8")


def learnt(without: Collection[str] = ()) -> dict[Pair, float]:
    """The translations of all labels but those whose Italian or English wording is in ``without`` (case folded)."""
    return learn(
        [
            (content(one.italian, "it"), content(one.english, "en"))
            for one in categories()
            if one.italian and one.english
            if one.italian.casefold() not in without and one.english.casefold() not in without
        ]
    )


def without_labels_of(data: EvaluationSet) -> Sources:
    """What would be known if no label that a need of this set or its gold is made of had ever been read."""
    texts = {one.text.casefold() for one in data.needs} | {data.offers[offer].text.casefold() for _, offer in data.gold}
    return Sources(letters=SOURCES.letters, labels=False, translations=Translations(learnt(texts)))


if __name__ == "__main__":
    main()
