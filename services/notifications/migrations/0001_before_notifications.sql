-- The story of every case (a projection: `sportello replay notifications cases` rebuilds it from the log)
-- and the work it asks of people (decisions: never replayed).

CREATE TABLE timeline_entry (
    city text NOT NULL,
    source text NOT NULL,
    event_id text NOT NULL,
    thread uuid NOT NULL,
    happened_at timestamptz NOT NULL,
    event_type text NOT NULL,
    aggregate_version integer,
    reach text NOT NULL CHECK (reach IN ('case', 'own')),
    match_id uuid,
    stakeholder_ids uuid[] NOT NULL,
    department text,
    ids jsonb NOT NULL,
    facts jsonb NOT NULL,
    PRIMARY KEY (city, source, event_id)
);
CREATE INDEX timeline_entry_thread ON timeline_entry (city, thread, happened_at);

-- A case tells its own thread and those linked to it: offers, organisations, rejected submissions.
CREATE TABLE thread_link (
    city text NOT NULL,
    case_id uuid NOT NULL,
    thread uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('offer', 'stakeholder', 'submission')),
    PRIMARY KEY (city, case_id, thread)
);
CREATE INDEX thread_link_thread ON thread_link (city, thread);

-- Version 0: known from a match only; -1: only its end is known so far. The need's own events overrule both.
CREATE TABLE case_file (
    city text NOT NULL,
    case_id uuid NOT NULL,
    version integer NOT NULL DEFAULT -1,
    title text,
    department text,
    with_departments text[] NOT NULL DEFAULT '{}',
    policy_area text,
    account_manager_id text,
    state_version integer NOT NULL DEFAULT 0,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'withdrawn', 'expired', 'fulfilled')),
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (city, case_id),
    CHECK (version < 0 OR (title IS NOT NULL AND department IS NOT NULL)),
    CHECK (first_at <= last_at)
);
CREATE INDEX case_file_latest ON case_file (city, last_at DESC, case_id);
CREATE INDEX case_file_manager ON case_file (city, account_manager_id);

CREATE TABLE stakeholder_card (
    city text NOT NULL,
    stakeholder_id uuid NOT NULL,
    version integer NOT NULL DEFAULT 0,
    name text,
    manager_version integer NOT NULL DEFAULT 0,
    account_manager_id text,
    covered_by text,
    PRIMARY KEY (city, stakeholder_id)
);
CREATE INDEX stakeholder_card_cover ON stakeholder_card (city, covered_by) WHERE covered_by IS NOT NULL;

CREATE TABLE match_card (
    city text NOT NULL,
    match_id uuid NOT NULL,
    version integer NOT NULL,
    case_id uuid NOT NULL,
    stakeholder_ids uuid[] NOT NULL,
    PRIMARY KEY (city, match_id)
);

-- The memory behind the items: the highest mark at which each part was opened and settled. Part 0 stands for all.
CREATE TABLE work_part (
    city text NOT NULL,
    kind text NOT NULL,
    subject uuid NOT NULL,
    part uuid NOT NULL,
    opened bigint NOT NULL CHECK (opened >= 0),
    settled bigint NOT NULL CHECK (settled >= 0),
    audience text,
    case_id uuid,
    account_manager_id text,
    stakeholder_ids uuid[] NOT NULL DEFAULT '{}',
    facts jsonb,
    opened_at timestamptz,
    due_at timestamptz,
    progress_mark bigint NOT NULL DEFAULT 0,
    progress jsonb NOT NULL,
    PRIMARY KEY (city, kind, subject, part),
    CHECK ((opened > 0) = (audience IS NOT NULL)),
    CHECK ((opened > 0) = (facts IS NOT NULL AND opened_at IS NOT NULL AND due_at IS NOT NULL))
);

-- One item per kind, subject and queue: whatever happens, nobody is told the same thing twice.
CREATE TABLE work_item (
    city text NOT NULL,
    item_id uuid NOT NULL,
    kind text NOT NULL,
    subject uuid NOT NULL,
    audience text NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version >= 1),
    urgency smallint NOT NULL CHECK (urgency BETWEEN 0 AND 3),
    parts integer NOT NULL CHECK (parts >= 0),
    case_id uuid,
    account_manager_id text,
    stakeholder_ids uuid[] NOT NULL,
    opened_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    settled_at timestamptz,
    taken_by text,
    done_by text,
    done_at timestamptz,
    snoozed_until timestamptz,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (city, item_id),
    UNIQUE (city, kind, subject, audience),
    CHECK ((parts = 0) = (settled_at IS NOT NULL)),
    CHECK ((done_by IS NULL) = (done_at IS NULL))
);
CREATE INDEX work_item_open ON work_item (city, audience, due_at) WHERE parts > 0 AND done_at IS NULL;
CREATE INDEX work_item_finished ON work_item (city, audience, changed_at DESC) WHERE parts = 0 OR done_at IS NOT NULL;
CREATE INDEX work_item_changed ON work_item (changed_at);
CREATE INDEX work_item_case ON work_item (city, case_id);
