-- Plans opened by a signature, and the facts recorded under them. Facts are only ever added; what is shown is a sum.

CREATE TABLE stakeholder (
    city text NOT NULL,
    stakeholder_id uuid NOT NULL,
    name text NOT NULL,
    stakeholder_type text NOT NULL,
    version integer NOT NULL,
    PRIMARY KEY (city, stakeholder_id)
);

CREATE TABLE indicator (
    city text NOT NULL,
    code text NOT NULL,
    indicator_id uuid NOT NULL,
    version integer NOT NULL CHECK (version >= 1),
    title_it text NOT NULL,
    title_en text NOT NULL,
    unit text NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (city, code),
    UNIQUE (city, indicator_id)
);

CREATE TABLE plan (
    city text NOT NULL,
    plan_id uuid NOT NULL,
    match_id uuid NOT NULL,
    need_id uuid NOT NULL,
    department text NOT NULL,
    stakeholder_ids uuid[] NOT NULL,
    account_manager_id text,
    title text NOT NULL,
    policy_area text NOT NULL,
    instrument text NOT NULL,
    protocol_number text NOT NULL,
    signed_on date NOT NULL,
    valid_to date,
    state text NOT NULL CHECK (state IN ('open', 'fulfilled', 'closed')),
    version integer NOT NULL CHECK (version >= 1),
    opened_at timestamptz NOT NULL,
    fulfilled_at timestamptz,
    closed_on date,
    closing_reason text,
    PRIMARY KEY (city, plan_id),
    CHECK ((state = 'fulfilled') = (fulfilled_at IS NOT NULL)),
    CHECK ((state = 'closed') = (closed_on IS NOT NULL))
);
CREATE INDEX plan_need ON plan (city, need_id);
CREATE INDEX plan_signed ON plan (city, signed_on, plan_id);

CREATE TABLE party (
    city text NOT NULL,
    plan_id uuid NOT NULL,
    party_id text NOT NULL,
    role text NOT NULL,
    department text,
    stakeholder_id uuid,
    name text NOT NULL,
    partners uuid[] NOT NULL,
    PRIMARY KEY (city, plan_id, party_id),
    FOREIGN KEY (city, plan_id) REFERENCES plan (city, plan_id),
    CHECK ((department IS NULL) <> (stakeholder_id IS NULL))
);

CREATE TABLE commitment (
    city text NOT NULL,
    plan_id uuid NOT NULL,
    position integer NOT NULL CHECK (position >= 0),
    offer_id uuid NOT NULL,
    offer_line integer NOT NULL CHECK (offer_line >= 0),
    need_line integer CHECK (need_line >= 0),
    stakeholder_id uuid NOT NULL,
    kind text NOT NULL,
    capability text,
    quantity numeric(15, 3) NOT NULL CHECK (quantity > 0),
    unit text NOT NULL,
    recurs_every text,
    recurs_times integer CHECK (recurs_times >= 1),
    value_cents bigint CHECK (value_cents >= 0),
    description text,
    PRIMARY KEY (city, plan_id, position),
    UNIQUE NULLS NOT DISTINCT (city, plan_id, offer_id, offer_line, need_line),
    FOREIGN KEY (city, plan_id) REFERENCES plan (city, plan_id),
    CHECK ((recurs_every IS NULL) = (recurs_times IS NULL))
);

CREATE TABLE planned_indicator (
    city text NOT NULL,
    plan_id uuid NOT NULL,
    position integer NOT NULL,
    code text NOT NULL,
    title_it text NOT NULL,
    title_en text NOT NULL,
    unit text NOT NULL,
    baseline numeric(15, 3),
    target numeric(15, 3),
    final boolean NOT NULL,
    due_on date,
    PRIMARY KEY (city, plan_id, code),
    FOREIGN KEY (city, plan_id) REFERENCES plan (city, plan_id)
);

-- value_cents is this delivery's share of its commitment's value; the shares of one commitment add up exactly.
-- accompanying = recorded by the system for a capability, in the measure of the goods it serves.
CREATE TABLE delivery (
    city text NOT NULL,
    delivery_id uuid NOT NULL,
    plan_id uuid NOT NULL,
    plan_version integer NOT NULL,
    position integer NOT NULL,
    quantity numeric(15, 3) NOT NULL CHECK (quantity > 0),
    value_cents bigint,
    delivered_on date NOT NULL,
    note text,
    accompanying boolean NOT NULL,
    source text NOT NULL,
    external_ref text,
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (city, delivery_id),
    UNIQUE (city, plan_id, plan_version),
    UNIQUE (city, plan_id, source, external_ref),
    FOREIGN KEY (city, plan_id, position) REFERENCES commitment (city, plan_id, position)
);
CREATE INDEX delivery_commitment ON delivery (city, plan_id, position);

CREATE TABLE measurement (
    city text NOT NULL,
    measurement_id uuid NOT NULL,
    plan_id uuid NOT NULL,
    plan_version integer NOT NULL,
    code text NOT NULL,
    value numeric(15, 3) NOT NULL,
    measured_on date NOT NULL,
    final boolean NOT NULL,
    source text NOT NULL,
    external_ref text,
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (city, measurement_id),
    UNIQUE (city, plan_id, plan_version),
    UNIQUE (city, plan_id, source, external_ref),
    FOREIGN KEY (city, plan_id, code) REFERENCES planned_indicator (city, plan_id, code)
);
CREATE INDEX measurement_indicator ON measurement (city, plan_id, code, measured_on);

CREATE TABLE correction (
    city text NOT NULL,
    correction_id uuid NOT NULL,
    plan_id uuid NOT NULL,
    plan_version integer NOT NULL,
    delivery_id uuid,
    measurement_id uuid,
    before numeric(15, 3) NOT NULL,
    after numeric(15, 3) NOT NULL,
    value_delta_cents bigint,
    reason text NOT NULL,
    source text NOT NULL,
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (city, correction_id),
    UNIQUE (city, plan_id, plan_version),
    FOREIGN KEY (city, plan_id) REFERENCES plan (city, plan_id),
    FOREIGN KEY (city, delivery_id) REFERENCES delivery (city, delivery_id),
    FOREIGN KEY (city, measurement_id) REFERENCES measurement (city, measurement_id),
    CHECK ((delivery_id IS NULL) <> (measurement_id IS NULL)),
    CHECK (delivery_id IS NULL OR after >= 0),
    CHECK (before <> after)
);
CREATE INDEX correction_delivery ON correction (city, delivery_id) WHERE delivery_id IS NOT NULL;
CREATE INDEX correction_measurement ON correction (city, measurement_id) WHERE measurement_id IS NOT NULL;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: a fact is corrected by a new fact', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON delivery
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON measurement
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON correction
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A delivery as it counts today: what was recorded and every correction since. LATERAL, so that a command on one plan
-- reads the corrections of its own deliveries only.
CREATE VIEW delivery_now AS
SELECT d.*,
       d.quantity + coalesce(c.quantity_delta, 0) AS quantity_now,
       d.value_cents + coalesce(c.value_delta, 0)::bigint AS value_now,
       c.corrections
FROM delivery d
CROSS JOIN LATERAL (
    SELECT sum(after - before) AS quantity_delta, sum(value_delta_cents) AS value_delta, count(*)::integer AS corrections
    FROM correction WHERE city = d.city AND delivery_id = d.delivery_id
) c;

CREATE VIEW measurement_now AS
SELECT m.*, m.value + coalesce(c.value_delta, 0) AS value_now, c.corrections
FROM measurement m
CROSS JOIN LATERAL (
    SELECT sum(after - before) AS value_delta, count(*)::integer AS corrections
    FROM correction WHERE city = m.city AND measurement_id = m.measurement_id
) c;
