"""The statements that note what a need or an offer says, and keep the lists it is found in.

One statement each: the row, its short row for a first look, and the keys that came and went. All parts of a statement
see what was there before it, so the old keys are still to be read while the new ones are written.
"""

from __future__ import annotations

from collections.abc import Iterable

_TEXT = {"said": "tsvector", "words": "text[]", "terms": "text[]", "direction": "bytea", "text_version": "text"}
_TRAITS = {
    "policy_area": "text",
    "nil": "int",
    "municipio": "int",
    "cpv": "text[]",
    "starts_on": "date",
    "ends_on": "date",
    "valid_until": "timestamptz",
    "sketch": "bit(512)",
    "known_as": "text[]",
    "refuses": "text[]",
}


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)


def _set(names: Iterable[str]) -> str:
    return ", ".join(f"{name} = excluded.{name}" for name in names)


def _save(subject: str, said: dict[str, str], traits: dict[str, str]) -> str:
    """``said`` are the columns of the need or offer itself, ``traits`` those of its short row."""
    key = f"{subject}_id"
    columns = {key: "uuid", **said, **traits, "found_by": "text[]"}
    return f"""
WITH incoming AS MATERIALIZED (
    SELECT {_list(columns)},
        ARRAY(SELECT DISTINCT hashtextextended(each, 0) FROM unnest(found_by) AS each) AS keys
    FROM jsonb_to_recordset($2::jsonb->'rows') AS row ({_list(f"{name} {kind}" for name, kind in columns.items())})
), saved AS (
    INSERT INTO {subject} (city, {key}, state, {_list(said)})
    SELECT $1, {key}, 'open', {_list(said)} FROM incoming
    ON CONFLICT (city, {key}) DO UPDATE SET state = excluded.state, {_set(said)}
    WHERE {subject}.version < excluded.version
    RETURNING {key}
), described AS (
    INSERT INTO {subject}_trait (city, {key}, keys, {_list(traits)})
    SELECT $1, {key}, keys, {_list(traits)} FROM incoming JOIN saved USING ({key})
    ON CONFLICT (city, {key}) DO UPDATE SET keys = excluded.keys, {_set(traits)}
), dropped AS (
    DELETE FROM {subject}_key AS entry
    USING saved JOIN incoming USING ({key})
        JOIN {subject}_trait AS before USING ({key}) CROSS JOIN LATERAL unnest(before.keys) AS old (key)
    WHERE before.city = $1 AND old.key <> ALL (incoming.keys)
        AND entry.city = $1 AND entry.key = old.key AND entry.{key} = saved.{key}
), listed AS (
    INSERT INTO {subject}_key AS entry (city, key, {key}, glance)
    SELECT $1, new.key, {key}, substring(incoming.sketch FROM 1 FOR 256)
    FROM incoming JOIN saved USING ({key}) CROSS JOIN LATERAL unnest(incoming.keys) AS new (key)
    ON CONFLICT (city, key, {key}) DO UPDATE SET glance = excluded.glance
    WHERE entry.glance IS DISTINCT FROM excluded.glance
)
SELECT {key} FROM saved
"""


def _close(subject: str) -> str:
    key = f"{subject}_id"
    return f"""
WITH closed AS (
    UPDATE {subject} SET version = $3, state = $4 WHERE city = $1 AND {key} = $2 AND version < $3 RETURNING {key}
), hidden AS (
    DELETE FROM {subject}_trait AS trait USING closed WHERE trait.city = $1 AND trait.{key} = closed.{key}
    RETURNING trait.{key}, trait.keys
), dropped AS (
    DELETE FROM {subject}_key AS entry USING hidden CROSS JOIN LATERAL unnest(hidden.keys) AS old (key)
    WHERE entry.city = $1 AND entry.key = old.key AND entry.{key} = hidden.{key}
)
SELECT true FROM closed
"""


SAVE_NEEDS = _save(
    "need",
    {"version": "int", "department": "text", "snapshot": "jsonb", **_TEXT},
    {**_TRAITS, "requires": "text[]", "refuses_places": "text[]", "refuses_kinds": "text[]"},
)
SAVE_OFFERS = _save(
    "offer",
    {"version": "int", "stakeholder_id": "uuid", "answers_need_id": "uuid", "snapshot": "jsonb", **_TEXT},
    _TRAITS,
)
CLOSE_NEED = _close("need")
CLOSE_OFFER = _close("offer")
