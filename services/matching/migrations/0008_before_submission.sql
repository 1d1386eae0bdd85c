-- An accepted match is ended by its agreements: what was asked of them, and since when one of them is under way (ADR 99).
ALTER TABLE match
    ADD COLUMN submitted_at timestamptz,
    ADD COLUMN asked jsonb CHECK (jsonb_typeof(asked) = 'object'),
    ADD CONSTRAINT asked_once_accepted CHECK (asked IS NULL OR state IN ('accepted', 'released'));

-- The list of proposals: one page of a city's matches in one state, the most urgent first, then the best.
CREATE INDEX match_in_state_by_urgency ON match (city, state, due_on, score DESC, match_id);

-- What a proposal is looked for by: words of its title and of those who take part, folded as the service folds them.
-- No index of its own: a page is read in the order of one above, and a proposal is written in milliseconds.
ALTER TABLE match ADD COLUMN said tsvector NOT NULL DEFAULT ''::tsvector;
UPDATE match SET said = to_tsvector('simple', translate(lower(need_title || ' ' || (SELECT string_agg(party.name, ' ')
    FROM match_party AS party WHERE party.city = match.city AND party.match_id = match.match_id)), 'àèéìòù', 'aeeiou'));

-- Its matches were looked at; what is left is to propose. A row of its own, so that nothing is locked while that is done.
ALTER TABLE revision ADD COLUMN looked boolean NOT NULL DEFAULT false;
