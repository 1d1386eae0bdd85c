-- Lists tell at a glance what an entry is about: half of the sketch stands in the list itself, so that a search looks
-- at thousands without fetching a row of each. Made anew here from what each need and offer is listed under; the index
-- after the rows, which is faster.
--
-- Newly added entries are soon to be read from the index alone: only what was vacuumed is.

DROP TABLE need_key;
CREATE TABLE need_key (
    city text NOT NULL,
    key bigint NOT NULL,
    need_id uuid NOT NULL,
    glance bit(256)
) WITH (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 50000);
INSERT INTO need_key (city, key, need_id, glance)
SELECT city, key, need_id, substring(sketch FROM 1 FOR 256) FROM need_trait CROSS JOIN unnest(keys) AS key;
ALTER TABLE need_key ADD PRIMARY KEY (city, key, need_id) INCLUDE (glance);

DROP TABLE offer_key;
CREATE TABLE offer_key (
    city text NOT NULL,
    key bigint NOT NULL,
    offer_id uuid NOT NULL,
    glance bit(256)
) WITH (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 50000);
INSERT INTO offer_key (city, key, offer_id, glance)
SELECT city, key, offer_id, substring(sketch FROM 1 FOR 256) FROM offer_trait CROSS JOIN unnest(keys) AS key;
ALTER TABLE offer_key ADD PRIMARY KEY (city, key, offer_id) INCLUDE (glance);

-- Who looked for whom, and what the transaction could see by then. Two that came in the same instant saw nothing of
-- each other: a job finds such pairs here, once both are committed, and brings them together.
CREATE TABLE look (
    city text NOT NULL,
    look_id bigint GENERATED ALWAYS AS IDENTITY,
    subject text NOT NULL CHECK (subject IN ('need', 'offer', 'stakeholder')),
    ids uuid[] NOT NULL,
    written_in xid8 NOT NULL DEFAULT pg_current_xact_id(),
    seen pg_snapshot NOT NULL DEFAULT pg_current_snapshot(),
    -- Set when it was compared with the others. When every transaction before this one has ended, nobody is left who
    -- could not see it.
    settles_at xid8,
    PRIMARY KEY (city, look_id)
);
CREATE INDEX look_fresh ON look (look_id) WHERE settles_at IS NULL;
