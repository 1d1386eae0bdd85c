-- Clauses that the Legal Office keeps beside those of the instruments. The newest revision is what the library says;
-- the earlier ones are its history. A clause that was taken out ends with a revision that says so.
CREATE TABLE clause (
    city text NOT NULL,
    code text NOT NULL,
    revision integer NOT NULL CHECK (revision >= 1),
    content jsonb NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    act text NOT NULL CHECK (act IN ('kept', 'changed', 'removed')),
    reason text NOT NULL,
    PRIMARY KEY (city, code, revision)
);
CREATE TRIGGER clause_append_only BEFORE UPDATE OR DELETE ON clause FOR EACH ROW EXECUTE FUNCTION refuse_change();
