-- Plans of the global allocation: advice, kept with what it was made from. Only adopting one makes proposals.

CREATE TABLE plan (
    city text NOT NULL,
    plan_id uuid NOT NULL,
    state text NOT NULL CHECK (state IN ('queued', 'running', 'done', 'cancelled', 'failed')),
    -- The account that asked, or the name of the schedule.
    requested_by text NOT NULL,
    requested_at timestamptz NOT NULL,
    -- The day of a plan that the schedule asked for: one a day, however many instances there are.
    scheduled_for date,
    parameters jsonb NOT NULL,
    phase text NOT NULL CHECK (phase IN ('waiting', 'reading', 'candidates', 'solving', 'comparing', 'saving', 'over')),
    progress double precision NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 1),
    attempts integer NOT NULL DEFAULT 0,
    worker uuid,
    lease_until timestamptz,
    started_at timestamptz,
    finished_at timestamptz,
    rules_version text,
    value double precision,
    bound double precision,
    summary jsonb,
    -- What was solved, so that one choice can be insisted on later in the same situation.
    problem bytea,
    failure text,
    PRIMARY KEY (city, plan_id),
    CONSTRAINT running_has_a_worker CHECK ((state = 'running') = (worker IS NOT NULL AND lease_until IS NOT NULL)),
    CONSTRAINT over_has_an_end CHECK ((state IN ('done', 'cancelled', 'failed')) = (finished_at IS NOT NULL)),
    CONSTRAINT done_has_a_result CHECK (
        state <> 'done' OR (value IS NOT NULL AND bound IS NOT NULL AND rules_version IS NOT NULL
            AND summary IS NOT NULL AND problem IS NOT NULL)),
    CONSTRAINT bounded CHECK (value <= bound),
    CONSTRAINT failed_says_why CHECK ((state = 'failed') = (failure IS NOT NULL))
);
CREATE INDEX plan_newest ON plan (city, requested_at DESC, plan_id);
CREATE INDEX plan_to_do ON plan (requested_at) WHERE state IN ('queued', 'running');
CREATE UNIQUE INDEX plan_once_a_day ON plan (city, scheduled_for) WHERE scheduled_for IS NOT NULL;

CREATE TABLE plan_allocation (
    city text NOT NULL,
    plan_id uuid NOT NULL,
    position integer NOT NULL,
    need_id uuid NOT NULL,
    need_line integer NOT NULL,
    offer_id uuid NOT NULL,
    offer_line integer NOT NULL,
    need_title text NOT NULL,
    offer_title text NOT NULL,
    giver text NOT NULL,
    department text NOT NULL,
    policy_area text NOT NULL,
    nil integer,
    kind text NOT NULL,
    unit text NOT NULL,
    asked numeric(18, 3),
    -- 0 for what is proposed today and not in the plan.
    quantity numeric(18, 3) NOT NULL CHECK (quantity >= 0),
    value double precision NOT NULL,
    score double precision NOT NULL,
    reasons jsonb NOT NULL,
    -- Offer lines that bring what the need requires: {"offer", "line", "capability", "quantity"}.
    capabilities jsonb NOT NULL,
    change text NOT NULL CHECK (change IN ('new', 'kept', 'other_quantity', 'dropped')),
    -- Today's open proposal for the same two lines and its quantity (NULL: to be agreed).
    today_match_id uuid,
    today numeric(18, 3),
    proposed_as uuid,
    -- Why it could not be proposed when somebody wanted all of the plan.
    not_proposed text CHECK (not_proposed IS NULL OR proposed_as IS NULL),
    PRIMARY KEY (city, plan_id, position),
    FOREIGN KEY (city, plan_id) REFERENCES plan (city, plan_id) ON DELETE CASCADE,
    CHECK ((change = 'dropped') = (quantity = 0)),
    CHECK ((change = 'new') = (today_match_id IS NULL))
);
CREATE INDEX plan_allocation_by_change ON plan_allocation (city, plan_id, change, position);

-- Proposed from a plan: its quantities may be smaller than what both sides have, and it stays as it is while they do.
ALTER TABLE match ADD COLUMN planned boolean NOT NULL DEFAULT false;
