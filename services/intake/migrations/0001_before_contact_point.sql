-- Intake: needs, offers, stakeholders, who guides them, what steers the matching, and submissions that were refused.
-- Personal data live in `contact` (and in free notes of account managers: `offer.on_behalf_note`), nowhere else.

CREATE TABLE department (
    city text NOT NULL,
    code text NOT NULL CHECK (code ~ '^[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?$'),
    name text NOT NULL CHECK (name <> ''),
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (city, code)
);

CREATE TABLE account_manager (
    city text NOT NULL,
    subject text NOT NULL,
    active boolean NOT NULL,
    policy_areas text[] NOT NULL DEFAULT '{}',
    away_until timestamptz,
    covered_by text,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (city, subject),
    FOREIGN KEY (city, covered_by) REFERENCES account_manager (city, subject),
    CHECK (covered_by IS NULL OR away_until IS NOT NULL),
    CHECK (covered_by <> subject)
);

-- How many stakeholders and open needs each holds, in slots by connection: one row per account manager would make
-- every registration wait for the one before.
CREATE TABLE account_manager_load (
    city text NOT NULL,
    subject text NOT NULL,
    slot smallint NOT NULL,
    held bigint NOT NULL,
    PRIMARY KEY (city, subject, slot),
    FOREIGN KEY (city, subject) REFERENCES account_manager (city, subject)
) WITH (fillfactor = 50);

CREATE TABLE stakeholder (
    city text NOT NULL,
    stakeholder_id uuid NOT NULL,
    version integer NOT NULL CHECK (version >= 1),
    name text NOT NULL CHECK (name <> ''),
    stakeholder_type text NOT NULL CHECK (stakeholder_type IN
        ('company', 'foundation', 'association', 'university', 'school', 'public_body', 'department')),
    external_ref text,
    vetting text NOT NULL DEFAULT 'pending' CHECK (vetting IN ('pending', 'approved', 'refused')),
    vetting_reason text,
    vetting_valid_until timestamptz,
    vetted_by text,
    vetted_at timestamptz,
    account_manager_id text,
    covered_by text,
    registered_by text NOT NULL,
    registered_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (city, stakeholder_id),
    UNIQUE (city, external_ref),
    FOREIGN KEY (city, account_manager_id) REFERENCES account_manager (city, subject),
    CHECK ((vetting = 'pending') = (vetted_at IS NULL)),
    CHECK (vetting <> 'refused' OR vetting_reason IS NOT NULL),
    CHECK (covered_by IS NULL OR account_manager_id IS NOT NULL)
);
CREATE INDEX stakeholder_unassigned ON stakeholder (city, stakeholder_id) WHERE account_manager_id IS NULL;
CREATE INDEX stakeholder_account_manager ON stakeholder (city, account_manager_id);
CREATE INDEX stakeholder_vetting ON stakeholder (city, vetting, stakeholder_id);

CREATE TABLE contact (
    city text NOT NULL,
    stakeholder_id uuid NOT NULL,
    name text NOT NULL,
    email text,
    phone text,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (city, stakeholder_id),
    FOREIGN KEY (city, stakeholder_id) REFERENCES stakeholder (city, stakeholder_id) ON DELETE CASCADE,
    CHECK (email IS NOT NULL OR phone IS NOT NULL)
);

CREATE TABLE need (
    city text NOT NULL,
    need_id uuid NOT NULL,
    version integer NOT NULL CHECK (version >= 1),
    state text NOT NULL CHECK (state IN ('open', 'fulfilled', 'withdrawn', 'expired')),
    department text NOT NULL,
    external_ref text,
    policy_area text NOT NULL,
    valid_until timestamptz,
    account_manager_id text,
    content jsonb NOT NULL CHECK (jsonb_array_length(content -> 'lines') BETWEEN 1 AND 50),
    -- What the department sent last: the same again is a repetition, anything else a change.
    submitted_digest text NOT NULL,
    closing_reason text,
    registered_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    search tsvector GENERATED ALWAYS AS (to_tsvector('italian'::regconfig,
        (content ->> 'title') || ' ' || coalesce(content ->> 'description', '') || ' '
        || coalesce(content ->> 'beneficiaries', ''))) STORED,
    PRIMARY KEY (city, need_id),
    UNIQUE (city, department, external_ref),
    FOREIGN KEY (city, department) REFERENCES department (city, code),
    FOREIGN KEY (city, account_manager_id) REFERENCES account_manager (city, subject),
    CHECK (content ->> 'department' = department),
    CHECK (state <> 'expired' OR valid_until IS NOT NULL)
);
CREATE INDEX need_by_state ON need (city, state, need_id DESC);
CREATE INDEX need_search ON need USING gin (search);
CREATE INDEX need_due ON need (valid_until) WHERE state = 'open' AND valid_until IS NOT NULL;
CREATE INDEX need_unassigned ON need (city, need_id) WHERE state = 'open' AND account_manager_id IS NULL;
CREATE INDEX need_account_manager ON need (city, account_manager_id) WHERE state = 'open';

CREATE TABLE offer (
    city text NOT NULL,
    offer_id uuid NOT NULL,
    version integer NOT NULL CHECK (version >= 1),
    state text NOT NULL CHECK (state IN ('open', 'withdrawn', 'expired')),
    stakeholder_id uuid NOT NULL,
    external_ref text,
    answers_need_id uuid,
    valid_until timestamptz,
    content jsonb NOT NULL CHECK (jsonb_array_length(content -> 'lines') BETWEEN 1 AND 50),
    submitted_digest text NOT NULL,
    on_behalf_note text,
    closing_reason text,
    received_by text NOT NULL,
    received_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (city, offer_id),
    UNIQUE (city, stakeholder_id, external_ref),
    FOREIGN KEY (city, stakeholder_id) REFERENCES stakeholder (city, stakeholder_id),
    FOREIGN KEY (city, answers_need_id) REFERENCES need (city, need_id),
    CHECK (content ->> 'stakeholder_id' = stakeholder_id::text),
    CHECK (state <> 'expired' OR valid_until IS NOT NULL)
);
CREATE INDEX offer_by_stakeholder ON offer (city, stakeholder_id, offer_id DESC);
CREATE INDEX offer_by_need ON offer (city, answers_need_id, offer_id DESC) WHERE answers_need_id IS NOT NULL;
CREATE INDEX offer_due ON offer (valid_until) WHERE state = 'open' AND valid_until IS NOT NULL;

-- Balances of the ledger, as matching says them.
CREATE TABLE line_balance (
    city text NOT NULL,
    subject_id uuid NOT NULL,
    line integer NOT NULL CHECK (line >= 0),
    line_of text NOT NULL CHECK (line_of IN ('need', 'offer')),
    version integer NOT NULL,
    unit text NOT NULL,
    total numeric(15, 3) NOT NULL,
    free numeric(15, 3) NOT NULL,
    reserved numeric(15, 3) NOT NULL,
    committed numeric(15, 3) NOT NULL,
    delivered numeric(15, 3) NOT NULL,
    shortfall numeric(15, 3) NOT NULL,
    open_ended boolean NOT NULL,
    PRIMARY KEY (city, subject_id, line)
);

CREATE TABLE priorities (
    city text NOT NULL,
    priorities_id uuid NOT NULL,
    valid_from date NOT NULL,
    valid_to date NOT NULL,
    weights jsonb NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL,
    PRIMARY KEY (city, priorities_id),
    CHECK (valid_to >= valid_from)
);

CREATE TABLE neighbourhood_indicators (
    city text NOT NULL,
    indicators_id uuid NOT NULL,
    name text NOT NULL,
    source text NOT NULL,
    readings jsonb NOT NULL,
    loaded_by text NOT NULL,
    loaded_at timestamptz NOT NULL,
    PRIMARY KEY (city, indicators_id)
);

-- Submissions that could not be taken. `answer_key` is the key of the answer on the bus, `answer` its running number.
CREATE TABLE rejected_submission (
    city text NOT NULL,
    rejection_id uuid NOT NULL,
    answer_key text NOT NULL,
    answer integer NOT NULL CHECK (answer >= 1),
    submission_id text NOT NULL,
    submission_source text NOT NULL,
    submission_type text NOT NULL,
    external_ref text,
    department text,
    errors jsonb NOT NULL CHECK (jsonb_array_length(errors) >= 1),
    rejected_at timestamptz NOT NULL,
    PRIMARY KEY (city, rejection_id),
    UNIQUE (city, answer_key, answer)
);
CREATE INDEX rejected_submission_by_department ON rejected_submission (city, department, rejection_id DESC);
