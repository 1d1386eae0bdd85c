-- Decisions can be countered, put off and taken back, and a match can take the place of another.

ALTER TABLE match
    ADD COLUMN postponed_until timestamptz,
    ADD COLUMN replaces uuid,
    ADD COLUMN replaced_by uuid,
    ADD FOREIGN KEY (city, replaces) REFERENCES match (city, match_id),
    ADD FOREIGN KEY (city, replaced_by) REFERENCES match (city, match_id),
    -- Only what ended has a successor.
    ADD CONSTRAINT replaced_when_over CHECK (replaced_by IS NULL OR closed_at IS NOT NULL);
CREATE INDEX match_by_predecessor ON match (city, replaces) WHERE replaces IS NOT NULL;

-- The yes was said to the match that this one replaces.
ALTER TABLE match_party
    ADD COLUMN carried boolean NOT NULL DEFAULT false,
    ADD CHECK (NOT carried OR consent = 'given');

-- Open on both sides is no quantity at all. (Rows written before this still carry a 1 beside to_agree.)
ALTER TABLE match_allocation
    ALTER COLUMN quantity DROP NOT NULL,
    ADD CONSTRAINT open_or_said CHECK (to_agree OR quantity IS NOT NULL);

-- Checks of organisations lapse by themselves.
CREATE INDEX stakeholder_lapsing ON stakeholder (vetted_until) WHERE vetted_until IS NOT NULL;

-- What happened to a match, version by version. `before` is what a decision can be taken back to.
CREATE TABLE match_step (
    city text NOT NULL,
    match_id uuid NOT NULL,
    version integer NOT NULL CHECK (version > 1),
    act text NOT NULL CHECK (act IN ('consent', 'decline', 'counter', 'postpone', 'undo', 'expire', 'release')),
    at timestamptz NOT NULL,
    party_id text,
    by text,
    channel text CHECK (channel IN ('own', 'telephone', 'letter', 'email', 'meeting')),
    -- How somebody else knew, or why a decision was put off. It may name people and stays here.
    note text,
    reason_code text,
    before jsonb,
    undone boolean NOT NULL DEFAULT false,
    PRIMARY KEY (city, match_id, version),
    FOREIGN KEY (city, match_id) REFERENCES match (city, match_id),
    CHECK (before IS NULL OR act IN ('consent', 'decline', 'counter', 'postpone')),
    CHECK (NOT undone OR before IS NOT NULL)
);
