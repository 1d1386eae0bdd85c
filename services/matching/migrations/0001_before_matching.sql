-- What intake says, as matching needs it: read models, rebuilt from the log when need be.

CREATE TABLE stakeholder (
    city text NOT NULL,
    stakeholder_id uuid NOT NULL,
    version integer NOT NULL,
    name text,
    stakeholder_type text,
    vetting text NOT NULL DEFAULT 'pending' CHECK (vetting IN ('pending', 'approved', 'refused')),
    vetted_until timestamptz,
    account_manager_id text,
    covered_by text,
    PRIMARY KEY (city, stakeholder_id)
);

CREATE TABLE need (
    city text NOT NULL,
    need_id uuid NOT NULL,
    version integer NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'withdrawn', 'expired', 'fulfilled')),
    department text NOT NULL,
    snapshot jsonb NOT NULL,
    words text[] NOT NULL,
    PRIMARY KEY (city, need_id)
);

-- The capabilities an open need requires, to find it when an offer brings one of them.
CREATE TABLE need_requirement (
    city text NOT NULL,
    capability text NOT NULL,
    need_id uuid NOT NULL,
    PRIMARY KEY (city, capability, need_id)
);
CREATE INDEX need_requirement_of ON need_requirement (city, need_id);

CREATE TABLE need_receiver (
    city text NOT NULL,
    stakeholder_id uuid NOT NULL,
    need_id uuid NOT NULL,
    PRIMARY KEY (city, stakeholder_id, need_id)
);
CREATE INDEX need_receiver_of ON need_receiver (city, need_id);

CREATE TABLE offer (
    city text NOT NULL,
    offer_id uuid NOT NULL,
    version integer NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'withdrawn', 'expired')),
    stakeholder_id uuid NOT NULL,
    answers_need_id uuid,
    snapshot jsonb NOT NULL,
    words text[] NOT NULL,
    PRIMARY KEY (city, offer_id)
);
CREATE INDEX offer_by_giver ON offer (city, stakeholder_id);
CREATE INDEX offer_by_need ON offer (city, answers_need_id) WHERE answers_need_id IS NOT NULL;

CREATE TABLE priorities (
    city text NOT NULL,
    priorities_id uuid NOT NULL,
    version integer NOT NULL,
    valid_from date NOT NULL,
    valid_to date NOT NULL,
    weights jsonb NOT NULL,
    PRIMARY KEY (city, priorities_id)
);

CREATE TABLE neighbourhood_indicator (
    city text NOT NULL,
    indicators_id uuid NOT NULL,
    version integer NOT NULL,
    name text NOT NULL,
    readings jsonb NOT NULL,
    loaded_at timestamptz NOT NULL,
    PRIMARY KEY (city, indicators_id)
);

-- The ledger. Balances are sums of postings: nothing else changes them, and what is not allowed cannot be stored.

CREATE TABLE ledger_line (
    city text NOT NULL,
    subject_id uuid NOT NULL,
    line integer NOT NULL CHECK (line >= 0),
    line_of text NOT NULL CHECK (line_of IN ('need', 'offer')),
    kind text NOT NULL,
    unit text NOT NULL,
    capability text,
    open_ended boolean NOT NULL,
    -- The need or offer is open and, for an offer, its giver was checked.
    listed boolean NOT NULL,
    version integer NOT NULL DEFAULT 0,
    total numeric(18, 3) NOT NULL DEFAULT 0 CHECK (total >= 0),
    free numeric(18, 3) NOT NULL DEFAULT 0 CHECK (free >= 0),
    reserved numeric(18, 3) NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    committed numeric(18, 3) NOT NULL DEFAULT 0 CHECK (committed >= 0),
    delivered numeric(18, 3) NOT NULL DEFAULT 0 CHECK (delivered >= 0),
    shortfall numeric(18, 3) NOT NULL DEFAULT 0 CHECK (shortfall >= 0),
    matchable boolean GENERATED ALWAYS AS (listed AND (open_ended OR free > 0)) STORED,
    PRIMARY KEY (city, subject_id, line),
    CONSTRAINT conserved CHECK (total + shortfall = free + reserved + committed + delivered),
    CONSTRAINT nothing_free_in_shortfall CHECK (shortfall = 0 OR free = 0),
    CONSTRAINT starts_empty CHECK (version > 0 OR (total = 0 AND reserved = 0 AND committed = 0 AND delivered = 0)),
    CONSTRAINT open_ended_has_no_rest CHECK (NOT open_ended OR (free = 0 AND shortfall = 0))
);
CREATE INDEX ledger_line_candidates ON ledger_line (city, line_of, kind, unit, subject_id DESC) WHERE matchable;
CREATE INDEX ledger_line_capabilities ON ledger_line (city, capability, subject_id DESC)
    WHERE matchable AND line_of = 'offer' AND capability IS NOT NULL;

CREATE TABLE posting (
    city text NOT NULL,
    posting_id bigint GENERATED ALWAYS AS IDENTITY,
    subject_id uuid NOT NULL,
    line integer NOT NULL,
    entry text NOT NULL CHECK (entry IN ('open', 'resize', 'reserve', 'commit', 'deliver', 'release_reserved',
        'release_committed', 'undeliver', 'take_back')),
    total numeric(18, 3) NOT NULL,
    free numeric(18, 3) NOT NULL,
    reserved numeric(18, 3) NOT NULL,
    committed numeric(18, 3) NOT NULL,
    delivered numeric(18, 3) NOT NULL,
    shortfall numeric(18, 3) NOT NULL,
    match_id uuid,
    allocation integer,
    posted_at timestamptz NOT NULL,
    PRIMARY KEY (city, posting_id),
    FOREIGN KEY (city, subject_id, line) REFERENCES ledger_line (city, subject_id, line),
    CONSTRAINT conserving CHECK (total + shortfall = free + reserved + committed + delivered),
    -- Only a cut of what is asked or offered may leave more allocated than there is.
    CONSTRAINT only_a_cut_falls_short CHECK (entry = 'resize' OR shortfall <= 0),
    CONSTRAINT of_a_match CHECK ((entry IN ('open', 'resize')) = (match_id IS NULL)),
    CONSTRAINT of_an_allocation CHECK ((match_id IS NULL) = (allocation IS NULL))
);
CREATE INDEX posting_by_line ON posting (city, subject_id, line, posting_id);
CREATE INDEX posting_by_match ON posting (city, match_id) WHERE match_id IS NOT NULL;

CREATE FUNCTION apply_postings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE ledger_line AS line SET
        version = line.version + 1,
        total = line.total + change.total,
        free = line.free + change.free,
        reserved = line.reserved + change.reserved,
        committed = line.committed + change.committed,
        delivered = line.delivered + change.delivered,
        shortfall = line.shortfall + change.shortfall
    FROM (
        SELECT city, subject_id, posted.line, sum(total) AS total, sum(free) AS free, sum(reserved) AS reserved,
            sum(committed) AS committed, sum(delivered) AS delivered, sum(shortfall) AS shortfall
        FROM posted GROUP BY city, subject_id, posted.line
    ) AS change
    WHERE line.city = change.city AND line.subject_id = change.subject_id AND line.line = change.line;
    RETURN NULL;
END $$;
CREATE TRIGGER posting_applies AFTER INSERT ON posting
    REFERENCING NEW TABLE AS posted FOR EACH STATEMENT EXECUTE FUNCTION apply_postings();

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only: post the difference instead' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER posting_is_final BEFORE UPDATE OR DELETE ON posting FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER posting_stays BEFORE TRUNCATE ON posting FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- Depth 0 is a statement of the service; the postings' own update runs inside their trigger.
CREATE TRIGGER balance_by_posting BEFORE UPDATE OF total, free, reserved, committed, delivered, shortfall ON ledger_line
    FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION refuse_change();

-- Matches: decisions, never rebuilt.

CREATE TABLE match (
    city text NOT NULL,
    match_id uuid NOT NULL,
    version integer NOT NULL CHECK (version >= 1),
    state text NOT NULL CHECK (state IN ('proposed', 'accepted', 'declined', 'expired', 'released')),
    need_id uuid NOT NULL,
    set_key text NOT NULL,
    basis text NOT NULL,
    need_title text NOT NULL,
    department text NOT NULL,
    with_departments text[] NOT NULL,
    policy_area text NOT NULL,
    triangulation boolean NOT NULL,
    answers boolean NOT NULL,
    score double precision NOT NULL CHECK (score BETWEEN 0 AND 1),
    rules_version text NOT NULL,
    reasons jsonb NOT NULL,
    account_manager_id text,
    beneficiaries text,
    expected_return text NOT NULL CHECK (expected_return IN ('none', 'visibility')),
    -- Far in the future when the need has no deadline, so that one index gives the order of urgency.
    due_on date NOT NULL,
    proposed_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    reason_code text,
    closed_at timestamptz,
    PRIMARY KEY (city, match_id),
    CONSTRAINT closed_with_reason CHECK (
        (state IN ('declined', 'expired', 'released')) = (closed_at IS NOT NULL AND reason_code IS NOT NULL)
    )
);
CREATE UNIQUE INDEX match_one_open_per_set ON match (city, need_id, set_key) WHERE state IN ('proposed', 'accepted');
CREATE INDEX match_by_need ON match (city, need_id);
CREATE INDEX match_by_urgency ON match (city, due_on, score DESC, match_id);
CREATE INDEX match_expiring ON match (expires_at) WHERE state = 'proposed';

CREATE TABLE match_party (
    city text NOT NULL,
    match_id uuid NOT NULL,
    party_id text NOT NULL,
    position integer NOT NULL,
    role text NOT NULL CHECK (role IN ('department', 'giver', 'receiver')),
    department text,
    stakeholder_id uuid,
    name text NOT NULL,
    account_manager_id text,
    partners jsonb NOT NULL,
    consent text NOT NULL CHECK (consent IN ('pending', 'given', 'declined')),
    channel text CHECK (channel IN ('own', 'telephone', 'letter', 'email', 'meeting')),
    note text,
    decided_by text,
    decided_at timestamptz,
    PRIMARY KEY (city, match_id, party_id),
    UNIQUE (city, match_id, position),
    FOREIGN KEY (city, match_id) REFERENCES match (city, match_id),
    CHECK ((department IS NULL) <> (stakeholder_id IS NULL)),
    CHECK ((consent = 'pending') = (decided_at IS NULL)),
    -- Whoever speaks for somebody else notes how they know.
    CHECK (consent = 'pending' OR channel = 'own' OR note IS NOT NULL)
);
CREATE INDEX match_party_by_stakeholder ON match_party (city, stakeholder_id, match_id) WHERE stakeholder_id IS NOT NULL;

CREATE TABLE match_allocation (
    city text NOT NULL,
    match_id uuid NOT NULL,
    position integer NOT NULL,
    offer_id uuid NOT NULL,
    offer_line integer NOT NULL,
    need_line integer,
    stakeholder_id uuid NOT NULL,
    kind text NOT NULL,
    capability text,
    quantity numeric(18, 3) NOT NULL CHECK (quantity > 0),
    unit text NOT NULL,
    recurrence jsonb,
    value_cents bigint,
    description text,
    to_agree boolean NOT NULL,
    offer_version integer NOT NULL,
    reserved numeric(18, 3) NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    committed numeric(18, 3) NOT NULL DEFAULT 0 CHECK (committed >= 0),
    delivered numeric(18, 3) NOT NULL DEFAULT 0 CHECK (delivered >= 0),
    recorded numeric(18, 3) NOT NULL DEFAULT 0,
    PRIMARY KEY (city, match_id, position),
    FOREIGN KEY (city, match_id) REFERENCES match (city, match_id),
    CHECK (reserved + committed + delivered <= quantity),
    CHECK (NOT to_agree OR reserved + committed + delivered = 0)
);
CREATE INDEX match_allocation_by_offer ON match_allocation (city, offer_id, match_id);

-- What has to be looked at again because a line, an offer, a need or a stakeholder changed; a job takes it from here.
CREATE TABLE revision (
    city text NOT NULL,
    subject text NOT NULL CHECK (subject IN ('need', 'offer')),
    subject_id uuid NOT NULL,
    -- Something became free or new: look for further proposals, not only at the open ones.
    widen boolean NOT NULL,
    -- A further change while the job is at work must not be lost.
    ticket bigint GENERATED ALWAYS AS IDENTITY,
    since timestamptz NOT NULL,
    PRIMARY KEY (city, subject, subject_id, ticket)
);
CREATE INDEX revision_queue ON revision (ticket);
