-- A postponed proposal is nobody's task until it comes back by itself, and deadlines move with decisions.
-- `moved` is the mark of the last event that gave a part other times.
ALTER TABLE work_part
    ADD COLUMN moved bigint NOT NULL DEFAULT 0 CHECK (moved >= 0),
    ADD COLUMN sleeps_until timestamptz,
    ADD COLUMN moved_due timestamptz,
    ADD CHECK (moved > 0 OR (sleeps_until IS NULL AND moved_due IS NULL));

-- What events put off, beside what a person did (snoozed_until): it changes only when theirs does.
ALTER TABLE work_item ADD COLUMN sleeps_until timestamptz;
