-- What needs, offers and organisations are looked for by: the words of titles and names, folded and divided as the
-- service does it (services/matching/text/words.py). Rows from before are folded here as closely as SQL can; what an
-- instance of the version before writes meanwhile has no words. ``sportello replay`` makes both anew.
--
-- Measured with 118,000 needs, 100,000 offers and 5,000 organisations, 420 MB, beside other work on two cores: 13 s for
-- the whole file, 11 s of it for the two long updates.
ALTER TABLE need ADD COLUMN said tsvector NOT NULL DEFAULT ''::tsvector;
ALTER TABLE offer ADD COLUMN said tsvector NOT NULL DEFAULT ''::tsvector;
-- No index: organisations are thousands at most, and all of them are looked at in a millisecond or two.
ALTER TABLE stakeholder ADD COLUMN said tsvector NOT NULL DEFAULT ''::tsvector;

CREATE FUNCTION searched(words text) RETURNS tsvector LANGUAGE sql IMMUTABLE RETURN to_tsvector('simple',
    regexp_replace(regexp_replace(normalize(lower(words), NFKD), '[\u0300-\u036f]', '', 'g'), '[[:punct:]]', ' ', 'g'));
UPDATE need SET said = searched(snapshot ->> 'title');
UPDATE offer SET said = searched(snapshot ->> 'title');
UPDATE stakeholder SET said = searched(name) WHERE name IS NOT NULL;
DROP FUNCTION searched(text);

-- The indexes after the rows, which is faster. Without ``fastupdate`` each new need pays 0.1 ms for its own words, and
-- none for those of thousands before it.
CREATE INDEX need_said ON need USING gin (said) WITH (fastupdate = off);
CREATE INDEX offer_said ON offer USING gin (said) WITH (fastupdate = off);
