-- The tables every service has. They belong to its own schema; nothing is shared.

CREATE TABLE outbox (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    city text NOT NULL,
    event_id uuid NOT NULL UNIQUE,
    event_type text NOT NULL,
    topic text NOT NULL,
    aggregate_id text NOT NULL,
    aggregate_version integer NOT NULL CHECK (aggregate_version >= 1),
    payload bytea NOT NULL,
    headers jsonb NOT NULL,
    slot smallint GENERATED ALWAYS AS ((hashtextextended(aggregate_id, 0) & 7)::smallint) STORED,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    published_at timestamptz,
    -- A writer that did not lock its aggregate first fails here instead of publishing out of order.
    UNIQUE (city, topic, aggregate_id, aggregate_version)
);
CREATE INDEX outbox_pending ON outbox (seq) WHERE published_at IS NULL;
ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

-- Two cities' departments may name their systems and number their submissions alike: the city is part of the identity.
CREATE TABLE inbox (
    city text NOT NULL,
    consumer text NOT NULL,
    source text NOT NULL,
    event_id text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (city, consumer, source, event_id)
);
CREATE INDEX inbox_received_at ON inbox (received_at);

-- How far the consumer has come, written in the transaction that applied the events.
CREATE TABLE bus_position (
    consumer text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL,
    PRIMARY KEY (consumer, topic, partition)
);

-- Events kept aside: parked (cannot be applied), behind (an earlier event of the same key is kept aside),
-- waiting (needs another aggregate that has not arrived); then applied or discarded.
CREATE TABLE dead_letter (
    letter_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    city text NOT NULL,
    consumer text NOT NULL,
    source text NOT NULL,
    event_id text NOT NULL,
    event_type text,
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    key text NOT NULL,
    payload bytea,
    headers jsonb NOT NULL,
    status text NOT NULL CHECK (status IN ('parked', 'behind', 'waiting', 'applied', 'discarded')),
    reason text NOT NULL,
    attempts integer NOT NULL DEFAULT 1,
    awaits_topic text,
    awaits_key text,
    retry_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    settled_at timestamptz,
    settled_by text,
    UNIQUE (city, consumer, source, event_id),
    CHECK ((status = 'waiting') = (awaits_key IS NOT NULL AND awaits_topic IS NOT NULL)),
    CHECK ((status IN ('applied', 'discarded')) = (settled_at IS NOT NULL))
);
CREATE INDEX dead_letter_open ON dead_letter (consumer, topic, key, letter_id)
    WHERE status IN ('parked', 'behind', 'waiting');
CREATE INDEX dead_letter_awaited ON dead_letter (awaits_topic, awaits_key) WHERE status = 'waiting';

CREATE TABLE idempotency_key (
    city text NOT NULL,
    actor text NOT NULL,
    key text NOT NULL,
    fingerprint text NOT NULL,
    status integer,
    headers jsonb,
    body bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (city, actor, key)
);
CREATE INDEX idempotency_key_created_at ON idempotency_key (created_at);

-- Which accounts may act for which stakeholder, as intake said; no personal data, only the account's subject.
CREATE TABLE membership (
    city text NOT NULL,
    subject text NOT NULL,
    stakeholder_id uuid NOT NULL,
    active boolean NOT NULL,
    version integer NOT NULL,
    PRIMARY KEY (city, subject, stakeholder_id)
);
