-- When each legal instrument can be used, as agreements publishes it. The fingerprint says whether what was compiled
-- from it is still that.
CREATE TABLE instrument (
    city text NOT NULL,
    code text NOT NULL,
    version integer NOT NULL CHECK (version >= 1),
    records jsonb NOT NULL CHECK (jsonb_typeof(records) = 'array'),
    fingerprint text NOT NULL,
    PRIMARY KEY (city, code)
);
