-- What the public does not see of an agreement, as the Legal Office last said. Kept apart from the plan: it may be hidden
-- before it is signed. Made of events alone, so that it can be rebuilt from the log.
CREATE TABLE disclosure (
    city text NOT NULL,
    agreement_id uuid NOT NULL,
    version integer NOT NULL CHECK (version >= 1),
    hidden text[] NOT NULL CHECK (hidden <@ ARRAY['subject', 'parties']),
    PRIMARY KEY (city, agreement_id)
);
