-- The toolkit that the Legal Office edits, and what is added to files.

-- Who must do the next step of a file by when; the file's content says which step. Lists sort and filter by them.
ALTER TABLE agreement ADD COLUMN due_on date, ADD COLUMN owner text;
-- Files from before: the usual step of their state, as if it had begun with the last change; the next change says it exactly.
UPDATE agreement SET
    owner = CASE state WHEN 'drafted' THEN 'account_manager' WHEN 'approved' THEN 'partner' WHEN 'signing' THEN 'partner'
        WHEN 'signed' THEN 'department' WHEN 'active' THEN 'department' ELSE 'legal' END,
    due_on = CASE WHEN state IN ('signed', 'active') THEN (content ->> 'valid_to')::date
        ELSE (updated_at AT TIME ZONE 'Europe/Rome')::date + CASE state WHEN 'drafted' THEN 15 WHEN 'in_review' THEN 10
            WHEN 'suspended' THEN 30 ELSE 15 END END
    WHERE state NOT IN ('completed', 'rejected', 'terminated');
CREATE INDEX agreement_by_deadline ON agreement (city, due_on, agreement_id) WHERE due_on IS NOT NULL;
CREATE INDEX agreement_by_owner ON agreement (city, owner, due_on, agreement_id) WHERE owner IS NOT NULL;

-- A city's version of an instrument while it is written: one at a time, revision = entity tag.
CREATE TABLE instrument_draft (
    city text NOT NULL,
    code text NOT NULL,
    based_on integer NOT NULL CHECK (based_on >= 1),
    revision integer NOT NULL CHECK (revision >= 1),
    record jsonb NOT NULL,
    reason text NOT NULL,
    opened_at timestamptz NOT NULL,
    opened_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    PRIMARY KEY (city, code)
);

-- A published version that was taken back before its first day; the version itself stays.
CREATE TABLE instrument_withdrawal (
    city text NOT NULL,
    code text NOT NULL,
    version integer NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (city, code, version),
    FOREIGN KEY (city, code, version) REFERENCES instrument (city, code, version)
);

-- Who did what to an instrument, when and why; `actor` is an account's subject.
CREATE TABLE instrument_history (
    city text NOT NULL,
    code text NOT NULL,
    position integer GENERATED ALWAYS AS IDENTITY,
    version integer NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    act text NOT NULL CHECK (act IN ('drafted', 'edited', 'discarded', 'published', 'withdrawn')),
    note text NOT NULL,
    PRIMARY KEY (city, code, position)
);
CREATE TRIGGER instrument_withdrawal_append_only BEFORE UPDATE OR DELETE ON instrument_withdrawal
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER instrument_history_append_only BEFORE UPDATE OR DELETE ON instrument_history
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- What people say to each other about a file. Words that were taken back are gone; that there were some is not.
CREATE TABLE comment (
    city text NOT NULL,
    agreement_id uuid NOT NULL,
    comment_id uuid NOT NULL,
    reply_to uuid,
    at timestamptz NOT NULL,
    author text NOT NULL,
    author_role text NOT NULL,
    party_id text,                            -- the party a partner speaks for
    audience text NOT NULL CHECK (audience IN ('city', 'parties')),
    words text,
    retracted_at timestamptz,
    retracted_by text,
    PRIMARY KEY (city, comment_id),
    UNIQUE (city, agreement_id, comment_id),
    FOREIGN KEY (city, agreement_id) REFERENCES agreement (city, agreement_id),
    -- An answer belongs to the same file.
    FOREIGN KEY (city, agreement_id, reply_to) REFERENCES comment (city, agreement_id, comment_id),
    CHECK ((words IS NULL) = (retracted_at IS NOT NULL)),
    CHECK ((retracted_at IS NULL) = (retracted_by IS NULL))
);
CREATE INDEX comment_by_time ON comment (city, agreement_id, at, comment_id);
