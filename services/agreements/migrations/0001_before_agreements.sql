-- Agreements: files, their documents, signatures, and the register.

-- One version of one instrument; a version never changes, it is followed by another.
CREATE TABLE instrument (
    city text NOT NULL,                       -- '*' = every city's starting point
    code text NOT NULL,
    version integer NOT NULL CHECK (version >= 1),
    valid_from date NOT NULL,
    record jsonb NOT NULL,
    added_at timestamptz NOT NULL DEFAULT now(),
    added_by text NOT NULL,
    PRIMARY KEY (city, code, version)
);

CREATE TABLE agreement (
    city text NOT NULL,
    agreement_id uuid NOT NULL,
    version integer NOT NULL CHECK (version >= 1),
    state text NOT NULL CHECK (state IN ('drafted', 'in_review', 'approved', 'signing', 'signed', 'active',
        'suspended', 'completed', 'rejected', 'terminated')),
    match_id uuid NOT NULL,
    need_id uuid NOT NULL,
    department text NOT NULL,
    stakeholder_ids uuid[] NOT NULL,
    account_manager_id text,
    title text NOT NULL,
    instrument text,
    protocol_year integer,
    protocol_number integer,
    valid_from date,
    drafted_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    content jsonb NOT NULL,                   -- the whole file; the columns above repeat what lists filter by
    PRIMARY KEY (city, agreement_id),
    -- A match has one file, however often its acceptance is delivered.
    UNIQUE (city, match_id),
    UNIQUE (city, protocol_year, protocol_number),
    CHECK ((protocol_year IS NULL) = (protocol_number IS NULL)),
    CHECK (state IN ('drafted', 'in_review', 'rejected') OR (protocol_number IS NOT NULL AND instrument IS NOT NULL)),
    CHECK (state NOT IN ('signed', 'active', 'suspended', 'completed', 'terminated') OR valid_from IS NOT NULL)
);
CREATE INDEX agreement_by_state ON agreement (city, state, updated_at DESC, agreement_id);
CREATE INDEX agreement_by_need ON agreement (city, need_id);
CREATE INDEX agreement_by_stakeholder ON agreement USING gin (stakeholder_ids);
CREATE INDEX agreement_due ON agreement (valid_from) WHERE state = 'signed';

-- What happened to a file, by whom (an account's subject, no personal data) and why.
CREATE TABLE history (
    city text NOT NULL,
    agreement_id uuid NOT NULL,
    position integer GENERATED ALWAYS AS IDENTITY,
    version integer NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    act text NOT NULL,
    note text,
    PRIMARY KEY (city, agreement_id, position),
    FOREIGN KEY (city, agreement_id) REFERENCES agreement (city, agreement_id)
);

-- Uploaded files; statements in words live in the file's content.
CREATE TABLE filed_document (
    city text NOT NULL,
    agreement_id uuid NOT NULL,
    document_id uuid NOT NULL,
    sha256 text NOT NULL,
    media_type text NOT NULL,
    name text NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (city, document_id),
    FOREIGN KEY (city, agreement_id) REFERENCES agreement (city, agreement_id)
);

-- Revision 0 is the approved document; each signature adds one.
CREATE TABLE document_revision (
    city text NOT NULL,
    agreement_id uuid NOT NULL,
    revision integer NOT NULL CHECK (revision >= 0),
    sha256 text NOT NULL,
    content bytea NOT NULL,
    made_at timestamptz NOT NULL,
    PRIMARY KEY (city, agreement_id, revision),
    FOREIGN KEY (city, agreement_id) REFERENCES agreement (city, agreement_id)
);

-- The register. The two heads are locked by whoever adds an entry, so that neither series can have a gap.
CREATE TABLE register_head (
    city text PRIMARY KEY,
    position integer NOT NULL,
    hash text NOT NULL
);
CREATE TABLE protocol_head (
    city text NOT NULL,
    year integer NOT NULL,
    number integer NOT NULL CHECK (number >= 1),
    PRIMARY KEY (city, year)
);
CREATE TABLE register_entry (
    city text NOT NULL,
    position integer NOT NULL CHECK (position >= 1),
    protocol_year integer NOT NULL,
    protocol_number integer NOT NULL CHECK (protocol_number >= 1),
    act text NOT NULL CHECK (act IN ('registered', 'signed', 'rejected', 'terminated', 'completed')),
    agreement_id uuid NOT NULL,
    entered_at timestamptz NOT NULL,
    instrument text NOT NULL,
    document_sha256 text NOT NULL,
    commitments jsonb NOT NULL,
    previous text NOT NULL,
    hash text NOT NULL,
    PRIMARY KEY (city, position),
    UNIQUE (city, protocol_year, protocol_number, act),
    FOREIGN KEY (city, agreement_id) REFERENCES agreement (city, agreement_id)
);
CREATE INDEX register_entry_by_agreement ON register_entry (city, agreement_id);
-- The words behind the commitments; a row may be erased, the chain stays valid.
CREATE TABLE register_disclosure (
    city text NOT NULL,
    position integer NOT NULL,
    name text NOT NULL,
    salt text NOT NULL,
    words text NOT NULL,
    PRIMARY KEY (city, position, name),
    FOREIGN KEY (city, position) REFERENCES register_entry (city, position)
);

-- What was registered or signed is never changed or deleted, whatever the program does.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER register_entry_append_only BEFORE UPDATE OR DELETE ON register_entry
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER document_revision_append_only BEFORE UPDATE OR DELETE ON document_revision
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER instrument_append_only BEFORE UPDATE OR DELETE ON instrument
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Organisations as intake announced them.
CREATE TABLE stakeholder (
    city text NOT NULL,
    stakeholder_id uuid NOT NULL,
    version integer NOT NULL,
    name text NOT NULL,
    type text NOT NULL,
    PRIMARY KEY (city, stakeholder_id)
);

-- The development signer's root, one per city, kept so that a restart does not orphan what it signed.
CREATE TABLE development_authority (
    city text PRIMARY KEY,
    certificate bytea NOT NULL,
    private_key bytea NOT NULL,
    created_at timestamptz NOT NULL
);
