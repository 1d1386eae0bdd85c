CREATE TABLE tally (
    city text NOT NULL,
    id text NOT NULL,
    applied integer NOT NULL CHECK (applied >= 0),
    names text[] NOT NULL,
    PRIMARY KEY (city, id)
);
