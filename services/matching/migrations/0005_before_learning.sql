-- What decisions taught the ranking. Weights of a number never change; which ones are in use is a history of its own.
CREATE TABLE learned_ranking (
    city text NOT NULL,
    number integer NOT NULL CHECK (number >= 1),
    -- Of the rules whose weights were the starting point; learned weights count only as long as these rules do.
    rules_version text NOT NULL,
    weights jsonb NOT NULL,
    fitted_at timestamptz NOT NULL,
    fitted_by text NOT NULL,
    decisions integer NOT NULL CHECK (decisions > 0),
    accepted integer NOT NULL CHECK (accepted BETWEEN 0 AND decisions),
    held_out integer NOT NULL CHECK (held_out BETWEEN 0 AND decisions),
    loss_before double precision NOT NULL,
    loss_after double precision NOT NULL,
    auc_before double precision,
    auc_after double precision,
    PRIMARY KEY (city, number)
);
CREATE TABLE ranking_use (
    city text NOT NULL,
    use_id bigint GENERATED ALWAYS AS IDENTITY,
    -- NULL: the rules as they are written.
    number integer,
    since timestamptz NOT NULL,
    by text NOT NULL,
    reason text NOT NULL CHECK (reason <> ''),
    PRIMARY KEY (city, use_id),
    FOREIGN KEY (city, number) REFERENCES learned_ranking (city, number)
);
CREATE INDEX ranking_use_newest ON ranking_use (city, use_id DESC);
CREATE INDEX match_decided ON match (city, rules_version, closed_at DESC) WHERE state IN ('accepted', 'released', 'declined');
-- How often a giver said yes to a department.
CREATE INDEX match_party_that_decided ON match_party (city, stakeholder_id, match_id)
    WHERE role = 'giver' AND consent <> 'pending';
