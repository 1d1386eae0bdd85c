-- Public notices, what of the register is hidden or erased, and the register's daily documents.

-- A notice's words never change: a correction is another notice, a withdrawal stays visible.
CREATE TABLE public_notice (
    city text NOT NULL,
    notice_id uuid NOT NULL,
    agreement_id uuid NOT NULL,
    term text NOT NULL,                       -- the waiting period that counts from it
    instrument text NOT NULL,
    state text NOT NULL CHECK (state IN ('published', 'corrected', 'withdrawn')),
    published_on date NOT NULL,
    until date NOT NULL,                      -- its last day; whoever waits may go on from then
    words jsonb NOT NULL,                     -- title, text and where to write, in both languages
    link text,                                -- where it was published, if not here
    replaces uuid,
    reason text,                              -- of the correction or withdrawal
    made_at timestamptz NOT NULL,
    made_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (city, notice_id),
    FOREIGN KEY (city, agreement_id) REFERENCES agreement (city, agreement_id),
    FOREIGN KEY (city, replaces) REFERENCES public_notice (city, notice_id),
    CHECK (until >= published_on),
    CHECK ((state = 'published') = (reason IS NULL))
);
-- A waiting period counts from one notice at a time.
CREATE UNIQUE INDEX public_notice_standing ON public_notice (city, agreement_id, term) WHERE state = 'published';
CREATE INDEX public_notice_by_day ON public_notice (city, published_on DESC, notice_id DESC);

CREATE FUNCTION refuse_rewording() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (to_jsonb(NEW) - '{state,reason,changed_at}'::text[])
        IS DISTINCT FROM (to_jsonb(OLD) - '{state,reason,changed_at}'::text[]) THEN
        RAISE EXCEPTION 'a public notice is corrected by another one' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER public_notice_stands BEFORE UPDATE OR DELETE ON public_notice
    FOR EACH ROW EXECUTE FUNCTION refuse_rewording();

-- What of an agreement is not shown to the public. `hidden` can be undone; `erased` can not: the words are gone.
CREATE TABLE redaction (
    city text NOT NULL,
    agreement_id uuid NOT NULL,
    name text NOT NULL CHECK (name IN ('subject', 'parties')),
    level text NOT NULL CHECK (level IN ('hidden', 'erased')),
    reason text NOT NULL,                     -- for the desk; the public sees only the basis
    basis text NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    PRIMARY KEY (city, agreement_id, name),
    FOREIGN KEY (city, agreement_id) REFERENCES agreement (city, agreement_id)
);
CREATE FUNCTION refuse_unerasing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.level = 'erased' THEN
        RAISE EXCEPTION 'what was erased stays erased' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER redaction_of_erased BEFORE UPDATE OR DELETE ON redaction
    FOR EACH ROW EXECUTE FUNCTION refuse_unerasing();

-- An advantage is published in the register before it takes effect.
ALTER TABLE register_entry DROP CONSTRAINT register_entry_act_check;
ALTER TABLE register_entry ADD CONSTRAINT register_entry_act_check
    CHECK (act IN ('registered', 'signed', 'published', 'amended', 'rejected', 'terminated', 'completed', 'expired'));

-- The daily register document: one per city and day, also of days without entries, each chained to the one before.
CREATE TABLE register_day (
    city text NOT NULL,
    day date NOT NULL,
    last integer NOT NULL CHECK (last >= 0),  -- position of the last entry up to and including this document
    entries integer NOT NULL CHECK (entries >= 0),
    head text NOT NULL,                       -- hash of the entry at `last`
    document_sha256 text NOT NULL,
    made_at timestamptz NOT NULL,
    previous text NOT NULL,
    hash text NOT NULL,
    document bytea NOT NULL,
    PRIMARY KEY (city, day),
    CHECK (entries <= last)
);
CREATE TRIGGER register_day_append_only BEFORE UPDATE OR DELETE ON register_day
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE INDEX register_entry_by_time ON register_entry (city, entered_at);
CREATE INDEX agreement_public ON agreement (city, updated_at) WHERE protocol_number IS NOT NULL;
-- The register is searched by it.
ALTER TABLE agreement ADD COLUMN policy_area text GENERATED ALWAYS AS (content ->> 'policy_area') STORED;
