"""What needs and offers say, comparable across Italian and English. Pure computation: no database, no network.

``profiles`` turns texts into what is stored with a need or an offer; ``likeness`` compares one need with its
candidates, ``crossed`` several needs with the same ones.

What a store keeps of a :class:`Profile`, and what finds candidates:

* ``terms`` (``text[]``): everything the text says, needed to compare it;
* ``keys``: the few most telling terms, in both languages alike (``c:laptop`` stands for «portatile»,
  «laptop», «notebook»). Two texts about the same thing nearly always share a key;
* ``packed`` (``bytea`` or a 512-d vector): the direction of the sentence encoder; None while it is switched off;
* ``TEXT_VERSION``: profiles of another version are not comparable and have to be made anew (from the log).
"""

from services.matching.domain.text import Likeness
from services.matching.text.likeness import crossed, likeness
from services.matching.text.profile import TEXT_VERSION, Profile, hear, profiles, profiles_off_loop, wording

__all__ = [
    "TEXT_VERSION",
    "Likeness",
    "Profile",
    "crossed",
    "hear",
    "likeness",
    "profiles",
    "profiles_off_loop",
    "wording",
]
