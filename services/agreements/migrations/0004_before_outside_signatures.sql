-- Signatures made outside the system.

-- A document may come back inside an envelope (.p7m); where a revision was made stays known.
ALTER TABLE document_revision
    ADD COLUMN media_type text NOT NULL DEFAULT 'application/pdf'
        CHECK (media_type IN ('application/pdf', 'application/pkcs7-mime')),
    ADD COLUMN origin text NOT NULL DEFAULT 'system' CHECK (origin IN ('system', 'outside'));

-- Who is expected to sign for a party: personal data, part of the legal record, never sent anywhere.
CREATE TABLE named_signatory (
    city text NOT NULL,
    agreement_id uuid NOT NULL,
    party_id text NOT NULL,
    seat integer NOT NULL CHECK (seat >= 1),
    name text,
    tax_code text,
    organisation_code text,
    set_at timestamptz NOT NULL,
    set_by text NOT NULL,
    PRIMARY KEY (city, agreement_id, party_id, seat),
    FOREIGN KEY (city, agreement_id) REFERENCES agreement (city, agreement_id),
    CHECK (name IS NOT NULL OR tax_code IS NOT NULL OR organisation_code IS NOT NULL)
);

-- Every signed document that was handed in, with what was found. Only what was refused keeps its bytes here, for a
-- while, so that the desk can look at it; what was accepted is a revision of the document.
CREATE TABLE signature_upload (
    city text NOT NULL,
    agreement_id uuid NOT NULL,
    upload_id uuid NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    file_name text NOT NULL,
    media_type text NOT NULL,
    sha256 text NOT NULL,
    size integer NOT NULL CHECK (size >= 0),
    accepted boolean NOT NULL,
    revision integer,
    reasons jsonb NOT NULL,
    signatures jsonb NOT NULL,
    content bytea,
    keep_until date,
    PRIMARY KEY (city, agreement_id, upload_id),
    FOREIGN KEY (city, agreement_id) REFERENCES agreement (city, agreement_id),
    CHECK (accepted = (revision IS NOT NULL)),
    CHECK (accepted = (reasons = '[]'::jsonb)),
    CHECK ((content IS NULL) OR (NOT accepted AND keep_until IS NOT NULL))
);
CREATE INDEX signature_upload_to_forget ON signature_upload (keep_until) WHERE content IS NOT NULL;

-- What a revision's signatures were judged by on the day it was accepted, so that they can be judged again.
CREATE TABLE validation_material (
    city text NOT NULL,
    sha256 text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('anchor', 'crl')),
    content bytea NOT NULL,
    PRIMARY KEY (city, sha256)
);
CREATE TABLE revision_material (
    city text NOT NULL,
    agreement_id uuid NOT NULL,
    revision integer NOT NULL,
    sha256 text NOT NULL,
    PRIMARY KEY (city, agreement_id, revision, sha256),
    FOREIGN KEY (city, agreement_id, revision) REFERENCES document_revision (city, agreement_id, revision),
    FOREIGN KEY (city, sha256) REFERENCES validation_material (city, sha256)
);
CREATE TRIGGER validation_material_append_only BEFORE UPDATE OR DELETE ON validation_material
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER revision_material_append_only BEFORE UPDATE OR DELETE ON revision_material
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
