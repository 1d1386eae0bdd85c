-- What was last told of an instrument (InstrumentPublished), so that the same is told once. Version 0: nothing yet.
CREATE TABLE instrument_told (
    city text NOT NULL,
    code text NOT NULL,
    version integer NOT NULL CHECK (version >= 0),
    records jsonb NOT NULL CHECK (jsonb_typeof(records) = 'array'),
    told_at timestamptz,
    PRIMARY KEY (city, code),
    CHECK ((version = 0) = (told_at IS NULL))
);
